/** Lists of plain values in common, with their home in each place and users in every place. */

import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { encodeFrame } from "../../channels/kernel/frame.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { pack } from "../../channels/kernel/pack.ts";
import { DisconnectedError, type Shareable, ShareableList } from "../../mod.ts";
import { shared } from "./memory_everywhere.ts";

const MIXED: Shareable[] = ["howdy", new TextEncoder().encode("HoWdY"), -273.154, 100, null, true, 42];

shared("[SL-01] a list is read, gone through and measured as it was made, by every user", async ({ home, all }) => {
  const list = await home.call.list(MIXED) as ShareableList;
  assertEquals([list.length, await list.values(), await Array.fromAsync(list)], [7, MIXED, MIXED]);
  for (const { call } of all) {
    assertEquals(await call.look(list, "length"), 7);
    assertEquals(await call.use(list, "values"), MIXED);
    for (const [index, value] of MIXED.entries()) {
      assertEquals(await call.use(list, "get", index), value);
      assertEquals(await call.use(list, "get", index - 7), value);
    }
  }
});

// Python fixes the size of each slot when the list is made.
shared("[SL-03] a slot may change its type and its size; its neighbours stay as they are", async ({ home, all }) => {
  for (const { call } of all) {
    const list = await home.call.list(MIXED) as ShareableList;
    await call.use(list, "set", 3, 42);
    await call.use(list, "set", 4, "some");
    await call.use(list, "set", -7, "x".repeat(100_000));
    const expected = MIXED.with(3, 42).with(4, "some").with(0, "x".repeat(100_000));
    assertEquals(await list.values(), expected);
    for (const other of all) assertEquals(await other.call.use(list, "values"), expected);
  }
});

// Python's index() throws for what is not there; ours is -1, as an array's indexOf.
shared("[SL-05] count() and indexOf() go by value and type", async ({ home, all }) => {
  const list = await home.call.list([42, 100, "42", 42, new Uint8Array([1]), NaN, 7n]);
  for (const { call } of all) {
    const count = (value: Shareable) => call.use(list, "count", value);
    const indexOf = (value: Shareable) => call.use(list, "indexOf", value);
    assertEquals([await count(42), await count("42"), await count("100"), await count(7)], [2, 1, 0, 0]);
    assertEquals([await indexOf(42), await indexOf("42"), await indexOf("100"), await indexOf(null)], [0, 2, -1, -1]);
    assertEquals([await indexOf(new Uint8Array([1])), await indexOf(NaN), await indexOf(7n)], [4, 5, 6]);
  }
});

shared("[SL-06] a list made from another's values is its own", async ({ home, all }) => {
  const list = await home.call.list(MIXED) as ShareableList;
  for (const { call } of all) {
    const copy = new ShareableList(await list.values());
    await call.use(copy, "set", 0, "changed");
    assertEquals([await copy.get(0), await list.get(0)], ["changed", "howdy"]);
    assertEquals((await copy.values()).slice(1), MIXED.slice(1));
  }
});

// A list has no name here: a second handle comes by message.
shared("[SL-07] what is written by one handle is read by all others", async ({ home, all }) => {
  const list = await home.call.list([0]) as ShareableList;
  for (const [index, { call }] of all.entries()) {
    const second = await call.use(list, "get", 0);
    assertEquals(second, index);
    await call.use(list, "set", 0, index + 1);
    assertEquals(await list.get(0), index + 1);
  }
});

shared("[SL-08] an empty list has no slot and holds nothing", async ({ home, all }) => {
  const list = await home.call.list([]);
  for (const { call } of all) {
    assertEquals([await call.look(list, "length"), await call.use(list, "values")], [0, []]);
    assertEquals([await call.use(list, "count", null), await call.use(list, "indexOf", null)], [0, -1]);
    for (const index of [0, -1]) await assertRejects(() => call.use(list, "get", index), RangeError);
  }
});

Deno.test("[SL-09] a handle on its way is as small for 400 slots as for 10", () => {
  const bytesOf = (length: number) => {
    const body = pack(new ShareableList(new Array(length).fill("text")), "list", { isolate: "f00d", slot: 1 });
    const route = { to: "f00d", from: isolate.id };
    return encodeFrame({ kind: "reply", ...route, id: 1, outcome: "value", body }).bytes.length;
  };
  assertLess(bytesOf(10), 200);
  // Two bytes more for the number itself.
  assertEquals(bytesOf(400), bytesOf(10) + 2);
});

