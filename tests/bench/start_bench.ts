/**
 * Starting: an actor until its first answer could come, beside a bare worker until its first message, a bare subprocess
 * until it has connected, and Python's `spawn` until its first message. Ending is not part of it.
 *
 * @module
 */

import { type PlacementName, spawn, warm } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, compare, oneByOne, printMachine, quick } from "./harness.ts";
import { python } from "./other_program.ts";
import { nodeWorker, unixSocket, webWorker } from "./raw_echo.ts";

function starting(name: string, open: () => Promise<AsyncDisposable>): Alternative {
  return {
    name,
    async run(count) {
      const opened: AsyncDisposable[] = [];
      await oneByOne(count, async () => opened.push(await open()));
      return () => Promise.all(opened.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

function actorIn(placement: PlacementName): Alternative {
  return starting(placement, () => spawn(Echo, [], { placement }));
}

/** Only the start counts: the spare was there before, and another comes after it. */
const warmed: Alternative = {
  name: "thread, with a warm spare",
  async run(count) {
    let tookMs = 0;
    await oneByOne(count, async () => {
      await using _spare = await warm(Echo);
      const began = performance.now();
      await using _ref = await spawn(Echo, [], { placement: "thread" });
      tookMs += performance.now() - began;
    });
    return 1000 * tookMs;
  },
};

printMachine();
await using peer = await python("call_peer.py");
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
  goals: [
    { of: "thread", than: "bare node:worker_threads", times: 1 / 1.3 },
    { of: warmed.name, atMost: 3000 },
    { of: "process", than: "bare deno run, with a socket", times: 1 / 1.5 },
  ],
});
