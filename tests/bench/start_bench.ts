/**
 * Starting: an actor until its first answer could come, beside a bare worker until its first message and a bare
 * subprocess until its first byte. Ending is not part of it.
 *
 * @module
 */

import { type PlacementName, spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, compare, oneByOne, printMachine, quick } from "./harness.ts";
import { moduleOf, nodeWorker, webWorker } from "./raw_echo.ts";

const HELLO = moduleOf(`console.log("ready");`);

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

async function subprocess(): Promise<AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", HELLO],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return {
    async [Symbol.asyncDispose]() {
      await child.status;
    },
  };
}

printMachine();
const roundMs = quick ? 40 : 120;
await compare({
  title: "Start",
  show: "time",
  roundMs,
  alternatives: [
    starting("bare web Worker", webWorker),
    starting("bare node:worker_threads", nodeWorker),
    starting("bare deno run", subprocess),
    actorIn("thread"),
    actorIn("process"),
  ],
});
await compare({ title: "Start in this isolate", show: "time", roundMs, alternatives: [actorIn("inline")] });
