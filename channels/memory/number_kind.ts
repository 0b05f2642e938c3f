import type { Shape } from "../kernel/shape.ts";
import { brief } from "../kernel/show.ts";

/** The kinds of number that shared values and arrays hold. */
export type NumberKind =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "float32"
  | "float64"
  | "bigint64"
  | "biguint64";

/** What a number of this kind is to TypeScript. */
export type Numeric<K> = K extends "bigint64" | "biguint64" ? bigint : number;

/** The typed array of a kind, over shared memory. */
export type NumberView<K> = K extends "int8" ? Int8Array<SharedArrayBuffer>
  : K extends "uint8" ? Uint8Array<SharedArrayBuffer>
  : K extends "int16" ? Int16Array<SharedArrayBuffer>
  : K extends "uint16" ? Uint16Array<SharedArrayBuffer>
  : K extends "int32" ? Int32Array<SharedArrayBuffer>
  : K extends "uint32" ? Uint32Array<SharedArrayBuffer>
  : K extends "float32" ? Float32Array<SharedArrayBuffer>
  : K extends "float64" ? Float64Array<SharedArrayBuffer>
  : K extends "bigint64" ? BigInt64Array<SharedArrayBuffer>
  : K extends "biguint64" ? BigUint64Array<SharedArrayBuffer>
  : never;

/** A number of any kind. */
export type AnyNumber = number | bigint;

type IntegerView =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface KindInfo {
  readonly View: new (
    memory: SharedArrayBuffer,
    byteOffset?: number,
    length?: number,
  ) => IntegerView | Float32Array | Float64Array;
  /** For kinds that processors cannot change atomically: the view whose elements are the same bits. */
  readonly Bits?: new (memory: SharedArrayBuffer, byteOffset?: number, length?: number) => Int32Array | BigInt64Array;
  readonly bytes: number;
  readonly range?: readonly [AnyNumber, AnyNumber];
}

/** Each kind: how it lies in memory, and what it can hold. */
export const KINDS: Readonly<Record<NumberKind, KindInfo>> = {
  int8: { View: Int8Array, bytes: 1, range: [-0x80, 0x7f] },
  uint8: { View: Uint8Array, bytes: 1, range: [0, 0xff] },
  int16: { View: Int16Array, bytes: 2, range: [-0x8000, 0x7fff] },
  uint16: { View: Uint16Array, bytes: 2, range: [0, 0xffff] },
  int32: { View: Int32Array, bytes: 4, range: [-0x8000_0000, 0x7fff_ffff] },
  uint32: { View: Uint32Array, bytes: 4, range: [0, 0xffff_ffff] },
  float32: { View: Float32Array, Bits: Int32Array, bytes: 4 },
  float64: { View: Float64Array, Bits: BigInt64Array, bytes: 8 },
  bigint64: { View: BigInt64Array, bytes: 8, range: [-(2n ** 63n), 2n ** 63n - 1n] },
  biguint64: { View: BigUint64Array, bytes: 8, range: [0n, 2n ** 64n - 1n] },
};

/** Whether there is such a kind. */
export const isKind: Shape<NumberKind> = (value): value is NumberKind =>
  typeof value === "string" && Object.hasOwn(KINDS, value);

/** @throws {TypeError} If there is no such kind. */
export function checkKind(action: string, kind: unknown): NumberKind {
  if (isKind(kind)) return kind;
  throw new TypeError(
    `Cannot ${action}: the kind must be one of ${Object.keys(KINDS).join(", ")}, not ${brief(kind)}`,
  );
}

/**
 * The number as the kind holds it.
 *
 * @throws {TypeError} If the value is not of the kind's type.
 * @throws {RangeError} If the kind cannot hold it exactly; only floats are rounded.
 */
export function checkNumber(action: string, kind: NumberKind, value: unknown): AnyNumber {
  const { range } = KINDS[kind];
  if (!isOfKind(kind, value)) {
    const wanted = isBig(kind) ? "bigint" : "number";
    throw new TypeError(`Cannot ${action}: ${kind} holds a ${wanted}, not ${describe(value)}`);
  }
  const number = value as AnyNumber;
  if (range === undefined) return kind === "float32" ? Math.fround(number as number) : number;
  if (!isBig(kind) && !Number.isInteger(number)) {
    throw new RangeError(`Cannot ${action}: ${kind} holds whole numbers, not ${number}`);
  }
  if (number < range[0] || number > range[1]) {
    throw new RangeError(`Cannot ${action}: ${brief(number)} is outside ${kind}, ${range[0]} to ${range[1]}`);
  }
  // Only floats know a zero below zero.
  return number === 0 ? 0 : number;
}

function describe(value: unknown): string {
  return typeof value === "number" || typeof value === "bigint" ? `the ${typeof value} ${value}` : brief(value);
}

/** Whether a kind holds bigints. */
export function isBig(kind: NumberKind): boolean {
  return kind === "bigint64" || kind === "biguint64";
}

/** Whether a value is of the type that a kind holds. */
export function isOfKind(kind: NumberKind, value: unknown): boolean {
  return isBig(kind) ? typeof value === "bigint" : typeof value === "number";
}
