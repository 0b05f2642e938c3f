/** What neighbours say to each other comes once and in order, whatever it is, and a death hangs and loses nothing else. */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { logger, spawn } from "../../mod.ts";
import { rounds } from "../soak.ts";
import { oneTest, within } from "./actor_contract.ts";
import { Gossip } from "./fixtures/gossip.ts";
import { random } from "./fixtures/random.ts";

const NEIGHBOURS = 4;
const MESSAGES = 400;
const SEEDS = rounds(3, 100);

for (const placement of ["thread", "process"] as const) {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const dies = seed % 3 === 0 ? "one of whom is killed" : "who all live";
    oneTest(`schedule ${seed} of neighbours, ${dies}: once, and in order (${placement})`, async () => {
      const below = random(seed);
      await using stack = new AsyncDisposableStack();
      // What is said to the dead is dead letters, and they are many.
      stack.defer(() => void (logger.level = "warn"));
      logger.level = "silent";
      const all = await Promise.all(
        Array.from(
          { length: NEIGHBOURS },
          async (_, me) => stack.use(await spawn(Gossip, [me], { placement, concurrency: 2 })),
        ),
      );
      await Promise.all(all.map((one) => one.call.meet(all)));
      const spreads = all.map((one, me) => one.with({ timeoutMs: Infinity }).call.spread(seed * 100 + me, MESSAGES));
      const victim = seed % 3 === 0 ? below(NEIGHBOURS) : undefined;
      if (victim !== undefined) {
        spreads[victim] = spreads[victim].catch(() => ({ said: [], errors: [] }));
        await delay(below(200));
        await all[victim].kill();
      }
      const results = await within(Promise.all(spreads), 60_000);
      for (const [me, one] of all.entries()) {
        if (me === victim) continue;
        const { heard, wrong } = await one.call.heard();
        assertEquals([results[me].errors, wrong], [[], []]);
        for (const [who, { said }] of results.entries()) {
          if (who !== me && who !== victim) assertEquals(heard[who] ?? 0, said[me] ?? 0, `${who} to ${me}`);
        }
      }
    }, 90_000);
  }
}
