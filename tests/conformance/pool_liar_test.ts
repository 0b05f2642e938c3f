/** A pool's worker in a subprocess can say anything of what it was given. It can spoil that, and nothing else. */
import { assert, assertEquals } from "@std/assert";
import { Pool } from "../../mod.ts";
import { double, lie, LIES, VALUES, vanish } from "./fixtures/lying_worker.ts";
import { bounded, until, within } from "./bounded.ts";

const SETTLED_MS = 5000;
/** A worker that says nothing more may as well be at work. */
const PATIENCE_MS = 1000;
const items = Array.from({ length: 40 }, (_, n) => n);
const doubled = items.map((n) => 2 * n);

/** What came of lies, told in a pool of two workers that is as before when all is over. */
async function outcomesOf(...lies: ((pool: Pool) => Promise<unknown>)[]): Promise<unknown[]> {
  await using pool = new Pool({ size: 2, placement: "process" });
  const outcomes: unknown[] = [];
  for (const tell of lies) {
    outcomes.push(await within(SETTLED_MS, tell(pool).catch((error) => error)));
    assertEquals(await within(SETTLED_MS, pool.map(double, items, { chunkSize: 3 })), doubled);
    assertEquals(await within(SETTLED_MS, pool.run(double, [4])), 8);
    await until(async () => (await pool.stats()).busy === 0, "nobody is busy", SETTLED_MS);
  }
  return outcomes;
}

for (const header of Object.keys(LIES)) {
  bounded(`a worker that says ${header} spoils its own work alone`, async () => {
    const outcomes = await outcomesOf(
      (pool) => {
        const signal = AbortSignal.timeout(PATIENCE_MS);
        return pool.starmap(lie, [[1, header], [2], [3]], { chunkSize: 3, signal });
      },
      (pool) => pool.run(lie, [1, header], { timeoutMs: PATIENCE_MS }),
    );
    for (const outcome of outcomes) assert(outcome !== undefined);
  });
}

bounded(
  "workers that say they have nothing in hand and die cost an item each, and are not replaced for ever",
  async () => {
    await using pool = new Pool({ size: 1, placement: "process" });
    const outcomes = await within(2 * SETTLED_MS, pool.mapSettled(vanish, [1, 2, 3], { chunkSize: 3 }));
    assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected", "rejected"]);
  },
);

for (const value of Object.keys(VALUES)) {
  bounded(`a worker that answers with ${value} spoils its own work alone`, async () => {
    const settled = async (pool: Pool) => {
      const calls = [[1], [2, undefined, value], [3], [4]] as Parameters<typeof lie>[];
      const all = await Promise.allSettled(calls.map((call) => pool.starmap(lie, [call], { chunkSize: 1 })));
      return all.filter(({ status }) => status === "fulfilled").length;
    };
    const [single, whole, count] = await outcomesOf(
      (pool) => pool.run(lie, [1, undefined, value]),
      (pool) => pool.starmap(lie, [[1, undefined, value], [2], [3]], { chunkSize: 3 }),
      settled,
    );
    assert(single !== undefined);
    assert(whole instanceof Error, Deno.inspect(whole));
    assert((count as number) >= 2, `of four maps ${count} were done`);
  });
}

bounded("a worker that answers a chunk with too much overwrites no result of another", async () => {
  for (const value of Object.keys(VALUES)) {
    await using pool = new Pool({ size: 2, placement: "process" });
    const liars = items.map((n) => n === 7 ? [n, undefined, value] : [n]) as Parameters<typeof lie>[];
    const outcome = await within(SETTLED_MS, pool.starmap(lie, liars, { chunkSize: 1 }).catch((error) => error));
    assert(outcome instanceof Error, value);
  }
});
