/**
 * Starting: an actor until its first answer could come, beside a bare worker until its first message, a bare subprocess
 * until it has connected, and Python's `spawn` until its first message. Ending is not part of it.
 *
 * @module
 */

import { type PlacementName, spawn, warm } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, oneByOne, quick } from "./harness.ts";
import { nodeWorker, unixSocket, webWorker } from "./raw_echo.ts";
import { suite } from "./suite.ts";

function starting(name: string, open: () => Promise<AsyncDisposable>): Alternative {
  return {
    name,
    async run(count, clock) {
      const opened: AsyncDisposable[] = [];
      clock.start();
      await oneByOne(count, async () => opened.push(await open()));
      clock.end();
      await Promise.all(opened.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

function actorIn(placement: PlacementName): Alternative {
  return starting(placement, () => spawn(Echo, [], { placement }));
}

/** Only the start counts: the spare was there before, and another comes after it. */
const warmed: Alternative = {
  name: "thread, with a warm spare",
  async run(count, clock) {
    await oneByOne(count, async () => {
      await using _spare = await warm(Echo);
      clock.start();
      await using _ref = await spawn(Echo, [], { placement: "thread" });
      clock.end();
    });
  },
};

await suite(import.meta.main, async ({ compare, python }) => {
  const peer = await python("call_peer.py");
  await compare({
    title: "Start",
    show: "time",
    roundMs: quick ? 40 : 120,
    alternatives: [
      starting("bare web Worker", webWorker),
      starting("bare node:worker_threads", nodeWorker),
      starting("bare deno run, with a socket", unixSocket),
      actorIn("thread"),
      warmed,
      actorIn("process"),
      peer.alternative("spawn", "spawn 1"),
    ],
  });
});
