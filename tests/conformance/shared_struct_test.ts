/** Records in a row, with their home in each place and users in every place. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DisconnectedError, Lock, type NumberKind, Process, SharedStruct, type StructFields } from "../../mod.ts";
import { moveAll, POINT } from "./fixtures/struct_tasks.ts";
import { isDirect, shared } from "./memory_everywhere.ts";
import { PLACEMENTS, range } from "./queue_everywhere.ts";

/** A field of each kind, and the least and most that it holds; small ones lie between large ones. */
const EXTREMES: readonly [NumberKind, number | bigint, number | bigint][] = [
  ["int8", -128, 127],
  ["float64", -1.5, 2.718281828459045],
  ["uint8", 0, 255],
  ["bigint64", -(2n ** 63n), 2n ** 63n - 1n],
  ["int16", -32_768, 32_767],
  ["int32", -2_147_483_648, 2_147_483_647],
  ["uint16", 0, 65_535],
  ["biguint64", 0n, 2n ** 64n - 1n],
  ["float32", -0.5, 1.25],
  ["uint32", 0, 4_294_967_295],
];
const EVERY_KIND: StructFields = Object.fromEntries(EXTREMES.map(([kind]) => [kind, kind]));
const LEAST = Object.fromEntries(EXTREMES.map(([kind, least]) => [kind, least]));
const MOST = Object.fromEntries(EXTREMES.map(([kind, , most]) => [kind, most]));

shared("a record that any user writes every other reads exactly, of every kind", async ({ home, all }) => {
  for (const writer of all) {
    const struct = await home.call.struct(EVERY_KIND, [LEAST, LEAST, LEAST]);
    assertEquals([struct.length, struct.fields], [3, EVERY_KIND]);
    await writer.call.use(struct, "set", 1, MOST);
    for (const { call } of all) {
      assertEquals(await call.look(struct, "fields"), EVERY_KIND);
      assertEquals(await call.look(struct, "length"), 3);
      // The neighbours are as they were: no field lies on another.
      assertEquals(await call.use(struct, "slice"), [LEAST, MOST, LEAST]);
      assertEquals(await call.use(struct, "get", -2), MOST);
      for (const [kind, least, most] of EXTREMES) {
        assertEquals(await call.use(struct, "get", 1, kind), most);
        assertEquals(await call.use(struct, "get", 2, kind), least);
      }
    }
  }
});

shared("one field is written, added to, exchanged and updated; the others stay", async ({ home, all }) => {
  const struct = await home.call.struct({ a: "int8", b: "float64", c: "bigint64" }, 2) as SharedStruct<
    { a: "int8"; b: "float64"; c: "bigint64" }
  >;
  for (const { call } of all) {
    await call.use(struct, "set", 1, { b: 0.5 });
    assertEquals(await call.use(struct, "add", 1, "c", 5n), 5n);
    assertEquals(await call.use(struct, "compareExchange", 1, "a", 0, 7), 0);
    assertEquals(await call.use(struct, "compareExchange", 1, "a", 0, 9), 7);
    assertEquals(await struct.update(1, "b", (b) => b * 3), 1.5);
    await call.use(struct, "set", 0, {});
    assertEquals(await call.use(struct, "slice"), [{ a: 0, b: 0, c: 0n }, { a: 7, b: 1.5, c: 5n }]);
    await call.use(struct, "set", 1, { a: 0, b: 0, c: 0n });
  }
});

shared("a wrong index, field or value is refused by name, and nothing is written", async ({ home, all }) => {
  const struct = await home.call.struct({ x: "int8", y: "float64" }, [{ x: 1, y: 2 }, { x: 3, y: 4 }]);
  for (const { call } of all) {
    for (const index of [2, -3, 0.5, Infinity]) {
      await assertRejects(() => call.use(struct, "get", index), RangeError, "among 2");
      await assertRejects(() => call.use(struct, "set", index, { x: 9 }), RangeError, "among 2");
      for (const method of ["get", "add", "update", "compareExchange"]) {
        await assertRejects(() => call.use(struct, method, index, "x", 9, 9), RangeError, "among 2");
      }
    }
    await assertRejects(() => call.use(struct, "get", "0"), TypeError, "the index");
    for (const method of ["get", "add", "update", "compareExchange"]) {
      for (const field of ["z", "toString", "__proto__"]) {
        await assertRejects(() => call.use(struct, method, 0, field, 9, 9), TypeError, `no field "${field}"`);
      }
    }
    const refused = [
      [{ y: 9, z: 9 }, TypeError, 'there is no field "z"; known are "x", "y"'],
      [{ y: 9, x: "9" }, TypeError, '"x": int8 holds a number, not "9"'],
      [{ y: 9, x: 9n }, TypeError, '"x": int8 holds a number'],
      [{ y: 9, x: undefined }, TypeError, '"x": int8 holds a number, not undefined'],
      [{ y: 9, x: 128 }, RangeError, '"x": 128 is outside int8'],
      [{ y: 9, x: 1.5 }, RangeError, '"x": int8 holds whole numbers'],
      [null, TypeError, "an object with numbers for its fields is needed, not null"],
      [[9, 9], TypeError, "an object with numbers for its fields is needed"],
      [9, TypeError, "an object with numbers for its fields is needed, not 9"],
    ] as const;
    for (const [values, type, text] of refused) {
      await assertRejects(() => call.use(struct, "set", 0, values), type as ErrorConstructor, text);
    }
    assertEquals(await call.use(struct, "slice"), [{ x: 1, y: 2 }, { x: 3, y: 4 }]);
  }
});

