/** What the death of a worker costs, and what it does not; how a pool gets rid of a task that does not end. */

import { assertEquals, assertInstanceOf, assertLess, assertNotStrictEquals, assertRejects } from "@std/assert";
import { ActorExitedError, EventFlag, Queue, SharedValue, StartError, TimeoutError } from "../../mod.ts";
import { rejection, until, within } from "./actor_contract.ts";
import {
  die,
  dieAt,
  dieAtLater,
  dieTimes,
  giveDeadly,
  hoard,
  hold,
  holdUntilAborted,
  spinForEver,
  square,
} from "./fixtures/pool_tasks.ts";
import { below, eachPool, eachPoolApart } from "./pool_everywhere.ts";

eachPoolApart(
  "[BEAT-01] [POOL-37] [EXEC-06] a worker killed in one task among 100 rejects that one within 1 s of its death, and the pool is full again",
  { size: 2 },
  async (pool, placement) => {
    await pool.start();
    const calls = below(100).map((n) => n === 50 ? pool.run(die) : pool.run(square, [n]));
    const outcomes = await within(Promise.allSettled(calls));
    for (const [n, outcome] of outcomes.entries()) {
      if (n !== 50) assertEquals(outcome, { status: "fulfilled", value: n * n });
    }
    const began = performance.now();
    for (const error of [await rejection(calls[50]), await rejection(pool.run(die))]) {
      assertInstanceOf(error, ActorExitedError);
      const exit = placement === "process"
        ? { code: -9, signal: "SIGKILL", reason: "killed" }
        : { code: 9, reason: "error" };
      assertEquals({ ...error.exit }, exit);
    }
    assertLess(performance.now() - began, 1000);
    await until(async () => (await pool.stats()).workers === 2);
    // Of a map it costs no more than of so many calls.
    const settled = await pool.mapSettled(dieAt, below(100));
    assertEquals(settled.flatMap(({ status }, n) => status === "rejected" ? [n] : []), [13]);
    assertEquals(await pool.map(square, below(10)), below(10).map(square));
  },
);

eachPoolApart(
  "of a map's chunk a death costs the item that ran, and others do the rest; map() rejects with its index",
  { size: 2 },
  async (pool) => {
    // Items that take long are in hand one at a time.
    const settled = await pool.mapSettled(dieAtLater, below(20), { chunkSize: 10 });
    for (const [n, outcome] of settled.entries()) {
      if (n !== 13) assertEquals(outcome, { status: "fulfilled", value: n });
      else assertInstanceOf((outcome as PromiseRejectedResult).reason, ActorExitedError);
    }
    const error = await rejection(pool.map(dieAtLater, below(20), { chunkSize: 10 })) as Error & { index: number };
    assertInstanceOf(error, ActorExitedError);
    assertEquals(error.index, 13);
  },
);

eachPoolApart("[EXEC-07] every call that a killed worker leaves settles, the one that ran with an error of its own", {
  size: 2,
}, async (pool) => {
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const held = pool.run(hold, [begun, letGo, 1]);
  await within(begun.get());
  const calls = [pool.run(die), pool.run(die), pool.run(square, [3]), pool.run(die)];
  const outcomes = await within(Promise.allSettled(calls));
  assertEquals(outcomes.map(({ status }) => status), ["rejected", "rejected", "fulfilled", "rejected"]);
  const errors = await Promise.all([0, 1, 3].map((n) => rejection(calls[n])));
  for (const error of errors) assertInstanceOf(error, ActorExitedError);
  assertNotStrictEquals(errors[0], errors[1]);
  await letGo.set();
  assertEquals(await within(held), 1);
});

eachPoolApart("`retries` moves a call to another worker, so often and not more", { size: 1 }, async (pool) => {
  const lives = new SharedValue("int32", 0);
  assertEquals(await pool.run(dieTimes, [lives, 2], { retries: 2 }), 3);
  await lives.set(0);
  await assertRejects(() => pool.run(dieTimes, [lives, 2], { retries: 1 }), ActorExitedError);
  assertEquals(await lives.get(), 2);
});

