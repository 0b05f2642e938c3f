import { encode as encodeWith } from "@msgpack/msgpack";

/** What has a form in MessagePack. */
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
export function encode(object: ValueType): Uint8Array {
  refuseOthers(object);
  return encodeWith(object, { useBigInt64: true, maxDepth: 10_000 });
}

// The npm package would wrap large bigints around, and turn undefined, dates and class instances into something else.
function refuseOthers(value: unknown): void {
  if (typeof value === "bigint" && (value < -(1n << 63n) || value >= 1n << 64n)) {
    throw new Error("Cannot safely encode bigint larger than 64 bits");
  }
  if (Array.isArray(value)) return value.forEach(refuseOthers);
  if (value === null || value instanceof Uint8Array) return;
  if (typeof value === "object") {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype) return Object.values(value).forEach(refuseOthers);
  } else if (["number", "bigint", "string", "boolean"].includes(typeof value)) return;
  throw new Error("Cannot safely encode value into messagepack");
}
