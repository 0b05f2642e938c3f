/**
 * Calls and casts of a method that gives back its argument, in every placement, beside the same over bare workers, a bare
 * socket, the libraries that call functions of workers, and Python's pipes.
 *
 * @module
 */

import { type PlacementName, type Ref, spawn } from "../../mod.ts";
import { comlink, piscina } from "./call_peers.ts";
import { Echo } from "./echo.ts";
import { perSecond } from "./goal.ts";
import { type Absent, type Alternative, atATime, compare, inBursts, oneByOne, printMachine, quick } from "./harness.ts";
import { type OtherProgram, python } from "./other_program.ts";
import { nodeWorker, unixSocket, webWorker } from "./raw_echo.ts";

const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];
const WEB = "raw web Worker";
const NODE = "raw node:worker_threads";
const SOCKET = "raw Unix socket";
const PIPE = "Python Pipe";

printMachine();
await using stack = new AsyncDisposableStack();
const web = stack.use(await webWorker());
const node = stack.use(await nodeWorker());
const socket = stack.use(await unixSocket());
const peers = [comlink(), piscina()].map((peer) => stack.use(peer));
const pythons: OtherProgram = stack.use(await python("call_peer.py"));
const actors: { readonly name: PlacementName; readonly ref: Ref<Echo> }[] = [];
for (const placement of PLACEMENTS) {
  actors.push({ name: placement, ref: stack.use(await spawn(Echo, [], { placement })) });
}
type Call = (n: number) => Promise<unknown>;
const raw: readonly { readonly name: string; readonly call: Call }[] = [
  { name: WEB, call: web.call },
  { name: NODE, call: node.call },
  { name: SOCKET, call: socket.call },
];
const ours = actors.map(({ name, ref }) => ({ name, call: (n: number): Promise<unknown> => ref.call.echo(n) }));

function each(order: string, run: (call: Call, count: number) => Promise<void | number>): (Alternative | Absent)[] {
  const callers = [...raw, ...peers, ...ours].map(({ name, call }) => ({ name, run: (n: number) => run(call, n) }));
  return [...callers, pythons.alternative("Pipe", order)];
}

await compare({
  title: "Calls, one at a time",
  show: "time",
  alternatives: each("pipe 1", (call, count) => oneByOne(count, call)),
  goals: [
    { of: "thread", atMost: 3 },
    { of: "thread", than: WEB, times: 25 },
    { of: "thread", than: PIPE, times: 10 },
    { of: "process", than: SOCKET, times: 1 / 1.3 },
  ],
});
await compare({
  title: "Calls, each to one that has slept for a millisecond",
  show: "time",
  roundMs: quick ? 30 : 100,
  alternatives: each("asleep 1", async (call, count) => {
    let took = 0;
    for (let i = 0; i < count; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const began = performance.now();
      await call(i);
      took += performance.now() - began;
    }
    return 1000 * took;
  }).map((one) =>
    one.name !== PIPE || "absent" in one ? one : { name: PIPE, run: (count) => pythons.figure("asleep 1", count) }
  ),
  goals: [{ of: "thread", than: WEB, times: 1 }],
});
await compare({
  title: "Calls, 16 outstanding",
  show: "rate",
  alternatives: each("pipe 16", (call, count) => atATime(16, count, call)),
  goals: [{ of: "thread", than: WEB, times: 4 }],
});
await compare({
  title: "Calls, 256 outstanding",
  show: "rate",
  alternatives: [
    ...each("pipe 256", (call, count) => atATime(256, count, call)),
    pythons.alternative("Queue, one way", "items 256"),
  ],
  goals: [
    { of: "thread", atMost: perSecond(1.5e6) },
    { of: "thread", than: WEB, times: 8 },
    { of: "thread", than: "Comlink", times: 15 },
    { of: "process", atMost: perSecond(0.6e6) },
    { of: "process", than: [PIPE, "Python Queue, one way"], times: 3 },
  ],
});

await compare({
  title: "Calls of an async method, one at a time",
  unhurried: true,
  show: "time",
  alternatives: actors.map(({ name, ref }) => ({
    name,
    run: (count) => oneByOne(count, (n) => ref.call.echoLater(n)),
  })),
});

/** So many casts are sent before an answer shows that they have come: fewer than an outbox takes. */
const BURST = 10_000;

function casting(name: string, cast: (n: number) => void, fence: () => Promise<unknown>): Alternative {
  return { name, run: (count) => inBursts(BURST, count, cast, fence) };
}

await compare({
  title: "Casts, until the last is handled",
  show: "rate",
  alternatives: [
    casting(WEB, web.cast, () => web.call(0)),
    casting(NODE, node.cast, () => node.call(0)),
    ...actors.map(({ name, ref }) => casting(name, (n) => ref.cast.count(n), () => ref.call.casts())),
  ],
  goals: [{ of: "thread", atMost: perSecond(2.5e6) }],
});
