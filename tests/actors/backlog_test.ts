import { assertEquals, assertLess } from "@std/assert";
import { Backlog } from "../../actors/pool/backlog.ts";
import type { Chunk } from "../../actors/pool/chunk.ts";
import { Chance } from "../chance.ts";
import { cpuMs, growth } from "../cpu_time.ts";

/** As far as a backlog looks at one. */
function chunk(priority: number): Chunk {
  return { priority, single: true } as Chunk;
}

Deno.test("a Backlog gives the most urgent first, and first come first served among equals", () => {
  const chance = new Chance(20_261_130);
  const backlog = new Backlog();
  let model: Chunk[] = [];
  for (let step = 0; step < 20_000; step++) {
    // Sometimes there are few priorities, sometimes many.
    const added = chunk(chance.below(step % 2000 < 1000 ? 5 : 1000));
    const choice = chance.below(9);
    if (choice < 3) {
      backlog.push(added);
      const at = model.findIndex(({ priority }) => priority < added.priority);
      model.splice(at < 0 ? model.length : at, 0, added);
    } else if (choice < 4) {
      backlog.unshift(added);
      const at = model.findIndex(({ priority }) => priority <= added.priority);
      model.splice(at < 0 ? model.length : at, 0, added);
    } else if (choice < 6) assertEquals(backlog.shift(), model.shift());
    else if (choice < 8) {
      const [gone] = model.splice(chance.below(model.length + 1), 1);
      if (gone !== undefined) assertEquals([backlog.remove(gone), backlog.remove(gone)], [true, false]);
    } else if (chance.oneIn(50)) {
      const isMeant = ({ priority }: Chunk) => priority % 2 === 0;
      assertEquals(backlog.clear(isMeant), model.filter(isMeant));
      model = model.filter((one) => !isMeant(one));
    }
    assertEquals([backlog.peek(), backlog.size, backlog.calls], [model[0], model.length, model.length]);
  }
});

for (const [name, by] of [["rising", 1], ["falling", -1], ["mixed", 7919]] as const) {
  Deno.test(`chunks of as many ${name} priorities are added and removed at the same cost each`, async () => {
    const cost = (count: number) => {
      const chunks = Array.from({ length: count }, (_, at) => chunk(at * by % count));
      return cpuMs(() => {
        const backlog = new Backlog();
        for (const one of chunks) {
          backlog.push(one);
          backlog.peek();
        }
        for (const one of chunks) {
          backlog.remove(one);
          backlog.peek();
        }
        assertEquals(backlog.size, 0);
      });
    };
    await cost(4000);
    assertLess(await growth(8000, cost), 10);
  });
}
