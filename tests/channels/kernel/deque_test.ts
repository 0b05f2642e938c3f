import { assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { cpuMs, growth } from "../../cpu_time.ts";
import { Deque } from "../../../channels/kernel/deque.ts";

const order = (one: number, other: number) => one - other;

/** Operations on a deque, and on the array that it must be like. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("push" as const), count: fc.integer({ min: 1, max: 100 }) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("shift" as const), count: fc.integer({ min: 1, max: 120 }) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("unshift" as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("remove" as const), which: fc.nat() }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("leave" as const), from: fc.nat(), by: fc.constantFrom(1, 2, -1, -3) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant("merge" as const),
        left: fc.nat(20),
        near: fc.array(fc.nat(), { maxLength: 9 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const) }) },
  ),
  { maxLength: 60, size: "max" },
);

Deno.test("Deque does what an array would do", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const deque = new Deque<number>();
      const array: number[] = [];
      let next = 0;
      for (const step of steps) {
        switch (step.do) {
          case "push":
            for (let n = 0; n < step.count; n++) {
              deque.push(++next);
              array.push(next);
            }
            break;
          case "shift":
            for (let n = 0; n < step.count; n++) assertEquals(deque.shift(), array.shift());
            break;
          case "unshift":
            deque.unshift(++next);
            array.unshift(next);
            break;
          case "remove": {
            const item = array[step.which % (array.length + 1)];
            assertEquals(deque.remove(item), item !== undefined);
            if (item !== undefined) array.splice(array.indexOf(item), 1);
            break;
          }
          case "leave": {
            const leaving: number[] = [];
            for (let at = step.from % (array.length + 1); at in array; at += step.by) leaving.push(array[at]);
            for (const item of leaving) {
              assertEquals([deque.has(item), deque.remove(item), deque.has(item)], [true, true, false]);
              array.splice(array.indexOf(item), 1);
              assertEquals([deque.size, deque.peek()], [array.length, array[0]]);
            }
            break;
          }
          case "merge": {
            // A merge needs items that are in order.
            const all = [...deque.clear(), ...array.splice(0)].sort(order).filter((_, at) => at % 2 === 0);
            for (const item of all) deque.push(item);
            for (let n = 0; n < step.left && all.length > 0; n++) deque.remove(all.splice(n % all.length, 1)[0]);
            const added = step.near.map((at) => (all[at % (all.length + 1)] ?? 0) + Math.sin(++next));
            deque.merge(added, order);
            array.push(...all.concat(added).sort(order));
            break;
          }
          case "clear":
            assertEquals(deque.clear(), array.splice(0));
        }
        assertEquals([deque.size, deque.peek()], [array.length, array[0]]);
      }
      assertEquals([...deque], array);
    }),
    { numRuns: 500, seed: 20_260_102 },
  );
});

Deno.test("Deque keeps nothing that was taken from it, and does not change under who reads it", () => {
  const deque = new Deque<{ name: string }>();
  for (const name of ["a", "b", "c"]) deque.push({ name });
  const read: string[] = [];
  for (const item of deque) {
    read.push(item.name);
    deque.shift();
    deque.push({ name: "later" });
  }
  assertEquals(read, ["a", "b", "c"]);
});

Deno.test("300000 items are taken from a Deque in less than 10 s, which moving the others each time would not allow", () => {
  const start = performance.now();
  const deque = new Deque<number>();
  const count = 300_000;
  for (let n = 0; n < count; n++) deque.push(n);
  for (let n = 0; n < count; n++) assertSame(deque.shift(), n);
  assertEquals(deque.size, 0);
  assertLess(performance.now() - start, 10_000);
});

const ORDERS = [["from the first on", 1], ["every second", 2], ["from the last on", -1], ["in any order", 0]] as const;
for (const [name, by] of ORDERS) {
  Deno.test(`items that leave a Deque ${name} leave at the same cost each`, async () => {
    const cost = (count: number) => {
      const items = Array.from({ length: count }, (_, at) => ({ at }));
      const leaving = items.slice(1, -1).filter(({ at }) => by === 0 || at % by === 0);
      if (by < 0) leaving.reverse();
      if (by === 0) leaving.sort((one, other) => one.at * 7919 % count - other.at * 7919 % count);
      return cpuMs(() => {
        for (let round = 0; round < 5; round++) {
          const deque = new Deque<object>();
          for (const item of items) deque.push(item);
          for (const item of leaving) deque.remove(item);
          assertEquals(deque.size, count - leaving.length);
        }
      });
    };
    await cost(10_000);
    assertLess(await growth(20_000, cost), 10);
  });
}

function assertSame(actual: number | undefined, expected: number): void {
  if (actual !== expected) assertEquals(actual, expected);
}
