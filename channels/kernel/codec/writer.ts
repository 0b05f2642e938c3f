import { CONSTANT, MAX_BYTES, TEXT } from "./extension.ts";
import { Refusal } from "./refusal.ts";

const UTF8 = new TextEncoder();
/** Above this many UTF-16 units a string is encoded apart, since reserving its worst case would waste too much. */
const IN_PLACE = 65_536;
/** Up to this many units a loop beats the encoder. */
const SHORT_TEXT = 40;

/** Short messages are written one behind the other into the same memory, since an allocation costs more than they do. */
const SLAB_BYTES = 4096;
/** A longer one gets its own, so that whoever keeps it keeps not much else. */
const SHORT_BYTES = 512;
/** What was needed for a long one is kept for the next, up to this size. */
const KEPT_BYTES = 262_144;

/**
 * Appends MessagePack to a buffer that grows as needed: tokens, whole values by `writeValue`, and at the end of a
 * frame raw payload.
 */
export class Writer {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  /** Where the message begins; what is before it was given away. */
  #start = 0;
  #offset = 0;
  /** Where short messages go, and up to where they have, while a long one is written elsewhere. */
  #slab: { readonly bytes: Uint8Array<ArrayBuffer>; readonly start: number } | undefined;
  /** Where the last long one was written. */
  #large: Uint8Array<ArrayBuffer> | undefined;

  readonly #most: number;

