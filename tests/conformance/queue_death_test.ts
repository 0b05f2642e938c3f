/** Users of a queue that die at the worst moment, and a queue whose home dies. */

import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { DisconnectedError, Queue } from "../../mod.ts";
import { putAll, relay, takeSome } from "./fixtures/queue_tasks.ts";
import { askAndSpin, marked, putAndDie, putMarked, waitForItem } from "./fixtures/queue_victims.ts";
import type { Where } from "./place.ts";
import { everywhere, KILLABLE, type QueuePlace, range, rest, within } from "./queue_everywhere.ts";
import { rounds } from "../soak.ts";

everywhere(
  "[BEAT-08] [pain-08] an item whose put has resolved is there when its producer died at once",
  async (place) => {
    const queue = new Queue<unknown>();
    const item = { text: "kept", bytes: new Uint8Array(100_000).fill(7) };
    const children = await Promise.all(range(0, 3).map(() => place.start(putAndDie, queue, item)));
    for (const child of children) assertGreater(Math.abs((await child.join())!.code), 0);
    assertEquals(await queue.size(), 3);
    for (const _child of children) assertEquals(await queue.get(), item);
  },
);

const ITEM_BYTES = 100_000;
const ROUND_MS = 30_000;
const ROUNDS: Partial<Record<Where, number>> = {
  "thread": rounds(50, 1000),
  "process": rounds(15, 100),
  "remote thread": rounds(15, 500),
};

for (const placement of KILLABLE) {
  const producers = ROUNDS[placement]!;
  everywhere(
    `[BEAT-06] [pain-06] ${producers} producers killed in the middle of puts of 100 KB: no torn item, the queue lives`,
    (place) => killProducers(place, producers),
    // Each round has its own bound, by which a hang is found.
    { placements: [placement], testMs: 1_800_000 },
  );
}

/** Two at a time, so that one starts while the other is killed; each is killed at another point of its work. */
async function killProducers(place: QueuePlace, producers: number): Promise<void> {
  const queue = new Queue<Uint8Array>({ maxSize: 4 });
  const counts = new Map<number, number>();
  const waiting = new Map<number, { count: number; reached: () => void }>();
  const reading = (async () => {
    for await (const item of queue) {
      const view = new DataView(item.buffer);
      const [producer, number] = [view.getUint32(0), view.getUint32(4)];
      assertEquals(number, counts.get(producer) ?? 0, "items of one producer come in order, none lost, none twice");
      assertEquals(Buffer.compare(item, marked(producer, number, ITEM_BYTES)), 0, "an item is torn");
      counts.set(producer, number + 1);
      const wait = waiting.get(producer);
      if (wait?.count === number + 1) wait.reached();
    }
  })();
  let next = 0;
  const lane = async () => {
    while (next < producers) {
      const producer = next++;
      const reached = new Promise<void>((resolve) =>
        waiting.set(producer, { count: 1 + producer % 7, reached: resolve })
      );
      const child = await place.start(putMarked, queue, producer, ITEM_BYTES);
      await within(ROUND_MS, Promise.race([reached, reading]));
      await within(ROUND_MS, child.kill());
      waiting.delete(producer);
    }
  };
  await Promise.all([lane(), lane()]);
  await queue.close();
  await within(ROUND_MS, reading);
  assertEquals(counts.size, producers);

  const [there, back] = [new Queue<unknown>(), new Queue<unknown>()];
  await place.start(relay, there, back);
  await there.put("alive");
  assertEquals(await within(ROUND_MS, back.get()), "alive");
}

everywhere("[pain-05] consumers killed while they wait for an item take none with them", async (place) => {
  const [queue, waiting] = [new Queue<unknown>(), new Queue<unknown>()];
  const victims = await Promise.all(range(0, 3).map(() => place.start(waitForItem, queue, waiting)));
  const survivor = await place.start(takeSome, queue, 5);
  for (const _victim of victims) await waiting.get();
  for (const victim of victims) await victim.kill();
  const producer = await place.start(putAll, queue, range(0, 5));
  assertEquals(await within(10_000, survivor.result), range(0, 5));
  await producer.join();
  assertEquals(await queue.size(), 0);
});

everywhere(
  "[pain-05] an item sent to a consumer who died before it had acknowledged it is the first again",
  async (place) => {
    const [queue, asked] = [new Queue<unknown>(), new Queue<unknown>()];
    const victims = await Promise.all(range(0, 2).map(() => place.start(askAndSpin, queue, asked)));
    for (const _victim of victims) await asked.get();
    for (const n of range(0, 5)) await queue.put(n);
    // Two items are on their way to the victims, who will never read them.
    assertEquals(await queue.size(), 3);
    assertEquals(await queue.get(), 2);
    await victims[1].kill();
    await victims[0].kill();
    assertEquals(await queue.size(), 4);
    await queue.close();
    assertEquals(await rest(queue), [0, 1, 3, 4]);
  },
  { placements: KILLABLE },
);

everywhere(
  "[pain-05] a closed queue does not end while an item may still come back, and ends when it has",
  async (place) => {
    const [queue, asked] = [new Queue<unknown>(), new Queue<unknown>()];
    const victim = await place.start(askAndSpin, queue, asked);
    await asked.get();
    await queue.put("back");
    await queue.close();
    const items = rest(queue);
    assertEquals(await queue.size(), 0);
    await victim.kill();
    assertEquals(await within(10_000, items), ["back"]);
  },
  { placements: KILLABLE },
);

everywhere("an item that came back counts beyond maxSize: put() waits until there is room again", async (place) => {
  const [queue, asked] = [new Queue<unknown>({ maxSize: 1 }), new Queue<unknown>()];
  const victim = await place.start(askAndSpin, queue, asked);
  await asked.get();
  await queue.put(1);
  await queue.put(2);
  await victim.kill();
  assertEquals(await queue.size(), 2);
  assertEquals(await queue.tryPut(3), false);
  assertEquals(await queue.get(), 1);
  assertEquals(await queue.tryPut(3), false);
  assertEquals(await queue.get(), 2);
  assertEquals(await queue.tryPut(3), true);
}, { placements: KILLABLE });

for (const kind of ["queue", "joinable"] as const) {
  everywhere(
    `when the home of a ${
      kind === "queue" ? "queue" : "joinable queue"
    } dies everything waiting or asked later rejects with DisconnectedError`,
    async (
      place,
    ) => {
      const [empty, full] = [await place[kind]<number>(), await place[kind]<number>({ maxSize: 1 })];
      await full.put(1);
      const waiting = [
        assertRejects(() => empty.get(), DisconnectedError),
        assertRejects(() => rest(empty), DisconnectedError),
        assertRejects(() => full.put(2), DisconnectedError),
        assertRejects(() => full.put(2, { timeoutMs: 60_000 }), DisconnectedError),
      ];
      if ("join" in full) waiting.push(assertRejects(() => full.join(), DisconnectedError));
      await full.size();
      await (await place.home()).kill();
      await within(5000, Promise.all(waiting));
      for (
        const use of [
          () => full.get(),
          () => full.tryGet(),
          () => full.tryPut(1),
          () => full.size(),
          () => full.producer(),
        ]
      ) {
        const error = await assertRejects<DisconnectedError>(() => within<unknown>(5000, use()), DisconnectedError);
        assertEquals(error.code, "disconnected");
      }
      await within(5000, full.close());
    },
    { placements: KILLABLE },
  );
}
