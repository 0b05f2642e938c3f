/**
 * Calls and casts of a method that gives back its argument, in every placement, beside the same over bare workers, a bare
 * socket, the libraries that call functions of workers, and Python's pipes.
 *
 * @module
 */

import { logger, type PlacementName, type Ref, spawn } from "../../mod.ts";
import { Echo } from "./echo.ts";
import type { Clock } from "./clock.ts";
import { type Absent, type Alternative, atATime, casting, oneByOne, quick, repeating } from "./harness.ts";
import { comlink, piscina } from "./pool_peers.ts";
import { nodeWorker, unixSocket, webWorker } from "./raw_echo.ts";
import { suite } from "./suite.ts";

const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];
const WEB = "raw web Worker";
const NODE = "raw node:worker_threads";
const SOCKET = "raw Unix socket";

// A mailbox that fills would be a line.
logger.level = "error";
await suite(import.meta.main, async ({ compare, python, stack }) => {
  const web = stack.use(await webWorker());
  const node = stack.use(await nodeWorker());
  const socket = stack.use(await unixSocket());
  const peers = [comlink("Comlink", 1), piscina("Piscina, one thread", 1)].map((peer) => {
    const { name, run } = stack.use(peer);
    return { name, call: (n: number): Promise<unknown> => run("same", n) };
  });
  const pythons = await python("call_peer.py");
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

  function each(
    order: string,
    run: (call: Call, count: number, clock: Clock) => Promise<void>,
    answers = false,
  ): (Alternative | Absent)[] {
    const callers = [...raw, ...peers, ...ours].map(({ name, call }): Alternative => ({
      name,
      run: (count, clock) => run(call, count, clock),
    }));
    return [...callers, pythons.alternative("Pipe", order, answers)];
  }

  await compare({
    title: "Calls, one at a time",
    batch: 100,
    show: "time",
    alternatives: each("pipe 1", (call, count) => oneByOne(count, call)),
  });
  await compare({
    title: "Calls, each to one that has slept for a millisecond",
    show: "time",
    roundMs: quick ? 30 : 100,
    alternatives: each("asleep 1", async (call, count, clock) => {
      for (let i = 0; i < count; i++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        clock.start();
        await call(i);
        clock.end();
      }
    }, true),
  });
  await compare({
    title: "Calls, 16 outstanding",
    batch: 100,
    show: "rate",
    alternatives: each("pipe 16", (call, count) => atATime(16, count, call)),
  });
  await compare({
    title: "Calls, 256 outstanding",
    batch: 1000,
    show: "rate",
    alternatives: [
      ...each("pipe 256", (call, count) => atATime(256, count, call)),
      pythons.alternative("Queue, one way", "items 256"),
    ],
  });

  await compare({
    title: "Calls of an async method, one at a time",
    batch: 100,
    unhurried: true,
    show: "time",
    alternatives: actors.map(({ name, ref }) => repeating(name, (n) => ref.call.echoLater(n))),
  });

  /** So many casts are sent before an answer shows that they have come: fewer than an outbox takes. */
  const BURST = 10_000;

  await compare({
    title: "Casts, until the last is handled",
    batch: 1000,
    show: "rate",
    alternatives: [
      casting(WEB, BURST, web.cast, () => web.call(0)),
      casting(NODE, BURST, node.cast, () => node.call(0)),
      ...actors.map(({ name, ref }) => casting(name, BURST, (n) => ref.cast.count(n), () => ref.call.casts())),
    ],
  });
});
