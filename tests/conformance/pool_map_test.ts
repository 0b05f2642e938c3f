/** Maps: results in their order, chunks, failures of the lowest index, progress. */

import { assert, assertEquals, assertGreater, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { EventFlag, NotSerializableError, type PoolProgress, Queue } from "../../mod.ts";
import { rejection, until, within } from "./actor_contract.ts";
import {
  failAt,
  failWhenTold,
  hold,
  holdUntilAborted,
  power,
  same,
  square,
  squareLater,
  whoRuns,
} from "./fixtures/pool_tasks.ts";
import { below, eachPool } from "./pool_everywhere.ts";

eachPool(
  "[POOL-01] [POOL-02] [POOL-03] [POOL-04] [EXEC-01] [EXEC-02] run(), map() and starmap() give what the task gives here, in order, whatever the chunks",
  { size: 4 },
  async (pool) => {
    assertEquals(await pool.run(square, [5]), 25);
    // There are no keyword arguments; optional ones may be left out.
    assertEquals(await pool.run(power, [2, 8]), 256);
    assertEquals(await pool.run(power, [2, 8, 100]), 56);

    assertEquals(await pool.map(square, below(10)), below(10).map(square));
    assertEquals(await pool.map(squareLater, below(100), { chunkSize: 20 }), below(100).map(square));
    function* numbers(): Generator<number> {
      yield* below(30);
    }
    assertEquals(await pool.map(square, numbers()), below(30).map(square));
    assertEquals(await pool.map(square, new Set([3, 1, 2])), [9, 1, 4]);

    const pairs = below(100).map((n): [number, number] => [n, 2]);
    for (const chunkSize of [undefined, 1, 3, 6, 20, 40, 500]) {
      const local = pairs.map(([a, b]) => power(a, b));
      assertEquals(await pool.starmap(power, pairs, { chunkSize }), local);
    }

    assertEquals(await pool.map(square, []), []);
    assertEquals(await pool.map(square, [], { chunkSize: 7 }), []);
    assertEquals(await pool.starmap(power, []), []);
    assertEquals(await pool.mapSettled(square, []), []);
    assertEquals(await Array.fromAsync(pool.imap(square, [])), []);
    assertEquals(await Array.fromAsync(pool.imapUnordered(square, [], { chunkSize: 7 })), []);
  },
);

eachPool(
  "[POOL-45] the default chunk is ceil(items / (4 × size)), all of it done by one worker",
  { size: 4 },
  async (pool) => {
    await pool.start();
    const workers = await pool.map(whoRuns, below(100).map(() => 1));
    const chunks = below(15).map((chunk) => workers.slice(chunk * 7, chunk * 7 + 7));
    for (const chunk of chunks) assertEquals(new Set(chunk).size, 1);
    assertEquals(new Set(workers).size, 4);
    // Neighbouring chunks go to different workers at the start, so that 7 it is, and not a multiple of it.
    assertEquals(new Set(chunks.slice(0, 4).map(([worker]) => worker)).size, 4);
  },
);

eachPool(
  "[POOL-17] an item that cannot travel rejects the map with its path, and the pool goes on",
  { size: 2 },
  async (pool) => {
    const items = [...below(40), { callback: () => {} }, ...below(3)];
    for (const chunkSize of [1, 7, 100]) {
      const error = await assertRejects(() => pool.map(same, items, { chunkSize }), NotSerializableError);
      assertEquals(error.path, "items[40].callback");
    }
    const iterated = await rejection(Array.fromAsync(pool.imap(same, items)));
    assertInstanceOf(iterated, NotSerializableError);
    assertEquals(iterated.path, "items[40].callback");
    assertEquals(await pool.run(square, [3]), 9);
  },
);

eachPool("map() rejects with what the lowest failing item threw, and its index; mapSettled() gives every outcome", {
  size: 2,
}, async (pool) => {
  for (const chunkSize of [undefined, 1, 5, 1000]) {
    const error = await rejection(pool.map(failAt, below(40), { chunkSize })) as RangeError & { index: number };
    assertInstanceOf(error, RangeError);
    assertEquals([error.message, error.index, error.cause], ["thirteen", 13, "superstition"]);
    const outcomes = await pool.mapSettled(failAt, below(40), { chunkSize });
    for (const [n, outcome] of outcomes.entries()) {
      if (outcome.status === "fulfilled") assertEquals(outcome.value, n);
      else assertEquals([n, outcome.reason.message], [13, "thirteen"]);
    }
    assertEquals(outcomes.filter(({ status }) => status === "rejected").length, 1);
  }
});

eachPool(
  "after a failure nothing more begins, those that run see their signal, and a lower one that then fails is the error",
  { size: 3 },
  async (pool) => {
    const [told, fail, end] = [new Queue<string>(), new EventFlag(), new EventFlag()];
    const items = below(20).map((n): [typeof told, typeof fail, typeof end, number] => [told, fail, end, n]);
    const failure = rejection(pool.starmap(failWhenTold, items, { chunkSize: 1 })) as Promise<
      Error & { index: number }
    >;
    const begun = [await within(told.get()), await within(told.get()), await within(told.get())].sort();
    assertEquals(begun, ["begun 0", "begun 1", "begun 2"]);
    await fail.set();
    const aborted = [await within(told.get()), await within(told.get())].sort();
    assertEquals(aborted, ["aborted 0", "aborted 2"]);
    // It has not rejected: item 0 decides.
    assertEquals(await Promise.race([failure, Promise.resolve("pending")]), "pending");
    await end.set();
    const error = await within(failure);
    assertEquals([error.message, error.index], ["failed 0", 0]);
    assertEquals(await told.tryGet(), undefined);
  },
);

eachPool(
  "a task that leaves by its signal's reason after another's failure has not failed",
  { size: 2 },
  async (pool) => {
    const [told, fail, end] = [new Queue<string>(), new EventFlag(), new EventFlag()];
    await Promise.all([fail.set(), end.set()]);
    // Of the lower index it would be the error, had it failed.
    const items = [2, 1].map((n): [typeof told, typeof fail, typeof end, number] => [told, fail, end, n]);
    const error = await rejection(pool.starmap(failWhenTold, items, { chunkSize: 1 })) as Error & { index: number };
    assertEquals([error.message, error.index], ["failed 1", 1]);
  },
);

eachPool("a signal aborts a map at once, with its reason, and its tasks see that", { size: 2 }, async (pool) => {
  const told = new Queue<string>();
  const controller = new AbortController();
  const items = below(6).map((n): [typeof told, number] => [told, n]);
  const map = rejection(pool.starmap(holdUntilAborted, items, { chunkSize: 1, signal: controller.signal }));
  await within(told.get());
  await within(told.get());
  controller.abort("enough");
  assertEquals(await within(map), "enough");
  assertEquals([await within(told.get()), await within(told.get())].sort(), ["aborted 0", "aborted 1"]);
  assertEquals(await told.tryGet(), undefined);
  assertEquals(await rejection(pool.map(square, [1], { signal: AbortSignal.abort("before") })), "before");
  // They left in time, so that nobody was replaced.
  await until(async () => (await pool.stats()).busy === 0);
  assertEquals((await pool.stats()).started, 2);
});

eachPool("onProgress is told of every item, while others are still being done; what it throws disturbs nothing", {
  size: 2,
}, async (pool) => {
  const seen: PoolProgress[] = [];
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const items = below(10).map((n): [typeof begun, typeof letGo, number] => [begun, letGo, n]);
  const held = pool.starmap(hold, items, { chunkSize: 5, onProgress: (progress) => seen.push(progress) });
  await within(begun.get());
  assertEquals(seen, []);
  await letGo.set();
  await within(held);
  assertEquals(seen.at(-1), { done: 10, failed: 0, total: 10 });
  for (const [i, { done }] of seen.entries()) assertGreater(done, i === 0 ? 0 : seen[i - 1].done);
  // A chunk tells of its items before it is over.
  assertGreater(seen.length, 2);

  let told = { done: 0, failed: 0, total: 0 };
  await pool.mapSettled(failAt, below(20), { onProgress: (progress) => told = progress });
  assertEquals(told, { done: 20, failed: 1, total: 20 });
});

eachPool("wrong options of a map are refused", { size: 2 }, async (pool) => {
  await assertRejects(() => pool.map(square, [1], { chunkSize: 0 }), RangeError, "chunkSize");
  await assertRejects(() => pool.map(square, [1], { chunkSize: -1 }), RangeError, "chunkSize");
  await assertRejects(() => pool.map(square, [1], { chunkSize: 1.5 }), RangeError, "chunkSize");
  await assertRejects(() => pool.map(square, [1], { onProgress: 1 as never }), TypeError, "onProgress");
  await assertRejects(() => pool.map(square, 7 as never), TypeError, "iterable");
  await assertRejects(() => pool.starmap(power, [5] as never), TypeError, "item 0");
  await assertRejects(() => pool.map((n: number) => n, [1]), TypeError, "not registered");
  assertEquals((await pool.stats()).started, 0);
});

eachPool("items are what they were when map() was called", { size: 2 }, async (pool) => {
  const items = below(8).map((n) => ({ n }));
  const results = pool.map(same, items, { chunkSize: 1 });
  for (const item of items) item.n = -1;
  items.length = 2;
  assertEquals(await results, below(8).map((n) => ({ n })));
});

eachPool("100,000 small items come back in order, in no more memory than they need", { size: 2 }, async (pool) => {
  const results = await pool.map(square, below(100_000));
  assertEquals(results.length, 100_000);
  assert(results.every((value, n) => value === n * n));
  assertLess((await pool.stats()).started, 3);
});
