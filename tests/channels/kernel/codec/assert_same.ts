import { AssertionError } from "@std/assert";

/**
 * Fails unless both are the same in every respect in which values travel: -0 is not 0, a hole is not undefined, a view
 * has its class, keys have their order, what is one object on one side is one on the other, and so is what is the same
 * memory.
 */
export function assertSame(actual: unknown, expected: unknown): void {
  const where = difference(actual, expected);
  if (where !== undefined) throw new AssertionError(where);
}

/** Where two values are not the same, and what they are; undefined if they are the same. */
export function difference(actual: unknown, expected: unknown): string | undefined {
  const comparison = new Comparison();
  const path = comparison.compare(actual, expected, "value") ?? comparison.compareMemory();
  return path && `${path}: ${Deno.inspect(actual)} is not ${Deno.inspect(expected)}`;
}

/** What shows bytes of a buffer: from where on, and which ones. */
type Bytes = ArrayBuffer | ArrayBufferView;

class Comparison {
  readonly #partners = new Map<object, object>();
  readonly #binaries: { readonly a: Bytes; readonly b: Bytes; readonly path: string }[] = [];

  compare(a: unknown, b: unknown, path: string): string | undefined {
    if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) {
      return Object.is(a, b) ? undefined : path;
    }
    const partners = this.#partners;
    if (partners.has(a) || partners.has(b)) return partners.get(a) === b ? undefined : `${path} (identity)`;
    partners.set(a, b).set(b, a);
    if (Object.getPrototypeOf(a) !== (Object.getPrototypeOf(b) ?? Object.prototype)) return `${path} (class)`;
    if (isBytes(a)) {
      this.#binaries.push({ a, b: b as Bytes, path });
      const bytes = this.compare([...bytesOf(a)], [...bytesOf(b as Bytes)], `${path} (bytes)`);
      return bytes ?? (isTypedArray(a) ? undefined : this.#compareProperties(a, b, path));
    }
    if (Array.isArray(a) && a.length !== (b as unknown[]).length) return `${path}.length`;
    return this.compare(contentOf(a), contentOf(b), `${path} (content)`) ?? this.#compareProperties(a, b, path);
  }

  /** Whether what shares memory on one side does on the other, and in the same way. */
  compareMemory(): string | undefined {
    for (const { a, b, path } of this.#binaries) {
      if (growthOf(a) !== growthOf(b)) return `${path} (maxByteLength)`;
      for (const other of this.#binaries) {
        if (overlaps(b, other.b) && distance(a, other.a) !== distance(b, other.b)) return `${path} (shared memory)`;
      }
    }
    return undefined;
  }

  #compareProperties(a: object, b: object, path: string): string | undefined {
    const keys = keysOf(a);
    const others = keysOf(b);
    if (keys.length !== others.length || keys.some((key, i) => key !== others[i])) return `${path} (keys)`;
    for (const key of keys) {
      const inner = this.compare(Reflect.get(a, key), Reflect.get(b, key), `${path}.${String(key)}`);
      if (inner !== undefined) return inner;
    }
    return undefined;
  }
}

/** What an object is, beside its properties; always anew, so that it is nobody's partner. */
function contentOf(object: object): unknown {
  if (object instanceof Date) return object.getTime();
  if (object instanceof RegExp) return `${object}, from ${object.lastIndex}`;
  if (object instanceof URL || object instanceof URLSearchParams) return String(object);
  if (object instanceof Map) return [...object];
  if (object instanceof Set) return [...object];
  if (object instanceof Error) {
    return [object.name, object.message, object.cause, (object as { errors?: unknown }).errors];
  }
  if (object instanceof Number || object instanceof String || object instanceof Boolean || object instanceof BigInt) {
    return object.valueOf();
  }
  if (object instanceof Temporal.Duration) return Object.entries(object.with({ years: object.years })).join();
  if (String(Reflect.get(object, Symbol.toStringTag)).startsWith("Temporal.")) return String(object);
  if (object instanceof Blob) return [object.size, object.type];
  return undefined;
}

/** Of what is plain all, of what the platform keeps something in only those that programs put there. */
function keysOf(object: object): (string | symbol)[] {
  const prototype = Object.getPrototypeOf(object);
  const isPlain = prototype === Object.prototype || prototype === null || Array.isArray(object);
  return isPlain ? Reflect.ownKeys(object) : Object.keys(object);
}

function isTypedArray(bytes: Bytes): boolean {
  return ArrayBuffer.isView(bytes) && !(bytes instanceof DataView);
}

function isBytes(object: object): object is Bytes {
  return object instanceof ArrayBuffer || ArrayBuffer.isView(object);
}

function bytesOf(bytes: Bytes): Uint8Array {
  return bytes instanceof ArrayBuffer
    ? new Uint8Array(bytes)
    : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How much longer it can become; 0 for what stays as it is. */
function growthOf(bytes: Bytes): number {
  const buffer = (bytes instanceof ArrayBuffer ? bytes : bytes.buffer) as ArrayBuffer;
  const shown = bytesOf(bytes);
  // A view of the last bytes is taken for one that grows with its buffer.
  const unit = (bytes as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  if (!buffer.resizable || buffer.byteLength - shown.byteOffset - shown.byteLength >= unit) return 0;
  return buffer.maxByteLength - buffer.byteLength;
}

function overlaps(a: Bytes, b: Bytes): boolean {
  const [one, other] = [bytesOf(a), bytesOf(b)];
  return one.buffer === other.buffer && one.byteOffset < other.byteOffset + other.byteLength &&
    other.byteOffset < one.byteOffset + one.byteLength;
}

/** How far apart two begin in the same memory; NaN where it is not the same. */
function distance(a: Bytes, b: Bytes): number | undefined {
  const [one, other] = [bytesOf(a), bytesOf(b)];
  return one.buffer === other.buffer ? one.byteOffset - other.byteOffset : undefined;
}
