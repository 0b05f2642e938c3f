/**
 * A stand-in for `@std/msgpack`, used where JSR cannot be reached; it is no part of the published package.
 *
 * Where the two differ: the texts of errors, and a map's key `__proto__`, which is here a field like any other.
 *
 * @module
 */
export { decode } from "./decode.ts";
export { encode, type ValueMap, type ValueType } from "./encode.ts";
