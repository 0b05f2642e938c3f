import { AssertionError } from "@std/assert";

/**
 * Fails unless both are the same in every respect in which values travel: -0 is not 0, a hole is not undefined, a view
 * has its class, keys have their order, and what is one object on one side is one on the other.
 */
export function assertSame(actual: unknown, expected: unknown): void {
  const where = difference(actual, expected);
  if (where !== undefined) throw new AssertionError(where);
}

/** Where two values are not the same, and what they are; undefined if they are the same. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  const path = compare(actual, expected, "value", new Map());
  return path && `${path}: ${Deno.inspect(actual)} is not ${Deno.inspect(expected)}`;
}

function compare(a: unknown, b: unknown, path: string, partners: Map<object, object>): string | undefined {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
    return Object.is(a, b) ? undefined : path;
  }
  if (partners.has(a) || partners.has(b)) return partners.get(a) === b ? undefined : `${path} (identity)`;
  partners.set(a, b).set(b, a);
  if (Object.getPrototypeOf(a) !== (Object.getPrototypeOf(b) ?? Object.prototype)) return `${path} (class)`;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime()) ? undefined : path;
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b) ? undefined : path;
  if (a instanceof Map) return compare([...a], [...b as Map<unknown, unknown>], `${path} (entries)`, partners);
  if (a instanceof Set) return compare([...a], [...b as Set<unknown>], `${path} (values)`, partners);
  if (a instanceof ArrayBuffer || ArrayBuffer.isView(a)) {
    return compare(bytesOf(a), bytesOf(b as ArrayBuffer), `${path} (bytes)`, partners);
  }
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path}.length`;
  if (a instanceof Error) {
    const inner = compare(partsOf(a), partsOf(b as Error), path, partners);
    if (inner !== undefined) return inner;
  }
  const keys = Object.keys(a);
  if (keys.join() !== Object.keys(b).join()) return `${path} (keys)`;
  for (const key of keys) {
    const inner = compare(Reflect.get(a, key), Reflect.get(b, key), `${path}.${key}`, partners);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function partsOf(error: Error): unknown[] {
  return [error.name, error.message, error.cause, (error as { errors?: unknown }).errors];
}

function bytesOf(binary: ArrayBuffer | ArrayBufferView): number[] {
  return binary instanceof ArrayBuffer
    ? [...new Uint8Array(binary)]
    : [...new Uint8Array(binary.buffer, binary.byteOffset, binary.byteLength)];
}
