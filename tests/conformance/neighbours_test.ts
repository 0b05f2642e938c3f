/** A busy parent delays neither what its children say to each other nor the news of one's death to the other. */

import { assertEquals } from "@std/assert";
import { spawn } from "../../mod.ts";
import { oneTest } from "./actor_contract.ts";
import { Neighbour, Signals } from "./fixtures/neighbours.ts";

/** It computes until its children are done; only when they need it, so long. */
const MOST_MS = 10_000;
const TALKS = 1000;
/** How one ended counts as unknown, if whoever started it has not said so after half a second. */
const LONGER_THAN_ITS_WORD_MS = 1200;

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

oneTest("messages of an actor that is killed come in order, even if some of them move a buffer", async () => {
  await using other = await spawn(Neighbour, [], { placement: "thread" });
  const one = await spawn(Neighbour, [], { placement: "thread" });
  await one.call.meet(other);
  await using folder = await temporaryFolder();
  one.cast.sayAndSpin(folder.path);
  await new Signals(folder.path).awaited("ready");
  await one.kill();
  assertEquals(await other.call.heard(), [0, 1]);
});

oneTest(
  "what one says who ends while its parent is busy comes in order, be it that some of it needs the parent",
  async () => {
    await using other = await spawn(Neighbour, [], { placement: "thread" });
    const one = await spawn(Neighbour, [], { placement: "thread" });
    await one.call.meet(other);
    const { text } = await whileBusy((folder) => one.cast.sayAndLeave(folder), LONGER_THAN_ITS_WORD_MS);
    assertEquals(text, undefined);
    await one.exited;
    assertEquals(await other.call.heard(), [0, 1]);
  },
);

/** Begins something that two actors do, and computes from when they are ready until they say that it is done. */
async function whileBusy(
  begin: (folder: string) => Promise<void> | void,
  mostMs: number = MOST_MS,
): Promise<{ text: string | undefined; over: Promise<void> }> {
  await using folder = await temporaryFolder();
  const signals = new Signals(folder.path);
  const over = Promise.resolve(begin(folder.path));
  await signals.awaited("ready");
  signals.give("busy");
  return { text: signals.compute("done", mostMs), over };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