eachPoolApart(
  "[EXEC-25] [EXEC-26] [EXEC-29] a crash while a result is written, or once the pool is closed, is that call's error, and shutting down works",
  { size: 1 },
  async (pool) => {
    await assertRejects(() => pool.run(giveDeadly), ActorExitedError);
    assertEquals(await pool.run(square, [2]), 4);
    const dying = rejection(pool.run(die));
    const after = pool.run(square, [3]);
    await pool.close();
    assertInstanceOf(await within(dying), ActorExitedError);
    // It had not begun.
    assertEquals(await within(after), 9);
    await within(pool.join());
  },
);

eachPool(
  "[BEAT-17] a task that heeds its signal frees its worker when time is out or the caller gives up, and is not replaced",
  { size: 2 },
  async (pool) => {
    const told = new Queue<string>();
    await pool.start();
    const error = await assertRejects(() => pool.run(holdUntilAborted, [told, 1], { timeoutMs: 100 }), TimeoutError);
    assertEquals(error.timeoutMs, 100);
    const controller = new AbortController();
    const call = rejection(pool.run(holdUntilAborted, [told, 2], { signal: controller.signal }));
    while (await within(told.get()) !== "begun 2");
    controller.abort("enough");
    assertEquals(await within(call), "enough");
    while (await within(told.get()) !== "aborted 2");
    await until(async () => (await pool.stats()).busy === 0);
    assertEquals((await pool.stats()).started, 2);
  },
);

eachPoolApart(
  "[BEAT-17] a busy loop is really stopped, by timeout and by abort, while others go on",
  { size: 2 },
  async (pool) => {
    await pool.start();
    const [begun, letGo, spinning] = [new Queue<number>(), new EventFlag(), new Queue<number>()];
    const held = pool.run(hold, [begun, letGo, 5]);
    await within(begun.get());
    await assertRejects(() => pool.run(spinForEver, [spinning], { timeoutMs: 1000 }), TimeoutError);
    // It waits for the worker that spins: for 500 ms and a start.
    assertEquals(await within(pool.run(square, [4])), 16);
    assertEquals((await pool.stats()).started, 3);

    await within(spinning.get());
    const controller = new AbortController();
    const aborted = rejection(pool.run(spinForEver, [spinning], { signal: controller.signal }));
    await within(spinning.get());
    controller.abort("enough");
    assertEquals(await within(aborted), "enough");
    assertEquals(await within(pool.run(square, [5])), 25);
    assertEquals((await pool.stats()).started, 4);
    await letGo.set();
    assertEquals(await within(held), 5);
  },
);

eachPool("a call that is given up while it waits is never begun", { size: 1 }, async (pool) => {
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const held = pool.run(hold, [begun, letGo, 0]);
  await within(begun.get());
  const controller = new AbortController();
  const waiting = rejection(pool.run(hold, [begun, letGo, 1], { signal: controller.signal }));
  const late = rejection(pool.run(hold, [begun, letGo, 2], { timeoutMs: 20 }));
  assertInstanceOf(await rejection(pool.run(square, [1], { timeoutMs: 0 })), TimeoutError);
  controller.abort("no");
  assertEquals(await within(waiting), "no");
  assertInstanceOf(await within(late), TimeoutError);
  await letGo.set();
  assertEquals(await within(held), 0);
  assertEquals(await pool.run(square, [3]), 9);
  assertEquals(await begun.tryGet(), undefined);
});

eachPoolApart(
  "what only a subprocess can be held to is refused elsewhere; there it costs the call that used too much",
  { size: 1 },
  async (_pool, placement) => {
    const { Pool } = await import("../../mod.ts");
    if (placement === "thread") {
      assertInstanceOf(await rejection((async () => await new Pool({ maxHeapMb: 64 }).start())()), StartError);
      return;
    }
    await using small = new Pool({ size: 1, placement, maxHeapMb: 64 });
    const error = await assertRejects(() => within(small.run(hoard)), ActorExitedError);
    assertEquals(error.exit.reason, "out-of-memory");
    assertEquals(await small.run(square, [3]), 9);
  },
);
