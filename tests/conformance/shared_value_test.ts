/** Numbers in common, with their home in each place and users in every place. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DisconnectedError, Lock, type NumberKind, Process, SharedValue } from "../../mod.ts";
import { incrementLocked } from "./fixtures/memory_tasks.ts";
import { isDirect, shared } from "./memory_everywhere.ts";
import { PLACEMENTS } from "./queue_everywhere.ts";

/** Of each kind: what it begins with, and what is written. */
const WRITTEN: readonly [NumberKind, number | bigint, number | bigint][] = [
  ["int8", -128, 127],
  ["uint8", 1, 255],
  ["int16", 7, -32_768],
  ["uint16", 7, 65_535],
  ["int32", 7, -2_147_483_648],
  ["uint32", 7, 4_294_967_295],
  ["float32", 0.5, -1.25],
  ["float64", 3.5, 2.718281828459045],
  ["bigint64", 2n ** 33n, -(2n ** 63n)],
  ["biguint64", 0n, 2n ** 64n - 1n],
];

// Nothing here has a lock of its own: every change is atomic.
shared("[VAL-01] [VAL-02] what any user writes, every other reads exactly, of every kind", async ({ home, all }) => {
  for (const [kind, initial, written] of WRITTEN) {
    for (const writer of all) {
      const value = await home.call.value(kind, initial) as SharedValue<NumberKind>;
      assertEquals(value.kind, kind);
      assertEquals(await value.get(), initial);
      assertEquals(await writer.call.use(value, "get"), initial);
      await writer.call.use(value, "set", written);
      assertEquals(await value.get(), written);
      for (const reader of all) assertEquals(await reader.call.use(value, "get"), written);
    }
  }
});

shared("[VAL-04] a value without an initial is zero", async ({ home, all }) => {
  for (const [kind, initial] of WRITTEN) {
    const value = await home.call.value(kind);
    for (const user of all) assertEquals(await user.call.use(value, "get"), typeof initial === "bigint" ? 0n : 0);
  }
});

// Python checks the type on assignment, and cuts what is too large in silence.
shared(
  "[VAL-05] a wrong type is a TypeError, what the kind cannot hold a RangeError, for every user",
  async ({ home, all }) => {
    const int8 = await home.call.value("int8", 7);
    const big = await home.call.value("bigint64", 7n);
    for (const { call } of all) {
      for (const method of ["set", "add"]) {
        for (const wrong of ["8", 8n, null, undefined, true, {}, [8]]) {
          await assertRejects(() => call.use(int8, method, wrong), TypeError);
        }
        for (const wrong of ["8", 8, null, undefined]) {
          await assertRejects(
            () => call.use(big, method, wrong),
            TypeError,
          );
        }
        for (const large of [128, 1.5, NaN, Infinity, -1000]) {
          await assertRejects(() => call.use(int8, method, large), RangeError);
        }
        await assertRejects(() => call.use(big, method, 2n ** 63n), RangeError);
      }
      await assertRejects(() => call.use(int8, "compareExchange", 7, "8"), TypeError);
      await assertRejects(() => call.use(int8, "compareExchange", 7, 128), RangeError);
      assertEquals([await int8.get(), await big.get()], [7, 7n]);
    }
  },
);

Deno.test("[VAL-05] making a value of no known kind, or beginning with what it cannot hold, throws", () => {
  assertThrows(() => new SharedValue("int" as "int8"), TypeError, "int8, uint8");
  assertThrows(() => new SharedValue("toString" as "int8"), TypeError);
  assertThrows(() => new SharedValue("int8", 1n as unknown as number), TypeError);
  assertThrows(() => new SharedValue("int8", 128), RangeError, "-128 to 127");
  assertThrows(() => new SharedValue("uint32", -1), RangeError);
});

