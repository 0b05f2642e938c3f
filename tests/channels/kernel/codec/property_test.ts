import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../../../channels/errors.ts";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode, encodeThrown } from "../../../../channels/kernel/codec/encode.ts";
import { assertSame } from "./assert_same.ts";

const HOLE = Symbol("hole");
const RUNS = { numRuns: 2000 };
// "binary" gives any UTF-16 code unit, so lone surrogates too.
const anyString = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }), fc.string({ unit: codeUnit() }));
const key = fc.oneof({ arbitrary: anyString, weight: 9 }, { arbitrary: fc.constant("__proto__"), weight: 1 });
const anyNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(-0, NaN, 2 ** 53, -(2 ** 63)),
);
const anyBigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
  fc.bigInt({ min: -9n, max: 9n }),
);
const primitive = fc.oneof(anyString, anyNumber, anyBigint, fc.boolean(), fc.constantFrom(null, undefined));
const view = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
);
const instance = fc.oneof(
  view,
  fc.date({ noInvalidDate: false }),
  fc.webUrl({ withFragments: true, withQueryParameters: true }).map((url) => new URL(url)),
  fc.constantFrom(/a/, /[b-c]+/gi).map((pattern) => new RegExp(pattern)),
);

/** A key of an array's property that is none of its items. */
const name = key.filter((key) => !/^\d+$/.test(key) && key !== "length" && key !== "raw");
/** A buffer, resizable or not, and views of it that may overlap. */
const shownBuffer = fc.tuple(
  fc.uint8Array({ minLength: 8, maxLength: 64 }),
  fc.option(fc.nat({ max: 100 }), { nil: undefined }),
  fc.array(fc.tuple(fc.nat({ max: 7 }), fc.option(fc.nat({ max: 8 }), { nil: undefined })), { maxLength: 5 }),
  fc.boolean(),
).map(([bytes, growth, parts, itself]) => {
  const { length } = bytes;
  const buffer = growth === undefined
    ? new ArrayBuffer(length)
    : new ArrayBuffer(length, { maxByteLength: length + growth });
  new Uint8Array(buffer).set(bytes);
  const views = parts.map(([at, size], i) => {
    if (i % 3 === 0) return new DataView(buffer, at, size === undefined ? undefined : Math.min(size, length - at));
    if (i % 3 === 1) return new Uint8Array(buffer, at, size === undefined ? undefined : Math.min(size, length - at));
    const start = at & 6;
    return new Uint16Array(buffer, start, Math.min(size ?? 1, (length - start) >> 1));
  });
  return itself ? [...views, buffer] : views;
});

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "value" },
    primitive,
    instance,
    fc.array(tie("value"), { depthIdentifier: "value" }),
    fc.array(fc.option(tie("value"), { nil: HOLE }), { depthIdentifier: "value" }).map(withHoles),
    fc.tuple(fc.array(tie("value"), { depthIdentifier: "value" }), fc.dictionary(name, tie("value"), { maxKeys: 3 }))
      .map(([items, names]) => withNames(items, names)),
    shownBuffer,
    fc.array(fc.tuple(key, tie("value")), { depthIdentifier: "value" }).map(asObject),
    fc.array(fc.tuple(tie("value"), tie("value")), { depthIdentifier: "value" }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { depthIdentifier: "value" }).map((values) => new Set(values)),
    fc.tuple(fc.constantFrom(Error, TypeError, RangeError), anyString, tie("value"))
      .map(([Class, message, cause]) => new Class(message, { cause })),
  ),
}));

Deno.test("every value arrives as it was sent", () => {
  fc.assert(fc.property(value, (value) => assertSame(decode(encode(value, "value")), value)), RUNS);
});

Deno.test("every value arrives as it was sent when it shares objects, cycles included", () => {
  const graph = fc.tuple(fc.array(value, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(), { maxLength: 12 }));
  fc.assert(
    fc.property(graph, ([parts, picks]) => {
      const value: unknown[] = [...parts];
      for (const pick of picks) value.push(pick % 3 === 0 ? value : value[pick % value.length]);
      const arrived = decode(encode(value, "value"));
      assertSame(arrived, value);
      assertSame(decode(encode(arrived, "value")), value);
    }),
    RUNS,
  );
});

Deno.test("every thrown value arrives, equal to what was thrown", () => {
  fc.assert(fc.property(value, (value) => assertSame(decode(encodeThrown(value)), value)), RUNS);
});

Deno.test("decode() of random bytes gives a value in proportion to them, or throws ProtocolError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeSafely), { numRuns: 20_000 });
});

Deno.test("decode() of random bytes that begin like our extensions gives a value, or throws ProtocolError", () => {
  const byte = fc.oneof(
    fc.constantFrom(0xc0, 0xc7, 0xc9, 0xd4, 0xd5, 0x91, 0x92, 0x81, 0xa1, 0xdd, 0xdf, 0xdb),
    fc.integer({ min: 0, max: 16 }),
    fc.integer({ min: 0, max: 255 }),
  );
  const bytes = fc.array(byte, { maxLength: 60 }).map((bytes) => new Uint8Array(bytes));
  fc.assert(fc.property(bytes, decodeSafely), { numRuns: 20_000 });
});

Deno.test("decode() of a valid message with some bytes changed gives a value, or throws ProtocolError", () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(value, changes, fc.boolean(), (value, changes, shared) => {
      const bytes = encode(shared ? [value, [value]] : value, "value");
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      decodeSafely(bytes);
    }),
    { numRuns: 10_000 },
  );
});

function codeUnit(): fc.Arbitrary<string> {
  return fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0xd800, max: 0xdfff })).map((unit) =>
    String.fromCharCode(unit)
  );
}

function withHoles(items: readonly unknown[]): unknown[] {
  const array: unknown[] = [];
  items.forEach((item, i) => {
    if (item !== HOLE) array[i] = item;
  });
  array.length = items.length;
  return array;
}

function withNames(items: unknown[], names: Record<string, unknown>): unknown[] {
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(items, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return items;
}

function asObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return object;
}

function decodeSafely(bytes: Uint8Array): void {
  try {
    const size = weigh(decode(bytes), new Set());
    assert(size <= 16 * bytes.length + 64, `${bytes.length} bytes became a value of size ${size}`);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assertEquals(error.message.startsWith("Cannot decode a message: "), true);
  }
}

/** Roughly how many words a value takes. */
function weigh(value: unknown, seen: Set<unknown>): number {
  if (typeof value === "string") return 1 + value.length;
  if (typeof value === "bigint") return 1 + value.toString(16).length;
  if (typeof value !== "object" || value === null || seen.has(value)) return 1;
  seen.add(value);
  if (value instanceof ArrayBuffer) return 1 + value.byteLength;
  if (ArrayBuffer.isView(value)) return 1 + weigh(value.buffer, seen);
  let inner: unknown[] = [];
  if (value instanceof Map) inner = [...value.keys(), ...value.values()];
  else if (value instanceof Set) inner = [...value];
  else if (value instanceof Error) inner = Reflect.ownKeys(value).map((key) => Reflect.get(value, key));
  else if (!(value instanceof URL)) inner = Object.entries(value).flat();
  const length = Array.isArray(value) ? value.length : 0;
  return inner.reduce<number>((sum, item) => sum + weigh(item, seen), 1 + length);
}
