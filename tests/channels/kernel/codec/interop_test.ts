import { assertEquals, assertThrows } from "@std/assert";
import { decode as theirDecode, encode as theirEncode, ExtData } from "@msgpack/msgpack";
import { decode as stdDecode, encode as stdEncode, type ValueType } from "@std/msgpack";
import { decode } from "../../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { assertSame } from "./assert_same.ts";

const numbers = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, -1, -32, -33, -128, -129, -32_769, -(2 ** 31)]
  .concat([0.5, -1.25, NaN, Infinity, -Infinity, 1e300]);
const wide = [2 ** 32, -(2 ** 31) - 1, -(2 ** 40), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const lengths = [0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536];
const plain: Record<string, readonly ValueType[]> = {
  "nil and booleans": [null, true, false],
  "numbers": numbers,
  "strings": lengths.flatMap((length) => ["a".repeat(length), "é€😀".repeat(length)]),
  "bytes": lengths.map((length) => new Uint8Array(length).fill(length)),
  "arrays": lengths.map((length) => Array(length).fill(7)),
  "maps": lengths.map((length) => Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, i]))),
  "nesting": [{ method: "add", args: [3, { deep: [[], {}, null] }] }],
};
const numbersOf64Bits = [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 53n), -(2n ** 63n)];

for (const [kind, values] of Object.entries(plain)) {
  Deno.test(`plain values are the same to @msgpack/msgpack, both ways: ${kind}`, () => {
    for (const value of values) {
      assertSame(theirDecode(encode(value, "value")), value);
      assertSame(decode(theirEncode(value)), value);
    }
  });

  Deno.test(`plain values are the same to @std/msgpack, both ways: ${kind}`, () => {
    for (const value of values) {
      assertSame(stdDecode(encode(value, "value")), value);
      assertSame(decode(stdEncode(value)), value);
    }
  });
}

Deno.test("integers of more than 32 bits are the same to other libraries, both ways", () => {
  for (const value of wide) {
    assertSame(theirDecode(encode(value, "value")), value);
    assertSame(decode(theirEncode(value)), value);
    assertSame(Number(stdDecode(encode(value, "value"))), value);
    assertSame(decode(stdEncode(value)), value);
  }
});

Deno.test("bigints of 64 bits are the same to other libraries, both ways", () => {
  for (const value of numbersOf64Bits) {
    assertSame(theirDecode(encode(value, "value"), { useBigInt64: true }), value);
    assertSame(decode(theirEncode(value, { useBigInt64: true })), value);
    assertSame(stdDecode(encode(value, "value")), value);
    assertSame(decode(stdEncode(value)), value);
  }
});

Deno.test("dates are the same to @msgpack/msgpack, both ways", () => {
  for (const timeMs of [0, 1, -1, 999, 1_700_000_000_123, 2 ** 32 * 1000, 2 ** 34 * 1000, -62_135_596_800_000]) {
    const date = new Date(timeMs);
    assertSame(theirDecode(encode(date, "value")), date);
    assertSame(decode(theirEncode(date)), date);
  }
});

Deno.test("other libraries read our -0 as such", () => {
  assertSame(theirDecode(encode(-0, "value")), -0);
  assertSame(stdDecode(encode(-0, "value")), -0);
});

Deno.test("our bytes are those of @msgpack/msgpack where both use the shortest format", () => {
  for (const value of [...Object.values(plain).flat(), ...wide]) {
    assertEquals(encode(value, "value").toHex(), theirEncode(value).toHex());
  }
});

Deno.test("decode() reads what only other libraries write: 32-bit floats, long formats, maps with other keys", () => {
  assertSame(decode(theirEncode(1.5, { forceFloat32: true })), 1.5);
  assertSame(decode(new Uint8Array([0xdb, 0, 0, 0, 1, 0x61])), "a");
  assertSame(decode(new Uint8Array([0xcf, 0, 0, 0, 0, 0, 0, 0, 5])), 5);
  assertSame(decode(new Uint8Array([0xd3, 255, 255, 255, 255, 255, 255, 255, 255])), -1);
  assertSame(decode(new Uint8Array([0x82, 1, 0xa1, 0x61, 0xc0, 2])), new Map<unknown, unknown>([[1, "a"], [null, 2]]));
  const mixed = new Uint8Array([0x83, 0xa1, 0x61, 1, 2, 3, 0xa1, 0x62, 4]);
  assertSame(decode(mixed), new Map<unknown, unknown>([["a", 1], [2, 3], ["b", 4]]));
});

Deno.test("a library that does not know our extensions can still step over them", () => {
  const values = [undefined, 1n, new Map([[1, new Set([2])]]), new Error("e"), new Float32Array(2), "\ud800", /a/]
    .concat(
      ["abc".match(/b/), new ArrayBuffer(1, { maxByteLength: 2 }), Temporal.Duration.from("P1D")] as never,
    );
  // deno-lint-ignore no-sparse-arrays -- the hole is under test
  const read = theirDecode(encode([...values, [, 1], "end"], "value")) as unknown[];
  assertEquals(read.length, values.length + 2);
  assertEquals(read.slice(0, values.length).every((item) => item instanceof ExtData), true);
  assertEquals(read.at(-1), "end");
  assertThrows(() => stdDecode(encode(undefined, "value")));
});
