import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { cpuMs, growth } from "../../cpu_time.ts";
import { NumberMap } from "../../../channels/kernel/number_map.ts";

Deno.test("a NumberMap is a Map from whole numbers, whatever is put in and taken out", () => {
  // Few numbers, of which many look for the same place.
  const key = fc.oneof(fc.nat(40), fc.nat(40).map((n) => n * 16), fc.constantFrom(2 ** 31, 2 ** 32 + 5, 2 ** 52));
  const steps = fc.array(fc.record({ key, put: fc.boolean() }), { maxLength: 400 });
  fc.assert(fc.property(steps, (steps) => {
    const map = new NumberMap<string>();
    const model = new Map<number, string>();
    for (const [i, { key, put }] of steps.entries()) {
      if (put) {
        map.set(key, `${i}`);
        model.set(key, `${i}`);
      } else assertEquals(map.delete(key), model.delete(key));
      assertEquals([map.size, map.get(key)], [model.size, model.get(key)]);
    }
    for (const [key, value] of model) assertEquals(map.get(key), value);
    assertEquals(map.entries(), [...model].sort(([a], [b]) => a - b));
  }));
});

Deno.test("a million entries that come and go leave nothing", () => {
  const map = new NumberMap<number>();
  for (let id = 1; id <= 1_000_000; id++) {
    map.set(id, id);
    if (id > 300) map.delete(id - 300);
  }
  assertEquals([map.size, map.entries().length, map.get(1_000_000)], [300, 300, 1_000_000]);
});

Deno.test("entries of numbers in a row leave at the same cost each, beside one that has stayed for long", async () => {
  const cost = (count: number) =>
    cpuMs(() => {
      for (let round = 0; round < 5; round++) {
        const map = new NumberMap<number>();
        // Its place is asked for again by a number of later.
        map.set(count, 0);
        for (let id = 1; id <= count; id++) map.set(2 ** 24 + id, id);
        for (let id = 1; id <= count; id++) map.delete(2 ** 24 + id);
        assertEquals(map.size, 1);
      }
    });
  await cost(10_000);
  assertLess(await growth(20_000, cost), 10);
});
