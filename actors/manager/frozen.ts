/**
 * What one reads of shared state: a frozen copy, whose change would reach nobody. Dates and bytes are private copies, and
 * what has methods is a handle, since functions do not travel.
 */
export type DeepReadonly<T> = unknown extends T ? T
  : T extends
    | string
    | number
    | bigint
    | boolean
    | null
    | undefined
    | Date
    | RegExp
    | URL
    | Error
    | ArrayBufferLike
    | ArrayBufferView ? T
  : T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>>
  : T extends ReadonlySet<infer V> ? ReadonlySet<DeepReadonly<V>>
  : T extends readonly unknown[] ? { readonly [I in keyof T]: DeepReadonly<T[I]> }
  : true extends { [K in keyof T]: T[K] extends (...args: never) => unknown ? true : never }[keyof T] ? T
  : { readonly [K in keyof T]: DeepReadonly<T[K]> };

/** Freezes a value that has just arrived, all the way down, and gives it back. */
export function frozen(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null || Array.isArray(value)) {
    // First, since the value may lie within itself.
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  } else if (prototype === Map.prototype) {
    refuseChanges(value, ["set", "delete", "clear"]);
    for (const [key, part] of value as Map<unknown, unknown>) frozen(key), frozen(part);
  } else if (prototype === Set.prototype) {
    refuseChanges(value, ["add", "delete", "clear"]);
    for (const part of value as Set<unknown>) frozen(part);
  }
  return value;
}

/** What makes a Map or Set change lies in its internals, which freezing does not reach. */
function refuseChanges(collection: object, methods: readonly string[]): void {
  for (const method of methods) Object.defineProperty(collection, method, { value: refuse });
  Object.freeze(collection);
}

function refuse(): never {
  throw new TypeError("Cannot change a value that was read from shared state: it is a copy; use update() or set()");
}
