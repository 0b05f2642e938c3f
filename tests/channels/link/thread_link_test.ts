/** Links to real threads that are busy, stall, and are ended at any moment. */

import { assert, assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { Worker } from "node:worker_threads";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { linkToThread, shareMemory, type ThreadLink } from "../../../channels/link/thread_link.ts";
import { rounds } from "../../soak.ts";
import { randomBy, Stream } from "./stream.ts";

/** How many messages each side sends, and how many threads are ended. */
const MESSAGES = rounds(5000, 1_000_000);
const SEEDS = rounds(12, 200);
const BOUND_MS = 30_000 + MESSAGES / 2;

interface Peer extends AsyncDisposable {
  readonly link: ThreadLink;
  /** Resolves when the thread is gone. */
  readonly gone: Promise<unknown>;
  kill(): void;
}

const KINDS = ["port", "ring", "ring between two that may be terminated"];

/** Starts a thread that sends so many frames, over a ring or over its port alone. */
async function startThread(kind: string, seed: number, count: number): Promise<Peer> {
  const memory = kind === "port" ? undefined : shareMemory(isolate.nextChildId("thread"))!;
  if (memory !== undefined && kind !== "ring") Object.assign(memory.link, { immortalStarter: false });
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL("./fixtures/streaming_thread.ts", import.meta.url), {
    workerData: { memory, beside: port2, seed, count },
    transferList: [port2],
  } as WorkerOptions);
  const link = linkToThread(worker, memory, port1);
  const gone = new Promise((resolve) => worker.on("exit", resolve));
  const kill = () => {
    link.doom();
    void worker.terminate();
  };
  await deadline(link.heard, BOUND_MS);
  return {
    link,
    gone,
    kill,
    async [Symbol.asyncDispose]() {
      kill();
      await gone;
      link.drain();
    },
  };
}

for (const kind of KINDS) {
  Deno.test(`${kind}: ${MESSAGES} messages of mixed sizes each way, with stalls, arrive once and in order`, async () => {
    const seed = 1 + Math.floor(Math.random() * 2 ** 30);
    await using peer = await startThread(kind, seed, MESSAGES);
    const stream = new Stream(peer.link, seed + 1, MESSAGES);
    peer.link.start({ frame: (frame) => stream.take(frame), closed: () => {} });
    await deadline(Promise.all([stream.run(), stream.all]), BOUND_MS);
    assertEquals([stream.taken, stream.wrong], [MESSAGES, undefined], `seed ${seed}`);
  });
}

Deno.test(`of ${SEEDS} writers that are killed at any moment nothing comes torn or after a gap, and nothing after the end`, async () => {
  const random = randomBy(Date.now());
  for (let i = 0; i < SEEDS; i++) {
    const seed = 1 + Math.floor(random() * 2 ** 30);
    await using peer = await startThread("ring", seed, Infinity);
    const stream = new Stream(peer.link, 0, Infinity);
    let ends = 0;
    peer.link.start({
      frame(frame) {
        assertEquals(ends, 0);
        stream.take(frame);
      },
      closed: () => ends++,
    });
    const enough = Math.floor(500 * random());
    await deadline(
      (async () => {
        while (stream.taken < enough) await new Promise((resolve) => setImmediate(resolve));
      })(),
      BOUND_MS,
    );
    peer.kill();
    await deadline(peer.gone, BOUND_MS);
    peer.link.drain();
    const { taken } = stream;
    await new Promise((resolve) => setImmediate(resolve));
    assertEquals([stream.wrong, stream.taken, ends], [undefined, taken, 1], `seed ${seed}`);
    assert(taken >= enough);
  }
});
