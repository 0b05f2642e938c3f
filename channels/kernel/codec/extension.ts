/**
 * The extension types of the wire: what MessagePack has no format of its own for. Whatever is not listed here is plain
 * MessagePack. Integers within bodies are big-endian, as everywhere in MessagePack; elements of typed arrays are
 * little-endian. "value" stands for any one value, nested ones included.
 *
 * | type | name | body |
 * | --- | --- | --- |
 * | -1 | `TIMESTAMP` | a valid `Date`: the standard timestamp of 4, 8 or 12 bytes |
 * | 1 | `CONSTANT` | one byte: 0 undefined, 1 a hole in an array, 2 an invalid `Date` |
 * | 2 | `BIGINT` | a bigint that fits a safe number, or needs more than 64 bits: two's complement, 8 bytes or more |
 * | 3 | `TEXT` | a string that is not well-formed: its UTF-16 code units |
 * | 4 | `MAP` | a `Map`: key value, key value, … |
 * | 5 | `SET` | a `Set`: value, value, … |
 * | 6 | `REGEXP` | a `RegExp`: its source, its flags, as two string values; its `lastIndex` as a number value, if that is not 0 |
 * | 7 | `LINK` | a `URL`: its href, as a string value |
 * | 8 | `BINARY` | one byte of {@linkcode BINARY_KINDS}, then the bytes of an `ArrayBuffer`, typed array or `DataView` |
 * | 9 | `ERROR` | class (string or nil), name, message (strings), stack (string or nil), then key value, … of its hidden fields, nil, key value, … of its enumerable ones |
 * | 10 | `HANDLE` | the index of a handle beside the bytes: 1, 2 or 4 bytes |
 * | 11 | `MOVED` | the index of a transferred object beside the bytes: 1, 2 or 4 bytes |
 * | 12 | `MOVED_VIEW` | one byte of {@linkcode BINARY_KINDS}, then three integer values: the index of the transferred `ArrayBuffer`, byte offset, length in elements (nil: up to the end of a resizable one) |
 * | 13 | `GRAPH` | one value that holds some objects, or shows some bytes, more than once; only around a whole value, never within one |
 * | 14 | `REFERENCE` | within a graph, an object met before: its number in order of first appearance (handles and moved objects are not counted): 1, 2 or 4 bytes |
 * | 15 | `NAMED_ARRAY` | an array with properties that are no items: an array value, then key value, … |
 * | 16 | `RESIZABLE` | a resizable `ArrayBuffer`: its `maxByteLength` as an integer value, then its bytes |
 * | 17 | `VIEW` | a view of a buffer that is resizable or shown by others, too: one byte of {@linkcode BINARY_KINDS}, then its `ArrayBuffer` as a value, byte offset, length in elements (nil: up to the end of a resizable one) |
 * | 18 | `FROM_TEXT` | an object that its text says all of, a `URLSearchParams` or one of `Temporal`: its class, its text, as two string values |
 *
 * @module
 */

export const TIMESTAMP = -1;
export const CONSTANT = 1;
export const BIGINT = 2;
export const TEXT = 3;
export const MAP = 4;
export const SET = 5;
export const REGEXP = 6;
export const LINK = 7;
export const BINARY = 8;
export const ERROR = 9;
export const HANDLE = 10;
export const MOVED = 11;
export const MOVED_VIEW = 12;
export const GRAPH = 13;
export const REFERENCE = 14;
export const NAMED_ARRAY = 15;
export const RESIZABLE = 16;
export const VIEW = 17;
export const FROM_TEXT = 18;

/** The bodies of `CONSTANT`. */
export const UNDEFINED = 0;
export const HOLE = 1;
export const INVALID_DATE = 2;

/** What a `BINARY` or `MOVED_VIEW` is, by the number on the wire. A plain `Uint8Array` is MessagePack's own bin. */
export const BINARY_KINDS: readonly string[] = [
  "ArrayBuffer",
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
];

/** How deep containers may nest, in both directions: far from the end of any thread's stack. */
export const MAX_DEPTH = 1000;

/** The depth of a value that is part of an extension's body, and can hold no others. */
export const WITHIN_LEAF: number = MAX_DEPTH + 1;

/** How long a message may be: its lengths have 32 bits, and so has that of the frame that it is in. */
export const MAX_BYTES: number = 2 ** 31;

/** By how many bytes all resizable buffers of a value may grow: memory that a few bytes on the wire ask for. */
export const MAX_GROWTH: number = 2 ** 30;

/** How many resizable buffers a value may have: each takes two mappings of memory, of which a process has 65,530. */
export const MAX_RESIZABLE = 1024;
