/**
 * Deep equality as `@std/assert` has it: `0` equals `-0`, `NaN` equals `NaN`, a key that is `undefined` is not a
 * missing key, an object without a prototype equals a plain one, sets and maps have no order.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

type Seen = Map<object, Set<object>>;

function compare(a: unknown, b: unknown, seen: Seen): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (classOf(a) !== classOf(b)) return false;

  // A pair already under comparison further up is taken as equal: only a difference elsewhere can decide.
  const partners = seen.get(a) ?? new Set();
  if (partners.has(b)) return true;
  seen.set(a, partners.add(b));

  if (a instanceof WeakMap || a instanceof WeakSet || a instanceof Promise) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof WeakRef) return compare(a.deref(), (b as WeakRef<object>).deref(), seen);
  if (a instanceof Number || a instanceof String || a instanceof Boolean) {
    return Object.is(a.valueOf(), (b as typeof a).valueOf());
  }
  if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
    return sameBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  }
  if (a instanceof DataView) return sameBytes(bytesOf(a), bytesOf(b as DataView));
  if (a instanceof Set) return sameEntries(pairs(a), pairs(b as Set<unknown>), seen);
  if (a instanceof Map) return sameEntries([...a], [...b as Map<unknown, unknown>], seen);
  if (a instanceof Error) {
    const other = b as Error;
    if (a.name !== other.name || a.message !== other.message || !compare(a.cause, other.cause, seen)) return false;
  }
  return sameFields(a as Fields, b as Fields, seen);
}

type Fields = Record<PropertyKey, unknown>;

function classOf(value: object): unknown {
  return value.constructor ?? Object;
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function pairs(set: Set<unknown>): [unknown, unknown][] {
  return [...set].map((value) => [value, undefined]);
}

function sameEntries(a: [unknown, unknown][], b: [unknown, unknown][], seen: Seen): boolean {
  if (a.length !== b.length) return false;
  const rest = [...b];
  return a.every(([key, value]) => {
    const at = rest.findIndex(([k, v]) => compare(key, k, seen) && compare(value, v, seen));
    if (at !== -1) rest.splice(at, 1);
    return at !== -1;
  });
}

function sameFields(a: Fields, b: Fields, seen: Seen): boolean {
  if (Array.isArray(a) && a.length !== (b as unknown as unknown[]).length) return false;
  const keys = fields(a);
  return keys.length === fields(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && compare(a[key], b[key], seen));
}

function fields(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}
