import { assert, assertEquals } from "@std/assert";
import { encode } from "../../../../channels/kernel/codec/encode.ts";
import { hasMoreTokens } from "../../../../channels/kernel/codec/tokens.ts";

/** How many tokens there are, found by asking; a value shorter than that is never counted. */
function tokensOf(bytes: Uint8Array): number {
  let [low, high] = [0, bytes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (hasMoreTokens(bytes, middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value encoded, and behind it what makes it longer than it has tokens: one long string. */
function padded(value: unknown): Uint8Array {
  const pad = encode("x".repeat(1000), "pad");
  return new Uint8Array([...encode(value, "value"), ...pad]);
}

Deno.test("every kind of value counts as many tokens as it has parts", () => {
  const values: [unknown, number][] = [
    [1, 1],
    [-1, 1],
    [300, 1],
    [70_000, 1],
    [2 ** 40, 1],
    [1.5, 1],
    [2n ** 63n, 1],
    [2n ** 80n, 1],
    [null, 1],
    [undefined, 1],
    [true, 1],
    ["", 1],
    ["a".repeat(31), 1],
    ["a".repeat(300), 1],
    ["a".repeat(70_000), 1],
    [new Uint8Array(70_000), 1],
    [new Date(0), 1],
    [/a/g, 1],
    [new URL("http://localhost/"), 1],
    [[], 1],
    [[1, 2, 3], 4],
    [Array.from({ length: 70_000 }, () => 0), 70_001],
    [{ a: 1, b: [2] }, 6],
    [new Map<unknown, unknown>([[1, 2], ["a", {}]]), 5],
    [new Set([1, 2, [3]]), 5],
    [Object.assign([1, 2], { total: 3, list: [4] }), 9],
    [[new Uint8Array(8), new Uint8Array(8)], 3],
    [new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })), 5],
  ];
  for (const [value, tokens] of values) {
    assertEquals(tokensOf(padded(value)), tokens + 1, Deno.inspect(value).slice(0, 60));
  }
});

Deno.test("bytes that are no values are counted to their end, however they end", () => {
  for (let byte = 0; byte < 256; byte++) {
    for (const length of [1, 2, 5, 9]) assert(tokensOf(new Uint8Array(length).fill(byte)) <= length);
  }
});