shared(
  "add() and update() give the new number, compareExchange() the old one, to every user",
  async ({ home, all }) => {
    for (const [kind, one, two] of [["int32", 1, 2], ["float64", 1, 2], ["bigint64", 1n, 2n]] as const) {
      const value = await home.call.value(kind, one);
      for (const { call } of all) {
        assertEquals(await call.use(value, "add", one), two);
        assertEquals(await call.use(value, "compareExchange", one, two), two);
        assertEquals(await call.use(value, "compareExchange", two, one), two);
        assertEquals(await call.addAll(value, [one] as never, "update"), [two] as never);
        await call.use(value, "set", one);
      }
    }
  },
);

shared("a float32 rounds the same for every user; NaN and zeros are what they are", async ({ home, all }) => {
  const value = await home.call.value("float32", 0.1);
  for (const { call } of all) {
    assertEquals(await call.use(value, "compareExchange", 0.1, 0.2), Math.fround(0.1));
    assertEquals(await call.addAll(value, [0.1], "update"), [Math.fround(Math.fround(0.2) + 0.1)]);
    await call.use(value, "set", -0);
    assertEquals(await call.use(value, "compareExchange", 0, 5), -0);
    await call.use(value, "set", NaN);
    assertEquals(await call.use(value, "compareExchange", NaN, 0.1), NaN);
    assertEquals(await value.get(), Math.fround(0.1));
  }
});

Deno.test("a NaN of another form is a NaN", async () => {
  const value = new SharedValue("float64");
  new BigInt64Array(value.view.buffer)[0] = 0x7ff8_0000_0000_0001n;
  assertEquals(value.compareExchangeSync(NaN, 1), NaN);
  assertEquals(await value.get(), 1);
});

shared(
  "…Sync and view work where the memory is shared, and are a TypeError elsewhere",
  async ({ home, all }, where) => {
    const value = await home.call.value("int32", 7);
    for (const { call, placement } of all) {
      // What a subprocess makes is shared within it.
      const direct = isDirect(where, placement) || (where === "process" && placement === "process");
      for (
        const [method, args] of [["getSync", []], ["setSync", [7]], ["addSync", [0]], ["compareExchangeSync", [7, 7]]]
      ) {
        const used = () => call.use(value, method as string, ...args);
        if (direct) await used();
        else await assertRejects(used, TypeError, "not shared with this process");
      }
      if (direct) assertEquals(await call.look(value, "view"), [7]);
      else await assertRejects(() => call.look(value, "view"), TypeError);
    }
  },
);

// Python's lock argument: a value has no lock of its own here, and whoever changes in two steps takes a Lock.
shared("[VAL-03] [VAL-08] what is read and written in two steps under one Lock is exact", async ({ home }) => {
  const [value, lock] = [await home.call.value("int32"), new Lock()];
  assertEquals("lock" in value, false);
  const users = PLACEMENTS.map((placement) => new Process(incrementLocked, [value, lock, 100], { placement }));
  for (const user of users) await user.start();
  for (const user of users) assertEquals((await user.exited).code, 0);
  assertEquals(await value.get(), 300);
}, ["inline", "process"]);

// The other half, a key of a shared dict, is the manager's.
shared("[BEAT-20] [VAL-08] twice 100000 increments are exact", async ({ all }) => {
  const value = new SharedValue("int32");
  const ones = new Array<number>(100_000).fill(1);
  const users = all.slice(1).map((hand) => hand.with({ timeoutMs: 20_000 }));
  const sums = await Promise.all(users.map(({ call }) => call.addAll(value, ones, "sync")));
  assertEquals(await value.get(), 200_000);
  assertEquals(new Set(sums.flat()).size, 200_000);
}, ["inline"]);

shared("who has to ask a value whose home is dead is told so", async ({ home, all }) => {
  const [value, array] = [await home.call.value("int32", 7), await home.call.array("int8", 2)];
  await home.kill();
  for (const use of [() => value.get(), () => value.set(1), () => value.add(1), () => value.update((old) => old)]) {
    await assertRejects(use as () => Promise<unknown>, DisconnectedError);
  }
  await assertRejects(() => array.slice(), DisconnectedError);
  await assertRejects(() => all[1].call.use(value, "get"), DisconnectedError);
}, ["process"]);