shared("[SL-09] a list whose home is gone is not there for anybody", async ({ home, all }, where) => {
  const list = await home.call.list(["here"]) as ShareableList;
  await home.kill();
  // An actor in this isolate is not the home of what it made here.
  if (where === "inline") return assertEquals(await list.get(0), "here");
  for (const use of [() => list.get(0), () => list.set(0, 1), () => list.values(), () => Array.fromAsync(list)]) {
    await assertRejects(use as () => Promise<unknown>, DisconnectedError);
  }
  const other = all.find((hand) => hand.alive)!;
  await assertRejects(() => other.call.use(list, "get", 0), DisconnectedError);
});

shared(
  "[SL-10] what no slot can hold is a TypeError, a bigint of more than 64 bits a RangeError",
  async ({ home, all }) => {
    const list = await home.call.list([1]) as ShareableList;
    for (const { call } of all) {
      for (const wrong of [undefined, {}, [1], new Date(0), new Float32Array(1), new Map()]) {
        await assertRejects(() => call.use(list, "set", 0, wrong), TypeError);
      }
      for (const large of [2n ** 64n, -(2n ** 63n) - 1n]) {
        await assertRejects(() => call.use(list, "set", 0, large), RangeError);
      }
      // There are no slices.
      await assertRejects(() => call.use(list, "get", [0, 1]), TypeError);
      await assertRejects(() => call.use(list, "get", "0"), TypeError);
    }
    assertEquals(await list.values(), [1]);
    for (const wrong of [() => 1, Symbol("no")]) {
      await assertRejects(() => list.set(0, wrong as unknown as Shareable), TypeError);
    }
  },
);

Deno.test("[SL-10] a list cannot be made of what no slot can hold", () => {
  assertThrows(() => new ShareableList([{} as unknown as Shareable]), TypeError);
  assertThrows(() => new ShareableList([2n ** 64n]), RangeError);
  assertThrows(() => new ShareableList(undefined as unknown as Shareable[]), TypeError);
  assertThrows(() => new ShareableList("text" as unknown as Shareable[]), TypeError);
});

Deno.test("bytes in a slot are nobody else's, also those of a Buffer", async () => {
  const [bytes, buffer] = [new Uint8Array([1]), Buffer.from([1])];
  const list = new ShareableList([bytes, buffer]);
  bytes[0] = buffer[0] = 2;
  const got = await list.get(0) as Uint8Array;
  got[0] = 3;
  await list.set(1, bytes);
  bytes[0] = 4;
  assertEquals(await list.values(), [new Uint8Array([1]), new Uint8Array([2])]);
});

const slot = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ maxLength: 20 }).map((text) => `${text}\0\0`),
  // Not well-formed: half of a pair.
  fc.constantFrom("", "\0", "\ud800", "a\udfff\0", "ünïcödé 漢字 🚀"),
  fc.uint8Array({ maxLength: 40 }),
  fc.double(),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.boolean(),
  fc.constant(null),
);

shared(
  "[BEAT-33] [pain-33] whatever is put into a list comes out of it equal, by every user; no index outside is answered",
  async ({ home, all }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(slot, { maxLength: 12 }), fc.array(slot, { maxLength: 6 }), async (values, changes) => {
        const list = await home.call.list(values) as ShareableList;
        const expected: Shareable[] = [...values];
        for (const [at, change] of changes.entries()) {
          if (values.length === 0) break;
          const index = (at * 7) % values.length;
          await all[at % all.length].call.use(list, "set", index - (at % 2 === 0 ? 0 : values.length), change);
          expected[index] = change;
        }
        for (const { call } of all) assert(equal(await call.use(list, "values") as Shareable[], expected));
        for (const outside of [values.length, -values.length - 1, values.length + 1000, -1e9]) {
          for (const { call } of all) await assertRejects(() => call.use(list, "get", outside), RangeError);
        }
      }),
      { numRuns: 25, seed: 33 },
    );
  },
);

function equal(a: readonly Shareable[], b: readonly Shareable[]): boolean {
  return a.length === b.length &&
    a.every((value, index) => {
      const other = b[index];
      if (!(value instanceof Uint8Array)) return Object.is(value, other);
      return other instanceof Uint8Array && Buffer.compare(value, other) === 0;
    });
}
