/** Tasks that can be taken back, one by one or by closing the pool. */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  ActorExitedError,
  EventFlag,
  NotSerializableError,
  Pool,
  PoolClosedError,
  Process,
  Queue,
  SharedArray,
  SharedValue,
  type Submission,
  TimeoutError,
  wait as waitFor,
} from "../../mod.ts";
import { eachPlacement, oneTest, rejection, within } from "./actor_contract.ts";
import { turns } from "./bounded.ts";
import {
  die,
  dieOver,
  dieOverQuickly,
  failAt,
  giveFunction,
  hold,
  holdAndDie,
  holdItem,
  type Mortal,
  same,
  spin,
  square,
  takeBackIn,
} from "./fixtures/pool_tasks.ts";
import { below, eachPool, eachPoolApart } from "./pool_everywhere.ts";

/** Keeps a worker of a pool busy until `letGo` is called. */
async function occupied(pool: Pool): Promise<{ readonly held: Submission<number>; letGo(): Promise<void> }> {
  const [begun, flag] = [new Queue<number>(), new EventFlag()];
  const held = pool.submit(hold, [begun, flag, 7]);
  await within(begun.get());
  return { held, letGo: () => flag.set() };
}

/** Items that say whether they were begun. */
function counted(count: number): { readonly items: Mortal[]; times(): number[] } {
  const begun = new SharedArray("int32", count);
  return { items: below(count).map((n) => ({ begun, n, deaths: 0 })), times: () => [...begun.view] };
}

eachPool("submit() gives the result, or the error", { size: 2 }, async (pool) => {
  const submitted = [pool.submit(square, [3]), pool.submit(square, [4], { retries: 1, priority: 2 })];
  assertEquals(await within(Promise.all(submitted.map(({ result }) => result))), [9, 16]);
  assertInstanceOf(await within(rejection(pool.submit(failAt, [13]).result)), RangeError);
  assertInstanceOf(await within(rejection(pool.submit(giveFunction).result)), NotSerializableError);
});

eachPool(
  "a task that no worker has begun can be taken back, and is never run; no other can",
  { size: 1 },
  async (pool) => {
    const { held, letGo } = await occupied(pool);
    const { items, times } = counted(4);
    const submitted = items.map((item, n) => pool.submit(dieOver, [item], { priority: n % 2 }));
    const [first, , third] = submitted;
    assertEquals(await within(Promise.all([first.cancel(), first.cancel(), third.cancel()])), [true, true, true]);
    const error = await within(rejection(first.result)) as DOMException;
    assertEquals([error.name, error.message], [
      "AbortError",
      "Cannot run dieOver: it was cancelled before it began",
    ]);
    assertEquals(await held.cancel(), false);
    await letGo();
    assertEquals(await within(held.result), 7);
    assertEquals([await held.cancel(), await first.cancel()], [false, true]);
    const settled = await within(Promise.allSettled(submitted.map(({ result }) => result)));
    assertEquals(settled.map(({ status }) => status), ["rejected", "fulfilled", "rejected", "fulfilled"]);
    assertEquals(times(), [0, 1, 0, 1]);
  },
);

eachPool("a task that a worker was given ahead is taken back, or done", { size: 1 }, async (pool, placement) => {
  // Known to be quick by now, many are given ahead.
  await pool.map(dieOverQuickly, below(5000), { chunkSize: 1000 });
  await pool.map(spin, below(100).map(() => 0), { chunkSize: 1 });
  const { items, times } = counted(20);
  const busy = pool.run(spin, [200]);
  const submitted = items.map((item) => pool.submit(dieOverQuickly, [item]));
  const cancelled = await within(Promise.all(submitted.map(({ cancel }) => cancel())));
  const settled = await within(Promise.allSettled(submitted.map(({ result }) => result)));
  await busy;
  assertEquals(settled.map(({ status }) => status === "rejected"), cancelled);
  assertEquals(times(), cancelled.map((isCancelled) => isCancelled ? 0 : 1));
  // A thread and its pool agree without a message.
  if (placement === "thread") assert(cancelled.includes(true));
});

