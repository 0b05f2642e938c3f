/** Producers: a queue that ends when nobody is left who said that he would put. No sentinels. */

import { assertEquals, assertRejects } from "@std/assert";
import { ClosedError, NotSerializableError, type Producer, Queue } from "../../mod.ts";
import {
  becomeProducer,
  passProducerOn,
  produce,
  produceAndDispose,
  produceAndFail,
  produceAndKeep,
} from "./fixtures/queue_producers.ts";
import { everywhere, range, rest, within } from "./queue_everywhere.ts";

/** A queue with so many producers to hand out. */
async function withProducers(count: number): Promise<{ queue: Queue<unknown>; producers: Producer<unknown>[] }> {
  const queue = new Queue<unknown>();
  const producers = await Promise.all(range(0, count).map(() => queue.producer()));
  return { queue, producers };
}

everywhere("[pain-11] iteration ends when the last producer was disposed of, and not before", async (place) => {
  const queue = await place.queue<number>();
  const [first, second] = [await queue.producer(), await queue.producer()];
  await first.put(1);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await second.put(2);
  assertEquals(await second.tryPut(3), true);
  assertEquals(await queue.get(), 1);
  await queue.put(4);
  second[Symbol.dispose]();
  assertEquals(await within(10_000, rest(queue)), [2, 3, 4]);
  await assertRejects(() => queue.put(5), ClosedError);
  await assertRejects(() => second.put(5), ClosedError);
  await assertRejects(() => queue.producer(), ClosedError);
});

everywhere("[pain-11] iteration ends when all children that were given a producer have ended", async (place) => {
  const { queue, producers } = await withProducers(3);
  for (const [n, producer] of producers.entries()) {
    await place.start(produce, producer, [`${n}a`, `${n}b`]);
    producer[Symbol.dispose]();
  }
  const items = await within(10_000, rest(queue)) as string[];
  assertEquals(items.toSorted(), ["0a", "0b", "1a", "1b", "2a", "2b"]);
  for (const n of ["0", "1", "2"]) assertEquals(items.filter((item) => item[0] === n), [`${n}a`, `${n}b`]);
});

everywhere(
  "[pain-11] iteration ends when all children have disposed of their producers, though they live on",
  async (place) => {
    const { queue, producers: [producer] } = await withProducers(1);
    const disposed = new Queue<unknown>();
    const children = [];
    for (const n of range(0, 3)) children.push(await place.start(produceAndDispose, producer, n, disposed));
    producer[Symbol.dispose]();
    assertEquals((await within(10_000, rest(queue))).toSorted(), [0, 1, 2]);
    for (const child of children) {
      assertEquals(await disposed.get(), "disposed");
      assertEquals(child.alive, true);
    }
  },
);

everywhere("[pain-11] iteration ends when the last producer's holder was killed", async (place) => {
  const { queue, producers: [producer] } = await withProducers(1);
  const children = [];
  for (const n of range(0, 3)) children.push(await place.start(produceAndKeep, producer, n));
  producer[Symbol.dispose]();
  const items = rest(queue);
  for (const child of children.slice(1)) await child.kill();
  // One is left, so the queue is open.
  await queue.put("open");
  await children[0].terminate();
  assertEquals((await within(10_000, items)).toSorted(), [0, 1, 2, "open"]);
});

everywhere("[pain-11] iteration ends when the last producer's holder failed", async (place) => {
  const { queue, producers: [producer] } = await withProducers(1);
  for (const n of range(0, 2)) await place.start(produceAndFail, producer, n);
  producer[Symbol.dispose]();
  assertEquals((await within(10_000, rest(queue))).toSorted(), [0, 1]);
});

everywhere("[pain-11] iteration ends when the last producer's holder got kill -9 from outside", async (place) => {
  const { queue, producers: [producer] } = await withProducers(1);
  const children = [];
  for (const n of range(0, 2)) children.push(await place.start(produceAndKeep, producer, n));
  producer[Symbol.dispose]();
  const items = rest(queue);
  while (await queue.size() > 0);
  for (const child of children) Deno.kill(child.pid!, "SIGKILL");
  assertEquals((await within(10_000, items)).toSorted(), [0, 1]);
}, { placements: ["process"] });

everywhere("[pain-11] a child that makes its own producers keeps the queue open until it is gone", async (place) => {
  const queue = new Queue<unknown>();
  const children = [];
  for (const n of range(0, 2)) children.push(await place.start(becomeProducer, queue, n));
  assertEquals([await queue.get(), await queue.get()].toSorted(), [0, 1]);
  await children[0].stop();
  await queue.put("open");
  assertEquals(await queue.get(), "open");
  const items = rest(queue);
  await children[1].kill();
  assertEquals(await within(10_000, items), []);
});

everywhere(
  "[pain-11] a producer on its way to a third party keeps the queue open, whoever has died meanwhile",
  async (place) => {
    const { queue, producers: [producer] } = await withProducers(1);
    const way = new Queue<Producer<unknown>>();
    const middle = await place.start(passProducerOn, producer, way as Queue<unknown>);
    producer[Symbol.dispose]();
    await middle.join();
    const last = await place.start(produce, await way.get(), ["through"]);
    await last.join();
    // The one that came through the other queue is still ours.
    await queue.put("open");
    assertEquals([await queue.get(), await queue.get()], ["through", "open"]);
  },
);

everywhere("a producer given as an argument to a child that cannot start is given back", async (place) => {
  const { queue, producers: [producer] } = await withProducers(1);
  await assertRejects(() => place.start(produce, producer, [() => {}]), NotSerializableError);
  producer[Symbol.dispose]();
  assertEquals(await within(10_000, rest(queue)), []);
});

everywhere("a disposed producer can be neither used nor sent", async (place) => {
  const queue = await place.queue<unknown>();
  const producer = await queue.producer();
  producer[Symbol.dispose]();
  const other = new Queue<unknown>();
  await assertRejects(() => producer.put(1), ClosedError);
  await assertRejects(() => producer.tryPut(1), ClosedError);
  await assertRejects(() => other.put(producer), ClosedError);
});
