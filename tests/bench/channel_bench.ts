/**
 * Queues and pipes between the program and a task in each placement, beside a call over bare workers, and beside Python's
 * queues and pipes between processes: there and back is what all of them do.
 *
 * @module
 */

import { type Connection, pipe, type PlacementName, Process, Queue } from "../../mod.ts";
import { moveItems, sendBack, takeItems } from "./echo.ts";
import { type Alternative, atATime, oneByOne, repeating } from "./harness.ts";
import { nodeWorker, webWorker } from "./raw_echo.ts";
import { suite } from "./suite.ts";

const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];

await suite(import.meta.main, async ({ compare, python, stack }) => {
  const web = stack.use(await webWorker());
  const node = stack.use(await nodeWorker());
  const peer = await python("call_peer.py");
  const raw = (run: (call: (n: number) => Promise<unknown>, count: number) => Promise<void>): Alternative[] => [
    { name: "raw web Worker, a call", run: (count) => run(web.call, count) },
    { name: "raw node:worker_threads, a call", run: (count) => run(node.call, count) },
  ];

  const queues: { readonly name: PlacementName; readonly there: Queue<number>; readonly back: Queue<number> }[] = [];
  const takers: typeof queues = [];
  const pipes: { readonly name: PlacementName; readonly end: Connection<number> }[] = [];
  for (const name of PLACEMENTS) {
    const options = { placement: name, daemon: true };
    const [there, back, items, done] = Array.from({ length: 4 }, () => new Queue<number>());
    const [end, other] = pipe<number>();
    const started = [
      new Process(moveItems, [there, back], options),
      new Process(takeItems, [items, done], options),
      new Process(sendBack, [other], options),
    ];
    for (const process of started) {
      // They wait for ever; stopping one would take all of its grace.
      stack.defer(async () => void await process.kill());
      await process.start();
    }
    queues.push({ name, there, back });
    takers.push({ name, there: items, back: done });
    pipes.push({ name, end });
  }

  await compare({
    title: "Queue: put, get and put there, get here, one at a time",
    show: "time",
    batch: 100,
    alternatives: [
      ...raw((call, count) => oneByOne(count, call)),
      ...queues.map(({ name, there, back }) =>
        repeating(name, async (n) => {
          await there.put(n);
          await back.get();
        })
      ),
      peer.alternative("Queue", "queue 1"),
    ],
  });

  await compare({
    title: "Queue: items put here, 64 at a time, and got there",
    show: "rate",
    batch: 1000,
    alternatives: [
      ...raw((call, count) => atATime(64, count, call)),
      ...takers.map(({ name, there, back }) => ({
        name,
        async run(count: number) {
          await atATime(64, count, (n) => there.put(n));
          await there.put(-1);
          await back.get();
        },
      })),
      peer.alternative("Queue", "items 1"),
    ],
  });

  await compare({
    title: "Pipe: send and receive back, one at a time",
    unhurried: true,
    show: "time",
    batch: 100,
    alternatives: [
      ...raw((call, count) => oneByOne(count, call)),
      ...pipes.map(({ name, end }) =>
        repeating(name, async (n) => {
          await end.send(n);
          await end.recv();
        })
      ),
      peer.alternative("Pipe", "pipe 1"),
    ],
  });
});
