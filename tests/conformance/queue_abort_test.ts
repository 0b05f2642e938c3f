/** Giving up: what was not taken is still there, once, and in its place. */

import { assertEquals, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { pipe, Queue } from "../../mod.ts";
import {
  getAborting,
  getImpatiently,
  type Numbered,
  putAborting,
  putNumbered,
  selectFrom,
  type Tally,
} from "./fixtures/queue_aborts.ts";
import { EVERYWHERE, everywhere, PLACEMENTS, range } from "./queue_everywhere.ts";
import { rounds } from "../soak.ts";

const SEEDS = Array.from({ length: rounds(2, 20) }, (_, at) => at + 1);

for (const [index, seed] of SEEDS.entries()) {
  // Another program, too, sees the first of them.
  const where = { placements: index === 0 ? EVERYWHERE : PLACEMENTS };
  everywhere(
    `[pain-36] 1000 puts by two producers race gets in a child that are aborted: each item once, in order (seed ${seed})`,
    async (place) => {
      const queue = new Queue<Numbered>();
      const reader = await place.start(getAborting, queue, 1000, 10, seed);
      await Promise.all([putNumbered(queue, 0, 500, seed), putNumbered(queue, 1, 500, seed + 1)]);
      assertAllInOrder(await reader.result, [500, 500]);
      assertEquals(await queue.size(), 0);
    },
    where,
  );

  everywhere(
    `[pain-36] 1000 puts by two children race gets here that are aborted: each item once, in order (seed ${seed})`,
    async (place) => {
      const queue = await place.queue<Numbered>();
      const producers = [
        await place.start(putNumbered, queue, 0, 500, seed),
        await place.start(putNumbered, queue, 1, 500, seed + 1),
      ];
      assertAllInOrder(await getAborting(queue, 1000, 10, seed), [500, 500]);
      for (const producer of producers) await producer.join();
      assertEquals(await queue.size(), 0);
    },
    where,
  );

  everywhere(
    `[pain-36] a child that gets one item at a time, and gives up often, sees each once and in order (seed ${seed})`,
    async (place) => {
      const queue = new Queue<Numbered>();
      const gaveUp = new Queue<unknown>();
      const reader = await place.start(getImpatiently, queue, 300, seed, gaveUp);
      await gaveUp.get();
      await putNumbered(queue, 0, 300, seed);
      assertAllInOrder(await reader.result, [300]);
    },
    where,
  );

  everywhere(
    `[pain-36] a child that selects from two queues sees each item of both once, in order (seed ${seed})`,
    async (place) => {
      const [first, second] = [new Queue<Numbered>(), new Queue<Numbered>()];
      const reader = await place.start(selectFrom, first, second, 400, seed);
      await Promise.all([putNumbered(first, 0, 200, seed), putNumbered(second, 1, 200, seed + 1)]);
      assertAllInOrder(await reader.result, [200, 200], 0);
      assertEquals([await first.size(), await second.size()], [0, 0]);
    },
    where,
  );

  everywhere(
    `[pain-36] a child that selects from two pipes sees each message of both once, in order (seed ${seed})`,
    async (place) => {
      const [[first, toFirst], [second, toSecond]] = [1, 2].map(() => pipe<Numbered>({ duplex: false }));
      const reader = await place.start(selectFrom, first, second, 400, seed);
      await Promise.all([putNumbered(toFirst, 0, 200, seed), putNumbered(toSecond, 1, 200, seed + 1)]);
      assertAllInOrder(await reader.result, [200, 200], 0);
    },
    where,
  );

  everywhere(
    `[pain-36] a put that was aborted or timed out has put nothing, one that was not has (seed ${seed})`,
    async (place) => {
      const queue = await place.queue<Numbered>({ maxSize: 2 });
      const writers = [
        await place.start(putAborting, queue, 0, 150, seed),
        await place.start(putAborting, queue, 1, 150, seed + 1),
      ];
      const tally = await getImpatiently(queue, 300, seed);
      assertAllInOrder(tally, [150, 150], 0);
      for (const writer of writers) assertEquals((await writer.result).items.length, 150);
      assertEquals(await queue.size(), 0);
    },
    where,
  );
}

everywhere("get() on an aborted signal rejects with its reason and takes nothing", async (place) => {
  const queue = await place.queue<number>();
  await queue.put(1);
  const reason = { why: "not now" };
  const aborted = AbortSignal.abort(reason);
  assertEquals(await queue.get({ signal: aborted }).catch((error) => error), reason);
  assertEquals(await queue.put(2, { signal: aborted }).catch((error) => error), reason);
  assertEquals(await queue.size(), 1);
});

everywhere(
  "a get() that is aborted while it waits rejects with the signal's reason; the next item is for the next",
  async (place) => {
    const queue = await place.queue<number>();
    const controller = new AbortController();
    const first = queue.get({ signal: controller.signal });
    const second = queue.get();
    await queue.size();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => first, RangeError, "enough");
    await queue.put(1);
    assertEquals(await second, 1);
  },
);

everywhere(
  "a put() that is aborted while it waits rejects with the signal's reason and has put nothing",
  async (place) => {
    const queue = await place.queue<number>({ maxSize: 1 });
    await queue.put(1);
    const controller = new AbortController();
    const second = queue.put(2, { signal: controller.signal });
    const third = queue.put(3);
    await queue.size();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => second, RangeError, "enough");
    assertEquals([await queue.get(), await queue.get()], [1, 3]);
    await third;
  },
);

function assertAllInOrder({ items, gaveUp }: Tally, counts: number[], leastGaveUp = 1): void {
  assertGreaterOrEqual(gaveUp, leastGaveUp);
  for (const [producer, count] of counts.entries()) {
    assertEquals(items.filter(([by]) => by === producer).map(([, number]) => number), range(0, count));
  }
  assertEquals(items.length, counts.reduce((sum, count) => sum + count));
}
