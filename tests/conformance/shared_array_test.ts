/** Numbers in a row, with their home in each place and users in every place. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Lock, Process, SharedArray } from "../../mod.ts";
import { incrementElements } from "./fixtures/memory_tasks.ts";
import { shared } from "./memory_everywhere.ts";
import { PLACEMENTS, range } from "./queue_everywhere.ts";

shared("[ARR-01] an array has the length and the elements it was made from, for every user", async ({ home, all }) => {
  const source = range(0, 10).map((n) => n * n);
  const array = await home.call.array("int32", source) as SharedArray<"int32">;
  assertEquals([array.length, array.kind], [10, "int32"]);
  assertEquals(await array.slice(), source);
  for (const { call } of all) {
    assertEquals(await call.look(array, "length"), 10);
    for (const [index, value] of source.entries()) assertEquals(await call.use(array, "get", index), value);
    for (const [start, end] of [[2, 5], [-3, 10], [0, -1], [7, 100], [-100, 2], [5, 5], [8, 2]]) {
      assertEquals(await call.use(array, "slice", start, end), source.slice(start, end));
    }
    assertEquals(await call.use(array, "slice"), source);
  }
  const big = await home.call.array("bigint64", [1n, -(2n ** 63n)]);
  for (const { call } of all) assertEquals(await call.use(big, "slice"), [1n, -(2n ** 63n)]);
});

shared("[ARR-03] an array made by its length is zeros, always, and stays so long", async ({ home, all }) => {
  for (const _time of range(0, 3)) {
    const array = await home.call.array("int16", 10);
    for (const { call } of all) assertEquals(await call.use(array, "slice"), new Array(10).fill(0));
    for (const index of range(0, 10)) await array.set(index, index + 1);
    for (const { call } of all) assertEquals(await call.use(array, "slice"), range(1, 11));
    assertEquals(array.length, 10);
  }
});

shared("[ARR-04] an index outside is a RangeError, a negative one counts from the end", async ({ home, all }) => {
  const array = await home.call.array("float64", [0.5, 1.5, 2.5]);
  for (const { call } of all) {
    assertEquals(await call.use(array, "get", -1), 2.5);
    assertEquals(await call.use(array, "get", -3), 0.5);
    for (const index of [3, -4, 1.5, Infinity, 2 ** 40]) {
      for (const method of ["get", "set", "add", "update"]) {
        await assertRejects(() => call.use(array, method, index, 1), RangeError, "among 3");
      }
      await assertRejects(() => call.use(array, "compareExchange", index, 1, 1), RangeError);
    }
    for (const index of ["0", NaN, undefined, null]) {
      await assertRejects(() => call.use(array, "get", index), TypeError);
    }
    assertEquals(await call.use(array, "set", -1, 2.5), undefined);
    assertEquals(await call.use(array, "add", -1, 0), 2.5);
  }
});

// There is no assignment of a slice: `view.set` is what comes nearest, and elements are set one by one elsewhere.
shared(
  "[ARR-05] what does not fit is refused whole: too many elements, or one that the kind cannot hold",
  async ({ home, all }) => {
    const array = await home.call.array("uint8", [1, 2, 3]) as SharedArray<"uint8">;
    const here = new SharedArray("uint8", [1, 2, 3]);
    assertThrows(() => here.view.set([9, 9, 9, 9]), RangeError);
    assertThrows(() => here.view.set([9, 9], 2), RangeError);
    assertEquals(await here.slice(), [1, 2, 3]);
    for (const { call } of all) {
      await assertRejects(() => call.use(array, "set", 0, 256), RangeError);
      await assertRejects(() => call.use(array, "set", 0, [9, 9]), TypeError);
    }
    assertEquals(await array.slice(), [1, 2, 3]);
  },
);

// Python's `.value` of a byte array ends at the first NUL, and `.raw` does not; here there is what was written.
shared(
  "[ARR-06] bytes of a text come back as they are, to the last NUL, and seven do not fit five",
  async ({ home, all }) => {
    const text = Array.from(new TextEncoder().encode("abc"));
    for (const { call } of all) {
      const array = await home.call.array("uint8", 5) as SharedArray<"uint8">;
      for (const [index, byte] of text.entries()) await call.use(array, "set", index, byte);
      assertEquals(new TextDecoder().decode(Uint8Array.from(await array.slice())), "abc\0\0");
      assertEquals(await array.slice(0, 3), text);
      await assertRejects(() => call.use(array, "set", 6, 1), RangeError);
    }
    const here = new SharedArray("uint8", 5);
    assertThrows(() => here.view.set(new TextEncoder().encode("abcdefg")), RangeError);
  },
);

// As a value, an array has no lock of its own.
shared("[ARR-07] what is read and written in two steps under one Lock is exact", async ({ home }) => {
  const [array, lock] = [await home.call.array("int32", 3) as SharedArray<"int32">, new Lock()];
  const users = PLACEMENTS.map((placement) => new Process(incrementElements, [array, lock, 50], { placement }));
  for (const user of users) await user.start();
  for (const user of users) assertEquals((await user.exited).code, 0);
  assertEquals(await array.slice(), [150, 150, 150]);
}, ["inline", "process"]);

shared(
  "[ARR-09] a copy stays as it is when the original is changed, and changes nothing itself",
  async ({ home, all }) => {
    const array = await home.call.array("int32", [1, 2, 3]) as SharedArray<"int32">;
    const copy = await array.slice();
    const other = new SharedArray("int32", copy);
    for (const { call } of all) await call.use(array, "add", 0, 10);
    copy[1] = 20;
    await other.set(2, 30);
    assertEquals([await array.slice(), copy, await other.slice()], [[31, 2, 3], [1, 20, 3], [1, 2, 30]]);
  },
);

Deno.test("making an array of a wrong kind, length or element throws", () => {
  assertThrows(() => new SharedArray("byte" as "int8", 1), TypeError);
  for (const wrong of [-1, 1.5, Infinity]) assertThrows(() => new SharedArray("int8", wrong), RangeError);
  for (const wrong of ["12", NaN, null, undefined, {}]) {
    assertThrows(() => new SharedArray("int8", wrong as number), TypeError);
  }
  assertThrows(() => new SharedArray("int8", [1, 128]), RangeError);
  assertThrows(() => new SharedArray("int8", [1, 2n as unknown as number]), TypeError);
  assertEquals(new SharedArray("int8", 0).length, 0);
});

shared("an array of no elements is one all the same", async ({ home, all }) => {
  const array = await home.call.array("int32", []);
  for (const { call } of all) {
    assertEquals(await call.use(array, "slice"), []);
    await assertRejects(() => call.use(array, "get", 0), RangeError);
  }
});