eachPoolApart("a submitted task whose worker dies is lost, or run again, and cannot be taken back any more", {
  size: 1,
}, async (pool) => {
  const [lives, begun, letGo] = [new SharedValue("int32", 0), new Queue<number>(), new EventFlag()];
  const dying = pool.submit(holdAndDie, [lives, begun, letGo], { retries: 1 });
  const next = pool.submit(square, [2]);
  await within(begun.get());
  await letGo.set();
  await within(begun.get());
  assertEquals(await dying.cancel(), false);
  assertInstanceOf(await within(rejection(dying.result)), ActorExitedError);
  assertEquals(await dying.cancel(), false);
  assertEquals([await within(next.result), await lives.get()], [4, 2]);
});

eachPool("the time and signal of submit() end the task; those of wait() only the wait", { size: 1 }, async (pool) => {
  const { held, letGo } = await occupied(pool);
  const late = pool.submit(square, [1], { timeoutMs: 20 });
  assertInstanceOf(await within(rejection(late.result)), TimeoutError);
  const controller = new AbortController();
  const aborted = pool.submit(square, [1], { signal: controller.signal });
  controller.abort("no more");
  assertEquals(await within(rejection(aborted.result)), "no more");
  assertInstanceOf(await rejection(pool.submit(square, [1], { timeoutMs: 0 }).result), TimeoutError);
  assertEquals(await Promise.all([late.cancel(), aborted.cancel()]), [false, false]);
  assertEquals((await waitFor([held.result], { timeoutMs: 20 })).pending, [held.result]);
  await letGo();
  assertEquals(await within(held.result), 7);
});

eachPlacement("a task can be taken back by whoever has been handed the pool", async (placement) => {
  await using pool = new Pool({ size: 1, placement: "inline" });
  const { held, letGo } = await occupied(pool);
  await using process = new Process(takeBackIn, [pool], { placement });
  await process.start();
  assertEquals(await within(process.result), [true, "AbortError"]);
  await letGo();
  await held.result;
});

oneTest("submit() throws at once what is wrong, and cancel() never rejects", async () => {
  const pool = new Pool({ size: 1, placement: "inline" });
  assertThrows(() => pool.submit(() => {}), TypeError, "not registered");
  assertThrows(() => pool.submit(square, 3 as never), TypeError, "array");
  assertThrows(() => pool.submit(square, [3], { retries: -1 }), RangeError, "retries");
  assertThrows(() => pool.submit(square, [3], { priority: "high" as never }), TypeError, "priority");
  assertThrows(() => pool.submit(same, [() => {}]), NotSerializableError, "args[0]");
  const { held, letGo } = await occupied(pool);
  // Nobody reads how these end.
  const unread = [pool.submit(failAt, [13]), pool.submit(square, [1])];
  await pool.terminate();
  await letGo();
  assertEquals(await Promise.all([held, ...unread].map(({ cancel }) => cancel())), [false, false, false]);
  assertInstanceOf(await rejection(held.result), PoolClosedError);
  assertInstanceOf(await rejection(pool.submit(square, [1]).result), PoolClosedError);
  assertEquals(await pool.submit(square, [1]).cancel(), false);
  await turns();
});

eachPlacement("close({ cancelPending }) does what has begun, and nothing else", async (placement) => {
  const pool = new Pool({ size: 1, placement });
  const { held, letGo } = await occupied(pool);
  const { items, times } = counted(1);
  const pending = [
    pool.run(dieOver, [items[0]]),
    pool.run(dieOver, [items[0]], { priority: 3, retries: 2 }),
    pool.submit(dieOver, [items[0]]).result,
    pool.map(dieOver, [...items, ...items], { chunkSize: 1 }),
    pool.mapSettled(dieOver, items),
    pool.imap(dieOver, items).next(),
    pool.imapUnordered(dieOver, items, { onError: "yield" }).next(),
  ].map(rejection);
  await turns();
  void pool.close();
  await pool.close({ cancelPending: true });
  for (const error of await within(Promise.all(pending))) {
    assertInstanceOf(error, PoolClosedError);
    assert(/^Cannot run dieOver: .* was closed, and this cancelled$/.test(error.message), error.message);
  }
  await assertRejects(() => pool.run(square, [1]), PoolClosedError, "is closed");
  assertEquals((await pool.stats()).busy, 1);
  await letGo();
  assertEquals(await within(held.result), 7);
  await within(pool.join());
  assertEquals(times(), [0]);
});