  /** @param most how many bytes it writes at most; what is more is refused before there is room for it */
  constructor(capacity: number = SLAB_BYTES, most: number = MAX_BYTES) {
    this.#most = most;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes were written since the last `finish`. */
  get offset(): number {
    return this.#offset - this.#start;
  }

  /** Forgets what was written from `offset` on. */
  rewind(offset: number): void {
    this.#offset = this.#start + offset;
  }

  /** Everything written, which nobody changes any more. The next message begins. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.#slab === undefined && this.offset <= SHORT_BYTES) {
      const bytes = this.#bytes.subarray(this.#start, this.#offset);
      this.#start = this.#offset;
      return bytes;
    }
    // What is large and nearly fills its memory has that for itself.
    const isOwn = this.#bytes.length > KEPT_BYTES && 8 * (this.#bytes.length - this.#offset) < this.#bytes.length;
    const bytes = isOwn
      ? this.#bytes.subarray(this.#start, this.#offset)
      : this.#bytes.slice(this.#start, this.#offset);
    this.#offset = this.#start;
    if (this.#slab !== undefined) {
      this.#large = this.#bytes.length > KEPT_BYTES ? undefined : this.#bytes;
      this.#use(this.#slab.bytes, this.#slab.start);
      this.#slab = undefined;
    }
    return bytes;
  }

  /** Everything written, and raw payload behind it. */
  finishWith(payload: Uint8Array): Uint8Array<ArrayBuffer> {
    if (payload.length <= SHORT_BYTES) {
      this.raw(payload);
      return this.finish();
    }
    const header = this.finish();
    const bytes = new Uint8Array(header.length + payload.length);
    bytes.set(header);
    bytes.set(payload, header.length);
    return bytes;
  }

  nil(): void {
    this.#byte(0xc0);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  /** Any number: a safe integer in its shortest format, everything else, -0 included, as a 64-bit float. */
  number(value: number): void {
    if ((value | 0) === value) {
      if (value >= 0 && value < 0x10000 && !Object.is(value, -0)) return this.#small(value);
    }
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) return this.#integer(value);
    this.#reserve(9);
    this.#bytes[this.#offset] = 0xcb;
    this.#view.setFloat64(this.#offset + 1, value);
    this.#offset += 9;
  }

  /** A bigint of at most 64 bits, as MessagePack's own uint64 or int64. */
  integer64(value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#offset] = value < 0n ? 0xd3 : 0xcf;
    this.#view.setBigUint64(this.#offset + 1, BigInt.asUintN(64, value));
    this.#offset += 9;
  }

  string(text: string): void {
    if (text.length <= SHORT_TEXT && this.#shortAscii(text)) return;
    if (!text.isWellFormed()) return this.#codeUnits(text);
    if (text.length > IN_PLACE) {
      this.#reserve(text.length);
      const bytes = UTF8.encode(text);
      this.#stringHeader(bytes.length);
      return this.raw(bytes);
    }
    this.#reserve(5 + 3 * text.length);
    // The header's size depends on the byte length, which is not known yet: assume ASCII, and move the text if not so.
    const start = this.#offset;
    const assumed = start + stringHeaderSize(text.length);
    const { written } = UTF8.encodeInto(text, this.#bytes.subarray(assumed));
    const actual = start + stringHeaderSize(written);
    if (actual !== assumed) this.#bytes.copyWithin(actual, assumed, assumed + written);
    this.#stringHeader(written);
    this.#offset += written;
  }

  arrayHeader(count: number): void {
    if (count < 16) this.#byte(0x90 | count);
    else this.#sized(0xdc, 0xdd, count);
  }

  mapHeader(count: number): void {
    if (count < 16) this.#byte(0x80 | count);
    else this.#sized(0xde, 0xdf, count);
  }

  /** Starts a map, the number of whose keys is known only when they were written. */
  openMap(): number {
    this.#byte(0x80);
    return this.offset;
  }

  /** Ends the map that `openMap` started by returning `mark`. */
  closeMap(mark: number, count: number): void {
    const at = this.#start + mark;
    if (count < 16) {
      this.#bytes[at - 1] = 0x80 | count;
      return;
    }
    const end = this.offset;
    const length = count < 0x10000 ? 2 : 4;
    this.#reserve(length);
    this.#bytes.copyWithin(this.#start + mark + length, this.#start + mark, this.#start + end);
    this.rewind(mark - 1);
    this.mapHeader(count);
    this.rewind(end + length);
  }

  /** MessagePack's bin. */
  binary(bytes: Uint8Array): void {
    const length = bytes.length;
    this.#reserve(5 + length);
    if (length < 0x100) this.#byteAndUint8(0xc4, length);
    else this.#sized(0xc5, 0xc6, length);
    this.raw(bytes);
  }

  /** An extension whose body, of `length` bytes, follows. */
  extensionHeader(type: number, length: number): void {
    this.#reserve(6 + length);
    if (length === 1 || length === 2 || length === 4 || length === 8 || length === 16) {
      this.#byte(0xd4 + Math.log2(length));
    } else if (length < 0x100) this.#byteAndUint8(0xc7, length);
    else this.#sized(0xc8, 0xc9, length);
    this.#byte(type & 0xff);
  }

  /** Starts an extension whose length is known only when its body was written. */
  openExtension(type: number): number {
    this.#reserve(6);
    this.#bytes[this.#offset] = 0xc9;
    this.#bytes[this.#offset + 5] = type & 0xff;
    this.#offset += 6;
    return this.offset;
  }

  /** Ends the extension that `openExtension` started by returning `mark`. */
  closeExtension(mark: number): void {
    this.#view.setUint32(this.#start + mark - 5, this.offset - mark);
  }

  /** The same for an extension whose body begins with what was written from `offset` on. */
  wrapInExtension(offset: number, type: number): number {
    this.#reserve(6);
    const at = this.#start + offset;
    this.#bytes.copyWithin(at + 6, at, this.#offset);
    this.#bytes[at] = 0xc9;
    this.#bytes[at + 5] = type & 0xff;
    this.#offset += 6;
    return offset + 6;
  }

  /** An extension that is one byte. */
  constant(which: number): void {
    this.extensionHeader(CONSTANT, 1);
    this.#byte(which);
  }

  /** An extension that is an index. */
  index(type: number, index: number): void {
    const length = index < 0x100 ? 1 : index < 0x10000 ? 2 : 4;
    this.extensionHeader(type, length);
    this.uint(index, length);
  }

  /** The lowest `length` (1, 2 or 4) bytes of an integer, without a format byte. */
  uint(value: number, length: number): void {
    this.#reserve(length);
    if (length === 4) this.#view.setUint32(this.#offset, value);
    else if (length === 2) this.#view.setUint16(this.#offset, value);
    else this.#bytes[this.#offset] = value;
    this.#offset += length;
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#offset);
    this.#offset += bytes.length;
  }

  /** A whole number of at most 16 bits. */
  #small(value: number): void {
    this.#reserve(3);
    const bytes = this.#bytes;
    if (value < 0x80) bytes[this.#offset++] = value;
    else if (value < 0x100) {
      bytes[this.#offset] = 0xcc;
      bytes[this.#offset + 1] = value;
      this.#offset += 2;
    } else {
      bytes[this.#offset] = 0xcd;
      bytes[this.#offset + 1] = value >> 8;
      bytes[this.#offset + 2] = value;
      this.#offset += 3;
    }
  }

  #integer(value: number): void {
    if (value >= 0) {
      if (value < 0x100000000) this.#sized(0xcd, 0xce, value);
      else this.integer64(BigInt(value));
    } else if (value >= -0x20) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#byteAndUint8(0xd0, value & 0xff);
    else if (value >= -0x8000) {
      this.#byte(0xd1);
      this.uint(value, 2);
    } else if (value >= -0x80000000) {
      this.#byte(0xd2);
      this.uint(value, 4);
    } else this.integer64(BigInt(value));
  }

  /** Writes a short string if it is all ASCII. */
  #shortAscii(text: string): boolean {
    const length = text.length;
    this.#reserve(2 + length);
    const bytes = this.#bytes;
    const start = this.#offset + stringHeaderSize(length);
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[start + i] = unit;
    }
    this.#stringHeader(length);
    this.#offset = start + length;
    return true;
  }

  #codeUnits(text: string): void {
    this.extensionHeader(TEXT, 2 * text.length);
    this.#reserve(2 * text.length);
    for (let i = 0; i < text.length; i++) this.#view.setUint16(this.#offset + 2 * i, text.charCodeAt(i));
    this.#offset += 2 * text.length;
  }

  #stringHeader(length: number): void {
    if (length < 32) this.#byte(0xa0 | length);
    else if (length < 0x100) this.#byteAndUint8(0xd9, length);
    else this.#sized(0xda, 0xdb, length);
  }

  /** A format byte and a size of 16 bits or, under the other format byte, of 32. */
  #sized(format16: number, format32: number, size: number): void {
    if (size < 0x10000) {
      this.#byte(format16);
      this.uint(size, 2);
    } else {
      this.#byte(format32);
      this.uint(size, 4);
    }
  }

  #byteAndUint8(format: number, value: number): void {
    this.#reserve(2);
    this.#bytes[this.#offset] = format;
    this.#bytes[this.#offset + 1] = value;
    this.#offset += 2;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#offset++] = value;
  }

  #reserve(length: number): void {
    if (this.#offset + length > this.#bytes.length) this.#grow(this.#offset + length);
  }

  #grow(needed: number): void {
    const written = this.#bytes.subarray(this.#start, this.#offset);
    const size = needed - this.#start;
    if (size > this.#most) {
      throw tooLarge(`with it the message has ${size} bytes, and no more than ${this.#most} travel`);
    }
    if (size <= SLAB_BYTES && this.#slab === undefined) this.#use(new Uint8Array(SLAB_BYTES), 0);
    else {
      this.#slab ??= { bytes: this.#bytes, start: this.#start };
      const large = this.#large !== undefined && this.#large.length >= size ? this.#large : allocate(
        Math.min(Math.max(2 * this.#bytes.length, size + Math.floor(size / 16)), Math.max(this.#most, size)),
      );
      this.#large = undefined;
      this.#use(large, 0);
    }
    this.#bytes.set(written);
    this.#offset = written.length;
  }

  #use(bytes: Uint8Array<ArrayBuffer>, start: number): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#start = this.#offset = start;
  }
}

function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch {
    throw tooLarge(`with it the message takes ${size} bytes, for which there is no memory`);
  }
}

function tooLarge(problem: string): Refusal {
  return new Refusal("large value", problem);
}

function stringHeaderSize(length: number): number {
  return length < 32 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
}
