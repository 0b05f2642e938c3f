/** The values that have a form in MessagePack. */
export type ValueType =
  | number
  | bigint
  | string
  | boolean
  | null
  | Uint8Array
  | readonly ValueType[]
  | ValueMap;

/** A map of such values. */
export interface ValueMap {
  /** A value by its key. */
  [index: string | number]: ValueType;
}

/** The bytes of the value; a bigint is always 64 bits wide, a number beyond 32 bits a float. */
export function encode(object: ValueType): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  write(bytes, object);
  return Uint8Array.from(bytes);
}

function write(bytes: number[], value: unknown): void {
  if (value === null) bytes.push(0xc0);
  else if (typeof value === "boolean") bytes.push(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") writeNumber(bytes, value);
  else if (typeof value === "bigint") writeBigInt(bytes, value);
  else if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    writeLength(bytes, text.length, [0xa0, 32], [0xd9, 0xda, 0xdb]);
    append(bytes, text);
  } else if (value instanceof Uint8Array) {
    writeLength(bytes, value.length, [0, 0], [0xc4, 0xc5, 0xc6]);
    append(bytes, value);
  } else if (Array.isArray(value)) {
    writeLength(bytes, value.length, [0x90, 16], [undefined, 0xdc, 0xdd]);
    for (const item of value) write(bytes, item);
  } else if (isPlain(value)) {
    const entries = Object.entries(value);
    writeLength(bytes, entries.length, [0x80, 16], [undefined, 0xde, 0xdf]);
    for (const entry of entries) entry.forEach((part) => write(bytes, part));
  } else throw new Error("Cannot safely encode value into messagepack");
}

function writeNumber(bytes: number[], n: number): void {
  if (!Number.isInteger(n) || n < -(2 ** 31) || n >= 2 ** 32) append(bytes, [0xcb, ...bigEndian(8, "setFloat64", n)]);
  else if (n >= -32 && n < 128) bytes.push(n & 0xff);
  else if (n >= 0) writeLength(bytes, n, [0, 0], [0xcc, 0xcd, 0xce]);
  else if (n >= -128) bytes.push(0xd0, n & 0xff);
  else if (n >= -32_768) bytes.push(0xd1, ...bigEndian(2, "setInt16", n));
  else bytes.push(0xd2, ...bigEndian(4, "setInt32", n));
}

function writeBigInt(bytes: number[], n: bigint): void {
  if (n < -(1n << 63n) || n >= 1n << 64n) throw new Error("Cannot safely encode bigint larger than 64 bits");
  bytes.push(n < 0 ? 0xd3 : 0xcf, ...bigEndian(8, "setBigUint64", BigInt.asUintN(64, n)));
}

/** In the byte of `short` where it is below `most`, or in 1, 2 or 4 bytes behind one that says so. */
function writeLength(
  bytes: number[],
  length: number,
  [short, most]: readonly [number, number],
  [one, two, four]: readonly [number | undefined, number, number],
): void {
  if (length < most) bytes.push(short | length);
  else if (one !== undefined && length < 2 ** 8) bytes.push(one, length);
  else if (length < 2 ** 16) bytes.push(two, ...bigEndian(2, "setUint16", length));
  else bytes.push(four, ...bigEndian(4, "setUint32", length));
}

type Setter = "setInt16" | "setUint16" | "setInt32" | "setUint32" | "setFloat64" | "setBigUint64";

function bigEndian<S extends Setter>(size: number, set: S, n: Parameters<DataView[S]>[1]): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  view[set](0, n as never);
  return new Uint8Array(view.buffer);
}

/** One by one: so many cannot be arguments of one `push`. */
function append(bytes: number[], more: Iterable<number>): void {
  for (const byte of more) bytes.push(byte);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