eachPlacement("close({ cancelPending }) rejects a map of which a part has begun", async (placement) => {
  for (const method of ["map", "mapSettled"] as const) {
    const pool = new Pool({ size: 1, placement });
    const [begun, letGo] = [new Queue<number>(), new EventFlag()];
    const mapped = rejection(pool[method](holdItem, below(3).map((n) => ({ begun, letGo, n })), { chunkSize: 1 }));
    await within(begun.get());
    await pool.close({ cancelPending: true });
    await letGo.set();
    const error = await within(mapped);
    assertInstanceOf(error, PoolClosedError);
    assertEquals((error as Error as Error & { index: number }).index, 1);
    await within(pool.join());
    assertEquals(await begun.tryGet(), undefined);
  }
});

eachPlacement("close({ cancelPending }) ends an imap after what had begun of it", async (placement) => {
  const pool = new Pool({ size: 1, placement });
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const results = pool.imap(holdItem, below(3).map((n) => ({ begun, letGo, n })), { window: 3 });
  const first = results.next();
  await within(begun.get());
  await pool.close({ cancelPending: true });
  await letGo.set();
  assertEquals((await within(first)).value, 0);
  assertInstanceOf(await within(rejection(results.next())), PoolClosedError);
  await within(pool.join());
  assertEquals(await begun.tryGet(), undefined);
});

eachPlacement(
  "close({ cancelPending }) tells truly what was done of what workers were given ahead",
  async (placement) => {
    const pool = new Pool({ size: 2, placement });
    await pool.map(dieOverQuickly, below(5000), { chunkSize: 1000 });
    await pool.map(spin, below(100).map(() => 0), { chunkSize: 1 });
    const { items, times } = counted(40);
    const busy = [pool.run(spin, [100]), pool.run(spin, [100])];
    const results = items.map((item) => pool.run(dieOverQuickly, [item]));
    const settling = Promise.allSettled([...busy, ...results]);
    await turns();
    await pool.close({ cancelPending: true });
    const statuses = (await within(settling)).map(({ status }) => status);
    await within(pool.join());
    assertEquals(times(), statuses.slice(2).map((status) => status === "fulfilled" ? 1 : 0));
  },
);

for (const retries of [0, 1]) {
  eachPoolApart(`a worker that dies after close({ cancelPending }) is not replaced (retries: ${retries})`, {
    size: 1,
  }, async (pool) => {
    const [lives, begun, letGo] = [new SharedValue("int32", 0), new Queue<number>(), new EventFlag()];
    const dying = rejection(pool.run(holdAndDie, [lives, begun, letGo], { retries }));
    const pending = rejection(pool.run(die));
    await within(begun.get());
    await pool.close({ cancelPending: true });
    await letGo.set();
    assertInstanceOf(await within(dying), retries === 0 ? ActorExitedError : PoolClosedError);
    assertInstanceOf(await within(pending), PoolClosedError);
    await within(pool.join());
    const { started, workers } = await pool.stats();
    assertEquals({ lives: await lives.get(), started, workers }, { lives: 1, started: 1, workers: 0 });
  });
}

oneTest("close() with wrong options throws at once, and the pool stays open", async () => {
  await using pool = new Pool({ size: 1, placement: "inline" });
  assertThrows(() => void pool.close({ cancelPending: "yes" as never }), TypeError, 'must be a boolean, not "yes"');
  assertThrows(() => void pool.close({ cancelpending: true } as never), TypeError, 'did you mean "cancelPending"?');
  assertEquals(await pool.run(square, [3]), 9);
});