Deno.test("making a struct of wrong fields, length or records throws", () => {
  for (const fields of [{}, null, undefined, "x", ["int8"], 5]) {
    assertThrows(() => new SharedStruct(fields as never, 1), TypeError, "an object with the kind of each field");
  }
  assertThrows(() => new SharedStruct({ x: "double" as "int8" }, 1), TypeError, 'with "x": the kind must be one of');
  const fields = { x: "int8", y: "int8" } as const;
  for (const length of [-1, 1.5, Infinity]) assertThrows(() => new SharedStruct(fields, length), RangeError, "length");
  for (const length of ["12", null, undefined, {}]) {
    assertThrows(() => new SharedStruct(fields, length as number), TypeError, "a length or records are needed");
  }
  const whole = { x: 1, y: 1 };
  const cases = [
    [{ x: 1 }, TypeError, 'record 1: it has no "y"'],
    [{ x: 1, y: 1, z: 1 }, TypeError, 'record 1: there is no field "z"'],
    [{ x: 1, y: 200 }, RangeError, 'record 1, "y": 200 is outside int8'],
    [7, TypeError, "record 1: an object"],
  ] as const;
  for (const [record, type, text] of cases) {
    assertThrows(() => new SharedStruct(fields, [whole, record as typeof whole]), type as ErrorConstructor, text);
  }
});

Deno.test("the definition that a program changes later is not the struct's", async () => {
  const fields: Record<string, NumberKind> = { x: "int8" };
  const struct = new SharedStruct(fields, [{ x: 1 }]);
  fields.x = "float64";
  fields.y = "int8";
  assertEquals([struct.fields, await struct.get(0)], [{ x: "int8" }, { x: 1 }]);
  assertThrows(() => Object.assign(struct.fields, { y: "int8" }), TypeError);
});

shared("a struct of no records is one all the same", async ({ home, all }) => {
  const struct = await home.call.struct({ x: "int8", y: "float64" }, 0);
  for (const { call } of all) {
    assertEquals(await call.use(struct, "slice"), []);
    await assertRejects(() => call.use(struct, "get", 0), RangeError);
  }
});

shared("slices are counted as an array's", async ({ home, all }) => {
  const records = range(0, 6).map((n) => ({ n, m: -n }));
  const struct = await home.call.struct({ n: "int8", m: "int16" }, records);
  for (const { call } of all) {
    for (const [start, end] of [[2, 5], [-3, 10], [0, -1], [7, 100], [-100, 2], [5, 5], [4, 2]]) {
      assertEquals(await call.use(struct, "slice", start, end), records.slice(start, end));
    }
  }
});

shared(
  "…Sync and view work where the memory is shared, and are a TypeError elsewhere",
  async ({ home, all }, where) => {
    const struct = await home.call.struct({ x: "int8", y: "float64" }, [{ x: 1, y: 2 }, { x: 3, y: 4 }]);
    for (const [at, { call }] of all.entries()) {
      const uses = [
        ["getSync", [1], { x: 3, y: 4 }],
        ["getSync", [1, "y"], 4],
        ["setSync", [1, { x: 5 }], undefined],
        ["addSync", [1, "x", -2], 3],
        ["compareExchangeSync", [1, "y", 4, 4], 4],
      ] as const;
      for (const [method, args, result] of uses) {
        const used = call.use(struct, method, ...args);
        if (isDirect(where, PLACEMENTS[at])) assertEquals(await used, result);
        else await assertRejects(() => used, TypeError, "not shared with this process");
      }
    }
  },
);

Deno.test("each field is a typed array over the same memory, aligned", async () => {
  const struct = new SharedStruct({ a: "uint8", b: "float64", c: "int16", d: "biguint64" }, 3);
  const { a, b, c, d } = struct.view;
  assertEquals([a.length, b.length, c.length, d.length], [3, 3, 3, 3]);
  assertEquals([a.byteOffset, b.byteOffset, c.byteOffset, d.byteOffset], [0, 8, 32, 40]);
  assertEquals(new Set([a.buffer, b.buffer, c.buffer, d.buffer]).size, 1);
  a[2] = 255;
  b[2] = 1.5;
  Atomics.add(c, 2, -7);
  Atomics.store(d, 2, 2n ** 64n - 1n);
  assertEquals(await struct.get(2), { a: 255, b: 1.5, c: -7, d: 2n ** 64n - 1n });
  assertEquals(struct.updateSync(2, "b", (old) => old * 2), 3);
});

shared("counts of users in all places are exact, and records under one Lock are whole", async ({ home }) => {
  const struct = await home.call.struct(POINT, 3) as SharedStruct<typeof POINT>;
  const lock = new Lock();
  const users = PLACEMENTS.map((placement) => new Process(moveAll, [struct, lock, 20], { placement }));
  for (const user of users) await user.start();
  for (const user of users) assertEquals((await user.exited).code, 0);
  assertEquals(await struct.slice(), range(0, 3).map(() => ({ x: 60, y: -60, hits: 60 })));
}, ["inline", "process"]);

shared("a struct whose home is gone rejects, where the home has to be asked", async ({ home, all }) => {
  const struct = await home.call.struct({ x: "int8", y: "int8" }, 1) as SharedStruct<{ x: "int8"; y: "int8" }>;
  await home.kill();
  await assertRejects(() => struct.get(0), DisconnectedError, "Cannot read a shared struct: its home is gone");
  await assertRejects(() => struct.set(0, { x: 1 }), DisconnectedError, "Cannot set a shared struct");
  for (const { call, alive } of all) {
    if (alive) await assertRejects(() => call.use(struct, "get", 0), DisconnectedError);
  }
}, ["process"]);
