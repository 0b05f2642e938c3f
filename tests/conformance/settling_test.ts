/** The end of an actor of which very many want something, and of one who wants very much. */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { ActorExitedError, type PlacementName, Queue, spawn } from "../../mod.ts";
import { cpuMs, growth } from "../cpu_time.ts";
import { oneTest, PLACEMENTS } from "./actor_contract.ts";
import { turns } from "./bounded.ts";
import { Besieged } from "./fixtures/besieged.ts";
import { APART } from "./pool_everywhere.ts";

/** So many calls are made in no moment on a machine that others use too. */
const BOUND_MS = 60_000;

function each(name: string, test: (placement: PlacementName) => Promise<void>, placements = PLACEMENTS): void {
  for (const placement of placements) oneTest(`${name} (${placement})`, () => test(placement), BOUND_MS);
}

/** Kills an actor that owes so many answers; calls `killed` at the kill, and `last` once all are settled. */
async function siege(placement: PlacementName, count: number, killed: () => void, last: () => void): Promise<void> {
  const ref = await spawn(Besieged, [], { placement });
  const calls = [ref.with({ timeoutMs: Infinity }).call.block()];
  for (let n = 1; n < count; n++) calls.push(ref.with({ timeoutMs: Infinity }).call.add(n) as Promise<never>);
  const settled = Promise.allSettled(calls).then((outcomes) => {
    last();
    return outcomes;
  });
  await turns();
  killed();
  await ref.kill();
  for (const outcome of await settled) {
    assert(outcome.status === "rejected" && outcome.reason instanceof ActorExitedError);
  }
}

each(
  "pending calls settle at their actor's death, each at the same cost, however many they are",
  async (placement) => {
    const cost = async (count: number) => {
      const { promise: dies, resolve: killed } = Promise.withResolvers<void>();
      const { promise: over, resolve: last } = Promise.withResolvers<void>();
      const sieged = siege(placement, count, killed, last);
      await dies;
      const cost = await cpuMs(() => over);
      await sieged;
      return cost;
    };
    assertLess(await growth(10_000, cost), 9);
  },
);

each("timers go on while very many calls settle", async (placement) => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 0);
  let [before, after] = [0, 0];
  await siege(placement, 40_000, () => before = ticks, () => after = ticks);
  clearInterval(timer);
  // A turn for each thousand, at least.
  assertGreater(after - before, 20);
});

each("requests of a dead actor are taken back, each at the same cost", async (placement) => {
  const cost = async (count: number) => {
    const queue = new Queue<number>();
    const ref = await spawn(Besieged, [], { placement });
    await ref.with({ timeoutMs: Infinity }).call.wait(queue, count);
    const cost = await cpuMs(async () => void await ref.kill());
    await queue.put(1);
    assertEquals(await queue.tryGet(), { value: 1 });
    return cost;
  };
  assertLess(await growth(10_000, cost), 9);
}, APART);
