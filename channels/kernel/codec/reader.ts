import { ProtocolError } from "../../errors.ts";
import { KeyCache } from "./key_cache.ts";

// Fatal, or malformed text would arrive as U+FFFD; a byte order mark is a character like any other.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Up to this many bytes building a string here beats calling the decoder. */
const SHORT = 32;
const keys = new KeyCache();

/** @throws {ProtocolError} Always: `problem` completes the sentence. */
export function malformed(problem: string, cause?: unknown): never {
  throw new ProtocolError(`Cannot decode a message: ${problem}`, cause === undefined ? undefined : { cause });
}

/**
 * Takes MessagePack off bytes: tokens, whole values by `readValue`, and at the end of a frame the rest as payload. No
 * method reads past the end, and none allocates more than a small multiple of the bytes that are there.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #view: DataView | undefined;
  #offset: number;
  #end: number;

  constructor(bytes: Uint8Array, offset: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#end = end;
  }

  /** Where the next token begins. */
  get offset(): number {
    return this.#offset;
  }

  /** How many bytes are left, in the extension that is being read or in all. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  /** What follows, as a view of the same memory. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#offset, this.#end);
  }

  /** Confines reading to the next `length` bytes. Returns what `leave` needs to undo it. */
  enter(length: number): number {
    this.need(length);
    const outer = this.#end;
    this.#end = this.#offset + length;
    return outer;
  }

  /** Ends what `enter` began; all of its bytes must have been read. */
  leave(outer: number): void {
    if (this.#offset !== this.#end) malformed(`${this.remaining} bytes are left at the end of an extension`);
    this.#end = outer;
  }

  /** What `read` gives, which must lie within the next `most` bytes. */
  within<T>(most: number, read: (reader: Reader) => T): T {
    const outer = this.#end;
    this.#end = Math.min(outer, this.#offset + most);
    try {
      return read(this);
    } finally {
      this.#end = outer;
    }
  }

  /** @throws {ProtocolError} If fewer than `length` bytes are left. */
  need(length: number): void {
    if (length > this.#end - this.#offset) {
      malformed(`it ends within a value: ${length} bytes expected, ${this.remaining} left`);
    }
  }

  byte(): number {
    if (this.#offset >= this.#end) malformed("it ends within a value");
    return this.#bytes[this.#offset++];
  }

  /** The byte that is `ahead` of the next, or -1 past the end. */
  peek(ahead: number = 0): number {
    const at = this.#offset + ahead;
    return at < this.#end ? this.#bytes[at] : -1;
  }

  skip(length: number): void {
    this.need(length);
    this.#offset += length;
  }

  /** An unsigned integer of 1, 2 or 4 bytes. */
  uint(length: number): number {
    this.need(length);
    const bytes = this.#bytes;
    const at = this.#offset;
    this.#offset += length;
    if (length === 1) return bytes[at];
    if (length === 2) return bytes[at] << 8 | bytes[at + 1];
    return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
  }

  /** A 64-bit integer: a number when that is safe, else a bigint. */
  integer64(signed: boolean): number | bigint {
    this.need(8);
    const value = signed ? this.#data().getBigInt64(this.#offset) : this.#data().getBigUint64(this.#offset);
    this.#offset += 8;
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  float(length: 4 | 8): number {
    this.need(length);
    const at = this.#offset;
    this.#offset += length;
    return length === 4 ? this.#data().getFloat32(at) : this.#data().getFloat64(at);
  }

  /** UTF-8 of `length` bytes. */
  text(length: number): string {
    this.need(length);
    const start = this.#offset;
    this.#offset += length;
    return length <= SHORT ? shortText(this.#bytes, start, this.#offset) : longText(this.#bytes, start, this.#offset);
  }

  /** The key of up to 31 bytes that is next; undefined if something else is. */
  shortKey(): string | undefined {
    const byte = this.peek();
    if ((byte & 0xe0) !== 0xa0) return undefined;
    this.#offset++;
    return this.key(byte & 0x1f);
  }

  /** As `text`, for strings that are likely to come again. */
  key(length: number): string {
    this.need(length);
    const start = this.#offset;
    const known = keys.find(this.#bytes, start, length);
    if (known === undefined) {
      const key = this.text(length);
      keys.add(this.#bytes, start, length, key);
      return key;
    }
    this.#offset += length;
    return known;
  }

  /** What is left, as UTF-16 code units. */
  codeUnits(): string {
    if (this.remaining % 2 !== 0) malformed("a string ends within a code unit");
    let text = "";
    while (this.remaining > 0) {
      const units: number[] = [];
      while (this.remaining > 0 && units.length < 4096) units.push(this.uint(2));
      text += String.fromCharCode(...units);
    }
    return text;
  }

  /** A private copy of `length` bytes, whatever class of view is being read. */
  copy(length: number): Uint8Array<ArrayBuffer> {
    this.need(length);
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(this.#offset, this.#offset + length));
    this.#offset += length;
    return copy;
  }

  #data(): DataView {
    return this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
  }
}

/** UTF-8 of `length` bytes that are there, which is likely to come again. */
export function keyAt(bytes: Uint8Array, start: number, length: number): string {
  const known = keys.find(bytes, start, length);
  if (known !== undefined) return known;
  const key = shortText(bytes, start, start + length);
  keys.add(bytes, start, length, key);
  return key;
}

/** UTF-8 of a few bytes. */
export function shortText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2], d = bytes[at + 3];
    const e = bytes[at + 4], f = bytes[at + 5], g = bytes[at + 6], h = bytes[at + 7];
    if ((a | b | c | d | e | f | g | h) > 0x7f) return longText(bytes, start, end);
    text += String.fromCharCode(a, b, c, d, e, f, g, h);
  }
  if (at + 4 <= end) {
    const a = bytes[at], b = bytes[at + 1], c = bytes[at + 2], d = bytes[at + 3];
    if ((a | b | c | d) > 0x7f) return longText(bytes, start, end);
    text += String.fromCharCode(a, b, c, d);
    at += 4;
  }
  if (at + 2 <= end) {
    const a = bytes[at], b = bytes[at + 1];
    if ((a | b) > 0x7f) return longText(bytes, start, end);
    text += String.fromCharCode(a, b);
    at += 2;
  }
  if (at === end) return text;
  const a = bytes[at];
  return a > 0x7f ? longText(bytes, start, end) : text + String.fromCharCode(a);
}

function longText(bytes: Uint8Array, start: number, end: number): string {
  try {
    return UTF8.decode(bytes.subarray(start, end));
  } catch (error) {
    return malformed("a string is not UTF-8, or too long", error);
  }
}
