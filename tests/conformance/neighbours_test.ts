/** A busy parent delays neither what its children say to each other nor the news of one's death to the other. */

import { assertEquals } from "@std/assert";
import { spawn } from "../../mod.ts";
import { oneTest } from "./actor_contract.ts";
import { Neighbour, Signals } from "./fixtures/neighbours.ts";

/** It computes until its children are done; only when they need it, so long. */
const MOST_MS = 10_000;
const TALKS = 1000;

// Without shared memory threads are linked by the tree alone.
const placements = Deno.env.get("TROUPE_LINK") === "port" ? ["process"] as const : ["thread", "process"] as const;

for (const placement of placements) {
  oneTest(`${TALKS} messages between two children need nothing of their parent (${placement})`, async () => {
    await using one = await spawn(Neighbour, [], { placement });
    await using other = await spawn(Neighbour, [], { placement });
    const { text, over } = await whileBusy(async (folder) => {
      await one.call.meet(other);
      await one.with({ timeoutMs: Infinity }).call.talk(TALKS, folder);
    });
    assertEquals(text, `${TALKS} right, in order`);
    await over;
  });

  oneTest(`that a child is dead, another hears without their parent (${placement})`, async () => {
    await using one = await spawn(Neighbour, [], { placement });
    const other = await spawn(Neighbour, [], { placement });
    const { text, over } = await whileBusy(async (folder) => {
      await one.call.meet(other);
      await one.with({ timeoutMs: Infinity }).call.lose(folder);
    });
    assertEquals(text, "exited");
    await over;
    assertEquals((await other.exited).code, 7);
  });
}

/** Begins something that two actors do, and computes from when they are ready until they say that it is done. */
async function whileBusy(
  begin: (folder: string) => Promise<void>,
): Promise<{ text: string | undefined; over: Promise<void> }> {
  const folder = await Deno.makeTempDir();
  try {
    const signals = new Signals(folder);
    const over = begin(folder);
    await signals.awaited("ready");
    signals.give("busy");
    return { text: signals.compute("done", MOST_MS), over };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
