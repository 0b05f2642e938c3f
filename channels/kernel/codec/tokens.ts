import { ERROR, GRAPH, MAP, NAMED_ARRAY, REGEXP, RESIZABLE, SET, VIEW } from "./extension.ts";

/** Those whose bodies are values, one after another; all others are taken as one. */
const CONTAINERS: readonly number[] = [MAP, SET, ERROR, GRAPH, NAMED_ARRAY, VIEW];

const BACKSLASH = 0x5c;
const SMALL_P = 0x70;
const CAPITAL_P = 0x50;
/** How many classes of characters the regular expressions of a stranger's message may name. */
const MOST_CLASSES = 64;
/** How many resizable buffers a stranger's message may have: the mappings of memory that they take are few. */
const MOST_RESIZABLE = 64;

/**
 * Whether a run of MessagePack values has more than so many tokens: numbers, strings, the heads of arrays and maps. Nothing
 * is made of them, so that what a stranger sent can be refused before it takes many times its own memory.
 *
 * Malformed bytes have as many as can be told; the decoder finds out what is wrong with them.
 */
export function hasMoreTokens(bytes: Uint8Array, most: number): boolean {
  if (bytes.length <= most) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let tokens = 0;
  for (let at = 0; at < bytes.length; at += lengthOf(view, at)) if (++tokens > most) return true;
  return false;
}

/**
 * What a stranger's message has too much of, in words; undefined if it has not: classes of characters that its regular
 * expressions name, as `\p{L}` does, and resizable buffers. To make one takes up to milliseconds for each class, and no time
 * to speak of for anything else in it.
 */
export function excessIn(bytes: Uint8Array): string | undefined {
  if (bytes.indexOf(BACKSLASH) < 0 && bytes.indexOf(RESIZABLE) < 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [classes, resizable] = [0, 0];
  for (let at = 0; at < bytes.length;) {
    const end = at + lengthOf(view, at);
    const type = typeAt(bytes, at);
    if (type === REGEXP) classes += classesIn(bytes.subarray(at, end));
    if (classes > MOST_CLASSES) return `its regular expressions name more than ${MOST_CLASSES} classes of characters`;
    if (type === RESIZABLE && ++resizable > MOST_RESIZABLE) {
      return `a message has more than ${MOST_RESIZABLE} resizable buffers`;
    }
    at = end;
  }
  return undefined;
}

function classesIn(bytes: Uint8Array): number {
  let classes = 0;
  for (let at = bytes.indexOf(BACKSLASH); at >= 0; at = bytes.indexOf(BACKSLASH, at + 1)) {
    // A string that is not well-formed has two bytes for each character.
    const next = bytes[at + 1] || bytes[at + 2];
    if (next === SMALL_P || next === CAPITAL_P) classes++;
  }
  return classes;
}

/** The type of the extension that begins there; undefined if none does. */
function typeAt(bytes: Uint8Array, at: number): number | undefined {
  const first = bytes[at];
  // It stands behind the length, which takes no byte, or one, two or four.
  if (first >= 0xc7 && first <= 0xc9) return bytes[at + 1 + (1 << (first - 0xc7))];
  return first >= 0xd4 && first <= 0xd8 ? bytes[at + 1] : undefined;
}

/** How many bytes belong to the token that begins there; of an array, a map and their like its head alone. */
function lengthOf(view: DataView, at: number): number {
  const byte = view.getUint8(at);
  if (byte < 0xa0 || byte >= 0xe0) return 1;
  if (byte < 0xc0) return 1 + (byte & 0x1f);
  const left = view.byteLength - at;
  const uint = (bytes: number) => {
    if (left <= bytes) return left;
    return bytes === 1 ? view.getUint8(at + 1) : bytes === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  };
  const extension = (head: number, body: number) => {
    const type = left > head ? view.getInt8(at + head) : 0;
    return head + 1 + (CONTAINERS.includes(type) ? 0 : body);
  };
  switch (byte) {
    case 0xc4:
    case 0xd9:
      return 2 + uint(1);
    case 0xc5:
    case 0xda:
      return 3 + uint(2);
    case 0xc6:
    case 0xdb:
      return 5 + uint(4);
    case 0xc7:
      return extension(2, uint(1));
    case 0xc8:
      return extension(3, uint(2));
    case 0xc9:
      return extension(5, uint(4));
    case 0xca:
    case 0xce:
    case 0xd2:
    case 0xdd:
    case 0xdf:
      return 5;
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9;
    case 0xcc:
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
    case 0xdc:
    case 0xde:
      return 3;
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return extension(1, 1 << (byte - 0xd4));
    default:
      return 1;
  }
}

/** Whether a whole value holds some objects, or shows some bytes, more than once. */
export function isGraph(bytes: Uint8Array): boolean {
  return typeAt(bytes, 0) === GRAPH;
}
