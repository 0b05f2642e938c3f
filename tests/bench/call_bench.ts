/**
 * Calls and casts of a method that gives back its argument, in every placement, beside the same over bare workers and a
 * bare socket.
 *
 * @module
 */

import { type PlacementName, type Ref, spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, atATime, compare, oneByOne, printMachine } from "./harness.ts";
import { nodeWorker, unixSocket, webWorker } from "./raw_echo.ts";

const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];

printMachine();
await using web = await webWorker();
await using node = await nodeWorker();
await using socket = await unixSocket();
await using refs = new AsyncDisposableStack();
const actors: { readonly name: PlacementName; readonly ref: Ref<Echo> }[] = [];
for (const placement of PLACEMENTS) {
  actors.push({ name: placement, ref: refs.use(await spawn(Echo, [], { placement })) });
}

const callers = [
  { name: "raw web Worker", call: web.call },
  { name: "raw node:worker_threads", call: node.call },
  { name: "raw Unix socket", call: socket.call },
  ...actors.map(({ name, ref }) => ({ name, call: (n: number): Promise<unknown> => ref.call.echo(n) })),
];

function each(run: (call: (n: number) => Promise<unknown>, count: number) => Promise<void>): Alternative[] {
  return callers.map(({ name, call }) => ({ name, run: (count) => run(call, count) }));
}

await compare({
  title: "Calls, one at a time",
  show: "time",
  alternatives: each((call, count) => oneByOne(count, call)),
  goals: [
    { of: "thread", than: "raw web Worker", times: 25 },
    { of: "process", than: "raw Unix socket", times: 1 / 1.3 },
  ],
});
for (const [outstanding, times] of [[16, 4], [256, 8]] as const) {
  await compare({
    title: `Calls, ${outstanding} outstanding`,
    show: "rate",
    alternatives: each((call, count) => atATime(outstanding, count, call)),
    goals: [{ of: "thread", than: "raw web Worker", times }],
  });
}

await compare({
  title: "Calls of an async method, one at a time",
  show: "time",
  alternatives: actors.map(({ name, ref }) => ({
    name,
    run: (count) => oneByOne(count, (n) => ref.call.echoLater(n)),
  })),
});

/** So many casts are sent before an answer shows that they have come: fewer than an outbox takes. */
const BURST = 10_000;

function casting(name: string, cast: (n: number) => void, fence: () => Promise<unknown>): Alternative {
  return {
    name,
    async run(count) {
      for (let sent = 0; sent < count; await fence()) {
        for (const end = Math.min(count, sent + BURST); sent < end; sent++) cast(sent);
      }
    },
  };
}

await compare({
  title: "Casts, until the last is handled",
  show: "rate",
  alternatives: [
    casting("raw web Worker", web.cast, () => web.call(0)),
    casting("raw node:worker_threads", node.cast, () => node.call(0)),
    ...actors.map(({ name, ref }) => casting(name, (n) => ref.cast.count(n), () => ref.call.casts())),
  ],
});
