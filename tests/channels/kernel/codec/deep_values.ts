import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../../../channels/kernel/codec/encode.ts";

/** One container of each kind around a value. */
export const WRAPPERS: Readonly<Record<string, (inner: unknown) => object>> = {
  array: (inner) => [inner],
  "array's property": (inner) => Object.assign([1], { inner }),
  object: (inner) => ({ first: 1, inner }),
  "Map value": (inner) => new Map([[1, inner]]),
  "Map key": (inner) => new Map([[inner, 1]]),
  Set: (inner) => new Set([inner]),
  "error's cause": (inner) => new Error("e", { cause: inner }),
  "error's field": (inner) => Object.assign(new RangeError("e"), { inner }),
};

/** A value within `depth` containers. */
export function nest(wrap: (inner: unknown) => object, depth: number): unknown {
  let value: unknown = "bottom";
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
}

/** Sends values of every kind nested as deep as allowed; throws if that is too much for this thread's stack. */
export function travelDeep(): void {
  Error.stackTraceLimit = 0;
  for (const wrap of Object.values(WRAPPERS)) {
    const value = nest(wrap, 1000);
    decode(encode(value, "value"));
    decode(encodeThrown(value));
  }
  const shared = nest(WRAPPERS.array, 999);
  decode(encode([shared, shared], "value"));
}

if (import.meta.main) {
  travelDeep();
  console.log("arrived");
}
