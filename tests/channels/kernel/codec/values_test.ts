import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { assertSame } from "./assert_same.ts";

const travelled = (value: unknown): unknown => decode(encode(value, "value"));

const integers = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40]
  .concat([-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 32), -(2 ** 40)])
  .concat([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
const floats = [
  -0,
  0.5,
  -1.1,
  NaN,
  Infinity,
  -Infinity,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  2 ** 53,
  -(2 ** 60),
  1e300,
];
const bigints = [0n, 1n, -1n, 2n ** 31n, 2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n), 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n]
  .concat([-(2n ** 53n) + 1n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 71n, -(2n ** 71n), 2n ** 72n - 1n, 10n ** 400n]);
const lengths = [0, 1, 15, 16, 24, 25, 31, 32, 33, 255, 256, 257, 65_535, 65_536, 70_000];
const strings = lengths.flatMap((length) => ["a".repeat(length), "é".repeat(length), "€😀".repeat(length)])
  .concat(["\u0000", "\ufeffmark", "\ud800", "a\udc00b", "😀\ud83d", "\udc00".repeat(5000), "__proto__"]);
const numberViews = [
  new Int8Array([-128, 127]),
  new Uint8Array([0, 255]),
  new Uint8ClampedArray([0, 255]),
  new Int16Array([-32768, 1]),
  new Uint16Array([65535, 1]),
  new Int32Array([-(2 ** 31), 1]),
  new Uint32Array([2 ** 32 - 1, 1]),
  new Float16Array([1.5, -0]),
  new Float32Array([1.5, NaN]),
  new Float64Array([Math.PI, -0]),
  new BigInt64Array([-(2n ** 63n), 1n]),
  new BigUint64Array([2n ** 64n - 1n, 1n]),
];
const dates = [0, 1, 999, -1, 1e12, 1_700_000_000_123, 2 ** 32 * 1000, 2 ** 34 * 1000, -8.64e15, 8.64e15, NaN];

const values: Record<string, readonly unknown[]> = {
  "null, undefined and booleans": [null, undefined, true, false],
  "integers of every format": integers,
  "every other number, -0 and NaN included": floats,
  "bigints of every size": bigints,
  "strings of every length and character, lone surrogates included": strings,
  "plain objects": [{}, { a: 1 }, { "": 0, "a b": [], 10: 1, "é": 2 }, { constructor: 1, toString: 2 }],
  "objects with undefined properties": [{ a: undefined, b: null }],
  "objects of many keys": [Object.fromEntries(lengths.map((length) => [`${"k".repeat(length)}`, length]))],
  "objects of more keys than the small formats hold": [15, 16, 70_000].map((count) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, i]))
  ),
  "keys with lone surrogates": [{ "\ud800": 1, "b": { "\udfff": 2 } }],
  "arrays": [[], [1, [2, [3]]], Array(15).fill(0), Array(16).fill(0), Array(70_000).fill(1)],
  // deno-lint-ignore no-sparse-arrays -- the holes are under test
  "arrays with holes": [[, 1], [1, , 2], Array(3), [undefined, , null], [[,]]],
  "dates, invalid ones too": dates.map((timeMs) => new Date(timeMs)),
  "regular expressions": [/a/, /[/\\]\n(?<x>y)/dgimsy, new RegExp("\ud800", "u"), new RegExp("")],
  "maps with keys of every kind": [
    new Map(),
    new Map<unknown, unknown>([["a", 1], [1, "a"], [null, { b: 2 }], [NaN, 0]]),
  ],
  "maps in maps": [new Map([[new Map([[1, 2]]), new Map([[3, new Set([4])]])]])],
  "sets": [new Set(), new Set([1, "1", 1n, [1], NaN, undefined])],
  "buffers": [new ArrayBuffer(0), new Uint8Array([1, 2, 3]).buffer, new ArrayBuffer(70_000)],
  "typed arrays of every class": numberViews,
  "empty typed arrays": numberViews.map((view) => view.slice(0, 0)),
  "bytes of every length": lengths.map((length) => new Uint8Array(length).fill(7)),
  "DataViews": [new DataView(new Uint8Array([1, 2, 3]).buffer), new DataView(new ArrayBuffer(0))],
  "URLs": [new URL("https://user:pw@example.com:8443/ä?q=%20#f"), new URL("data:,x"), new URL("file:///tmp/a")],
};

for (const [kind, cases] of Object.entries(values)) {
  Deno.test(`a value arrives as it was sent: ${kind}`, () => {
    for (const value of cases) {
      assertSame(travelled(value), value);
      assertSame(travelled([{ value }]), [{ value }]);
    }
  });
}

Deno.test("a bigint stays a bigint and a number a number, whatever their size", () => {
  assertSame(travelled([1, 1n, 2 ** 53, 2n ** 53n]), [1, 1n, 2 ** 53, 2n ** 53n]);
});

Deno.test("a view arrives with the bytes it showed and no others, in memory of its own", () => {
  const pool = new Uint8Array(64).map((_, i) => i);
  const sent = [pool.subarray(8, 12), new DataView(pool.buffer, 3, 5), new Float64Array(pool.buffer, 16, 2)] as const;
  const bytes = encode(sent, "value");
  const arrived = decode(bytes) as typeof sent;
  assertSame(arrived, sent);
  for (const view of arrived) {
    assertEquals(view.buffer.byteLength, view.byteLength);
    assertNotStrictEquals(view.buffer, bytes.buffer);
  }
});

Deno.test("a Buffer of Node arrives as the Uint8Array it is, without the pool it lies in", () => {
  const arrived = travelled(Buffer.from("hi")) as Uint8Array;
  assertSame(arrived, new Uint8Array([104, 105]));
  assertEquals(arrived.buffer.byteLength, 2);
});

