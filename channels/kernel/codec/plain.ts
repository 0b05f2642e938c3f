import { shortText } from "./reader.ts";

/*
 * Numbers, constants and strings of a few ASCII characters, and short lists of those, read and written in place, without
 * an encoder, a decoder, or a view: most messages are nothing else.
 */

/** Says that bytes are to be read by the decoder. */
export const OTHER: unique symbol = Symbol("other");

const LONGEST_TEXT = 31;
const LONGEST_LIST = 15;
const float = new DataView(new ArrayBuffer(8));

/** How many bytes a value takes at most; -1 if it is not plain. Of a string it is not known before it is written. */
export function plainSize(value: unknown): number {
  switch (typeof value) {
    case "number":
      return 9;
    case "string":
      return value.length > LONGEST_TEXT ? -1 : 1 + value.length;
    case "boolean":
      return 1;
    default:
      return value === null ? 1 : -1;
  }
}

/** The same for the items of a list, of which nothing else travels. */
export function plainListSize(list: readonly unknown[]): number {
  if (list.length > LONGEST_LIST) return -1;
  let size = 1;
  for (let i = 0; i < list.length; i++) {
    const more = plainSize(list[i]);
    if (more < 0) return -1;
    size += more;
  }
  return size;
}

/** Writes a list for whose `plainListSize` there is room. Returns where it ends; -1 if it is not plain after all. */
export function writePlainList(bytes: Uint8Array, start: number, list: readonly unknown[]): number {
  let at = start;
  bytes[at++] = 0x90 | list.length;
  for (let i = 0; i < list.length && at >= 0; i++) at = writePlain(bytes, at, list[i]);
  return at;
}

/** The same for a value. */
export function writePlain(bytes: Uint8Array, at: number, value: unknown): number {
  if (typeof value === "number") return writeNumber(bytes, at, value);
  if (typeof value === "string") return writeText(bytes, at, value);
  bytes[at] = value === null ? 0xc0 : value === true ? 0xc3 : 0xc2;
  return at + 1;
}

function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) !== value || Object.is(value, -0)) return writeFloat(bytes, at, value);
  if (value >= 0) {
    if (value < 0x80) {
      bytes[at] = value;
      return at + 1;
    }
    if (value < 0x100) {
      bytes[at] = 0xcc;
      bytes[at + 1] = value;
      return at + 2;
    }
    if (value < 0x10000) {
      bytes[at] = 0xcd;
      bytes[at + 1] = value >> 8;
      bytes[at + 2] = value;
      return at + 3;
    }
    bytes[at] = 0xce;
  } else if (value >= -0x20) {
    bytes[at] = value;
    return at + 1;
  } else bytes[at] = 0xd2;
  return write32(bytes, at + 1, value);
}

function writeFloat(bytes: Uint8Array, at: number, value: number): number {
  float.setFloat64(0, value);
  bytes[at] = 0xcb;
  write32(bytes, at + 1, float.getInt32(0));
  return write32(bytes, at + 5, float.getInt32(4));
}

/** Writes an integer of 32 bits. Returns where it ends. */
export function write32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** Writes a short string. Returns where it ends; -1 if not all of it is ASCII. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text;
  bytes[at++] = 0xa0 | length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return -1;
    bytes[at++] = unit;
  }
  return at;
}

/** Where the next value begins. */
let at = 0;

/** Reads a plain value, or a short list of those, that takes all bytes from `start` to `end`. `OTHER` if it is none. */
export function readPlain(bytes: Uint8Array, start: number, end: number): unknown {
  if (start === end) return OTHER;
  at = start;
  const first = bytes[start];
  if ((first & 0xf0) !== 0x90) {
    const value = primitive(bytes, end);
    return at === end ? value : OTHER;
  }
  at++;
  const count = first & 0x0f;
  const list: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const item = primitive(bytes, end);
    if (item === OTHER) return OTHER;
    list.push(item);
  }
  return at === end ? list : OTHER;
}

function primitive(bytes: Uint8Array, end: number): unknown {
  const start = at;
  if (start >= end) return OTHER;
  const format = bytes[start];
  if (format < 0x80 || format >= 0xe0) {
    at = start + 1;
    return format < 0x80 ? format : format - 0x100;
  }
  const length = sizeOf(format);
  at = start + 1 + length;
  if (at > end) return OTHER;
  switch (format) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcc:
      return bytes[start + 1];
    case 0xcd:
      return bytes[start + 1] << 8 | bytes[start + 2];
    case 0xce:
      return read32(bytes, start + 1);
    case 0xd0:
      return bytes[start + 1] << 24 >> 24;
    case 0xd1:
      return (bytes[start + 1] << 24 | bytes[start + 2] << 16) >> 16;
    case 0xd2:
      return read32(bytes, start + 1) | 0;
    case 0xcb:
      float.setUint32(0, read32(bytes, start + 1));
      float.setUint32(4, read32(bytes, start + 5));
      return float.getFloat64(0);
    default:
      return (format & 0xe0) === 0xa0 && isAscii(bytes, start + 1, at) ? shortText(bytes, start + 1, at) : OTHER;
  }
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] > 0x7f) return false;
  return true;
}

/** How many bytes follow a format byte. */
function sizeOf(format: number): number {
  if ((format & 0xe0) === 0xa0) return format & 0x1f;
  switch (format) {
    case 0xcc:
    case 0xd0:
      return 1;
    case 0xcd:
    case 0xd1:
      return 2;
    case 0xce:
    case 0xd2:
      return 4;
    case 0xcb:
      return 8;
    default:
      return 0;
  }
}

/** An unsigned integer of 32 bits. */
export function read32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}
