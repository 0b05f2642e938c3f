/** Items that come at the very moment of a stop: each is either delivered or still there. */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { pipe, type PlacementName, Process, Queue } from "../../mod.ts";
import { firstSeed, rounds } from "../soak.ts";
import { bounded, range } from "./bounded.ts";
import { randomOf } from "./fixtures/queue_aborts.ts";
import { passOn, takeAll } from "./fixtures/stop_waiters.ts";
import { PATIENTLY, STOPPED } from "./stopped.ts";

const SEED = firstSeed(1);
const COUNTS: Readonly<Record<PlacementName, number>> = {
  inline: rounds(100, 1000),
  thread: rounds(8, 1000),
  process: rounds(4, 1000),
};

for (const [placement, count] of Object.entries(COUNTS) as [PlacementName, number][]) {
  const seeds = Array.from({ length: count }, (_, at) => SEED + at);
  const boundMs = 20_000 + 2000 * count;

  bounded(
    `an item that comes to a reader that is being stopped is delivered or still there (${placement})`,
    async () => {
      for (const seed of seeds) {
        await takeUntilStopped(placement, seed).catch((cause) => {
          throw new Error(`With TROUPE_SEED=${seed}`, { cause });
        });
      }
    },
    boundMs,
  );

  bounded(
    `one that takes from here and puts there is stopped, whatever comes then (${placement})`,
    async () => {
      for (const seed of seeds) {
        await passOnUntilStopped(placement, seed).catch((cause) => {
          throw new Error(`With TROUPE_SEED=${seed}`, { cause });
        });
      }
    },
    boundMs,
  );
}

async function takeUntilStopped(placement: PlacementName, seed: number): Promise<void> {
  const random = randomOf(seed);
  const [isPipe, how] = [random() < 0.4, random() < 0.7 ? "iteration" : "one by one"] as const;
  const queue = new Queue<number>(random() < 0.3 ? { maxSize: 3 } : {});
  const [receiver, sender] = pipe<number>();
  const said = new Queue<string>();
  const p = new Process(takeAll, [isPipe ? receiver : queue, how, said], { placement });
  await p.start();
  // Used after it was passed on, the end stays the test's, too.
  await receiver.poll();
  await said.get();
  let sent = 0;
  const over = new AbortController();
  const sending = (async () => {
    const { signal } = over;
    while (!signal.aborted) {
      const give = isPipe ? sender.send(sent, { signal }) : queue.put(sent, { signal });
      if (random() < 0.7) await give.then(() => sent++, () => {});
      else {
        // Several are under way at a time.
        const more = isPipe ? sender.send(sent + 1, { signal }) : queue.put(sent + 1, { signal });
        for (const one of await Promise.allSettled([give, more])) if (one.status === "fulfilled") sent++;
      }
      const pause = random();
      if (pause < 0.3) await delay(random() * 2);
      else if (pause < 0.5) await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  if (random() < 0.8) await delay(random() * 8);
  const stopped = p.stop(PATIENTLY);
  assertEquals(await stopped, STOPPED);
  over.abort();
  await sending;
  const taken = await p.result;
  const left: number[] = [];
  while (true) {
    const one = await (isPipe ? receiver.tryRecv() : queue.tryGet());
    if (one === undefined) break;
    left.push(one.value);
  }
  assertEquals([...taken, ...left], range(sent), `${taken.length} were taken`);
}

async function passOnUntilStopped(placement: PlacementName, seed: number): Promise<void> {
  const random = randomOf(seed);
  const [from, to] = [new Queue<number>(), new Queue<number>(random() < 0.3 ? { maxSize: 2 } : {})];
  const p = new Process(passOn, [from, to], { placement });
  await p.start();
  const isOver = { now: false };
  const feeding = (async () => {
    for (let n = 0; !isOver.now; n++) {
      await from.put(n);
      if (random() < 0.5) await to.get({ timeoutMs: 5 }).catch(() => {});
      // Waits at a queue of this isolate take no turn of the event loop: without this one nothing else would ever happen.
      if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await delay(random() * 8);
  assertEquals(await p.stop(PATIENTLY), STOPPED);
  isOver.now = true;
  await feeding;
}