Deno.test("a resizable buffer can be resized where it arrives, and a view that tracks its length follows", () => {
  const buffer = new ArrayBuffer(4, { maxByteLength: 16 });
  const [arrived, view] = travelled([buffer, new Uint16Array(buffer)]) as [ArrayBuffer, Uint16Array<ArrayBuffer>];
  arrived.resize(16);
  assertEquals([arrived.maxByteLength, view.length, view.buffer === arrived], [16, 8, true]);
  const alone = travelled(new Uint16Array(buffer, 2)) as Uint16Array<ArrayBuffer>;
  assertEquals([alone.length, alone.byteOffset, alone.buffer.byteLength], [1, 2, 4]);
  alone.buffer.resize(16);
  assertEquals(alone.length, 7);
});

Deno.test("what is written through one view is read through another that showed the same bytes", () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4]);
  const [some, all] = travelled([new Uint8Array(buffer, 1, 2), buffer]) as [Uint8Array, ArrayBuffer];
  some[0] = 9;
  assertEquals(new Uint8Array(all), new Uint8Array([1, 9, 3, 4]));
});

Deno.test("of a buffer that several views show, what none of them shows does not travel", () => {
  const secret = new Uint8Array(100).fill(0xee);
  const { buffer } = secret;
  const sent = [new Uint8Array(buffer, 13, 4), new Uint8Array(buffer, 15, 4), new Uint8Array(buffer, 40, 3)];
  sent.forEach((view) => view.fill(7));
  assertEquals(encode(sent, "value").includes(0xee), false);
  const [a, b, c] = travelled(sent) as typeof sent;
  assertSame([a.buffer === b.buffer, a.buffer.byteLength], [true, 11]);
  assertSame([c.buffer === a.buffer, c.buffer.byteLength], [false, 3]);
});

Deno.test("views of different parts of a buffer are a plain tree: other programs can read it", () => {
  const { buffer } = new Uint8Array([1, 2, 3]);
  const parts = [new Uint8Array(buffer, 0, 1), new Uint8Array(buffer, 1, 2)];
  assertEquals(encode(parts, "value"), new Uint8Array([0x92, 0xc4, 1, 1, 0xc4, 2, 2, 3]));
});

Deno.test("an object without a prototype arrives as a plain object", () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  assertStrictEquals(Object.getPrototypeOf(travelled(bare)), Object.prototype);
  assertSame(travelled(bare), { a: 1 });
});

Deno.test("__proto__ is an ordinary key in both directions and never sets a prototype", () => {
  const sent = JSON.parse('{ "__proto__": { "polluted": true }, "a": { "__proto__": 1 } }');
  const arrived = travelled(sent) as Record<string, object>;
  assertEquals(Object.keys(arrived), ["__proto__", "a"]);
  assertStrictEquals(Object.getPrototypeOf(arrived), Object.prototype);
  assertStrictEquals(Object.getPrototypeOf(arrived.a), Object.prototype);
  assertEquals(Object.getOwnPropertyDescriptor(arrived, "__proto__")?.value, { polluted: true });
  assertEquals("polluted" in {}, false);
});

Deno.test("encode() evaluates getters, each of a tree once", () => {
  let read = 0;
  const count = { get: () => ++read, enumerable: true };
  const list = Object.defineProperty([0, 0], 1, count);
  const names = Object.defineProperty(["item"], "name", count);
  assertSame(travelled([{ count: Object.defineProperty({}, "n", count) }, list, names]), [
    { count: { n: 1 } },
    [0, 2],
    Object.assign(["item"], { name: 3 }),
  ]);
});

Deno.test("encode() takes a snapshot: a later change does not travel", () => {
  const value = { list: [1], bytes: new Uint8Array([1]) };
  const bytes = encode(value, "value");
  value.list.push(2);
  value.bytes[0] = 9;
  assertSame(decode(bytes), { list: [1], bytes: new Uint8Array([1]) });
});

Deno.test("encode() gives bytes that nothing changes later, also when a getter encodes on the way", () => {
  let inner = new Uint8Array();
  const outer = encode({
    a: "before",
    get b() {
      return (inner = encode("inner", "value"), "b");
    },
    c: "after",
  }, "value");
  const [kept, long] = [encode("kept", "value"), encode("x".repeat(1000), "value")];
  const copies = [kept.slice(), long.slice()];
  for (let i = 0; i < 1000; i++) encode("other", "value");
  assertSame(decode(inner), "inner");
  assertSame(decode(outer), { a: "before", b: "b", c: "after" });
  assertEquals([kept, long], copies);
});

Deno.test("who keeps the bytes of a message keeps at most 4 KiB more", () => {
  for (const length of [1, 400, 600, 5000, 1, 100_000, 1]) {
    const bytes = encode("x".repeat(length), "value");
    assert(bytes.buffer.byteLength <= bytes.length + 4096);
  }
});

Deno.test("a regular expression goes on where the original would", () => {
  const pattern = /a/g;
  pattern.test("aa");
  const arrived = travelled(pattern) as RegExp;
  assertEquals([arrived.lastIndex, arrived.test("aa"), arrived.test("aa")], [1, true, false]);
  assertEquals(pattern.lastIndex, 1);
});

Deno.test("a Proxy of a plain object or array arrives as what it shows", () => {
  assertSame(travelled(new Proxy([1, 2], {})), [1, 2]);
  // It seems to have every property, and lists none but its items.
  assertSame(travelled(new Proxy([1, 2], { get: (target, key) => Reflect.get(target, key) ?? 0 })), [1, 2]);
  const shown = new Proxy({ a: 1 }, { get: (target, key) => key === "a" ? 2 : Reflect.get(target, key) });
  assertSame(travelled(shown), { a: 2 });
});
