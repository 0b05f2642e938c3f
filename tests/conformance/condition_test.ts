/** Waiting under a lock for what another brings about. */

import { assertEquals, assertGreaterOrEqual, assertRejects, assertThrows } from "@std/assert";
import {
  Condition,
  DisconnectedError,
  Lock,
  NotOwnerError,
  RLock,
  SharedValue,
  spawn,
  TimeoutError,
} from "../../mod.ts";
import { LockHome } from "./fixtures/lock_home.ts";
import { countTo4 } from "./fixtures/sync_tasks.ts";
import {
  bounded,
  everywhere,
  later,
  oneOfEach,
  peek,
  register,
  SECOND_MS,
  soon,
  spawnUser,
  start,
  until,
  withUser,
} from "./sync_everywhere.ts";

// Where Python's wait() and wait_for() return false, ours reject with TimeoutError.

/** Waits until so many wait for it, who may still have the lock. */
async function waitedBy(condition: Condition, count: number): Promise<void> {
  await until(() => Deno.inspect(condition).endsWith(`, ${count} waiting)`), `${count} wait`);
}

withUser("[COND-01] without its lock one can neither wait for a condition nor notify it", async (_placement, user) => {
  for (const condition of [new Condition(), new Condition(new Lock())]) {
    for (const by of ["wait", "notifyWithout", "notifyAllWithout"] as const) {
      await assertRejects(() => later<unknown>(user.call[by](condition)), NotOwnerError, "does not hold its lock");
    }
    await assertRejects(() => condition.waitFor(() => true), NotOwnerError);
    using _held = await condition.lock.acquire();
    await assertRejects(() => later(user.call.wait(condition)), NotOwnerError);
  }
});

everywhere(
  "[COND-02] a notification wakes who waited longest, one each; notifyAll() wakes the rest",
  async (placement) => {
    const { inline, thread, process } = await oneOfEach();
    const last = await spawnUser(placement);
    for (const condition of [new Condition(), new Condition(new Lock())]) {
      const waiting: Promise<void>[] = [];
      for (const user of [process, thread, inline, last]) {
        waiting.push(later(user.call.waitHolding(condition, { timeoutMs: 10_000 })));
        await waitedBy(condition, waiting.length);
        // It has also let go of the lock; else the same actor might be about to, which would free it for all it does.
        using _free = await condition.lock.acquire();
      }
      assertEquals(await peek(Promise.race(waiting)), "pending");
      for (const first of waiting.slice(0, 2)) {
        await last.call.notify(condition);
        await soon(first);
        assertEquals(await peek(Promise.race(waiting.slice(waiting.indexOf(first) + 1))), "pending");
      }
      using _held = await condition.lock.acquire();
      await condition.notifyAll();
      assertEquals(await peek(Promise.race(waiting.slice(2))), "pending");
      await condition.lock.release();
      await soon(Promise.all(waiting));
    }
  },
);

withUser(
  "[COND-05] [COND-06] [COND-11] a wait that nobody notifies ends by TimeoutError, and the lock is had again",
  async (_placement, user) => {
    for (const condition of [new Condition(), new Condition(new Lock())]) {
      await user.call.acquire(condition.lock);
      // Nobody waits: it is forgotten.
      await user.call.notifyWithout(condition);
      for (const timeoutMs of [0, -1, 60]) {
        const began = performance.now();
        const wait = later(user.call.wait(condition, { timeoutMs }));
        const error = await assertRejects(() => wait, TimeoutError, "nobody notified it");
        assertEquals(error.timeoutMs, timeoutMs);
        assertGreaterOrEqual(performance.now() - began, timeoutMs - 5);
        assertEquals(await condition.lock.tryAcquire(), undefined);
      }
      // Woken, it is no error.
      const woken = later(user.call.wait(condition, { timeoutMs: 10_000 }));
      await condition.lock.acquire();
      await condition.notify();
      await condition.lock.release();
      await soon(woken);
      assertEquals(await condition.lock.tryAcquire(), undefined);
      await user.call.release(condition.lock);
    }
  },
);

everywhere("[COND-07] two sides count in turns by a predicate each", async (placement) => {
  const [condition, state] = [new Condition(), new SharedValue("int32", -1)];
  await condition.lock.acquire();
  const p = await start(placement, countTo4, condition, state);
  await condition.waitFor(async () => await state.get() === 0, { timeoutMs: 10_000 });
  await condition.lock.release();
  for (let n = 0; n < 4; n++) {
    using _held = await condition.lock.acquire();
    await state.add(1);
    await condition.notify();
  }
  assertEquals((await soon(p.join()))!.code, 0);
});

withUser(
  "[COND-08] [COND-09] waitFor() asks now and at each notification, and ends in time",
  async (_placement, user) => {
    const condition = new Condition();
    await condition.lock.acquire();
    assertEquals(await condition.waitFor(() => "a value", { timeoutMs: 0 }), "a value");
    const began = performance.now();
    let asked = 0;
    const never = later(condition.waitFor(() => ++asked < 0, { timeoutMs: 300 }));
    for (let n = 1; n <= 3; n++) {
      await waitedBy(condition, 1);
      await user.call.notify(condition);
      await until(() => asked === n + 1, "the predicate is asked again");
    }
    await assertRejects(() => never, TimeoutError);
    assertGreaterOrEqual(performance.now() - began, 295);
    assertGreaterOrEqual(asked, 4);
    assertEquals(await user.call.tryAcquire(condition.lock), false);
    await assertRejects(() => condition.waitFor(() => Promise.reject(new RangeError("no"))), RangeError, "no");
    await assertRejects(() => condition.waitFor(() => false, { timeoutMs: 0 }), TimeoutError);
  },
);

everywhere("[COND-12] a wait that is aborted has the lock again, and takes no notification", async (placement) => {
  const [condition, user, other] = [new Condition(), await spawnUser(placement), await spawnUser("thread")];
  const next = later(other.call.waitHolding(condition, { timeoutMs: 10_000 }));
  await waitedBy(condition, 1);
  await user.call.acquire(condition.lock);
  const first = new AbortController();
  const waiting = later(user.call.wait(condition, { signal: first.signal }));
  await waitedBy(condition, 2);
  first.abort(new RangeError("enough"));
  await assertRejects(() => soon(waiting), RangeError, "enough");
  assertEquals(await condition.lock.tryAcquire(), undefined);
  await waitedBy(condition, 1);
  await user.call.notifyWithout(condition);
  await user.call.release(condition.lock);
  await soon(next);

  // When both come at once it is woken, or gives up and passes it on.
  await user.call.acquire(condition.lock);
  const second = new AbortController();
  const woken = later(user.call.wait(condition, { signal: second.signal }));
  await waitedBy(condition, 1);
  const last = later(other.call.waitHolding(condition, { timeoutMs: 10_000 }));
  await waitedBy(condition, 2);
  using held = await condition.lock.acquire();
  second.abort(new RangeError("enough"));
  await condition.notify();
  held[Symbol.dispose]();
  const outcome = await soon(woken.then(() => "woken", (error) => error.message));
  await user.call.release(condition.lock);
  if (outcome === "woken") await user.call.notify(condition);
  else assertEquals(outcome, "enough");
  await soon(last);
});

withUser("a wait releases a re-entrant lock however deep, and has it as deep again", async (_placement, user) => {
  const condition = new Condition(new RLock());
  for (let n = 0; n < 3; n++) await user.call.acquire(condition.lock);
  const waiting = later(user.call.wait(condition));
  await condition.lock.acquire();
  await condition.notify();
  await condition.lock.release();
  await soon(waiting);
  for (let n = 0; n < 3; n++) {
    assertEquals(await condition.lock.tryAcquire(), undefined);
    await user.call.dispose();
  }
  using _held = await soon(condition.lock.acquire());
});

everywhere(
  "[BEAT-03] [pain-04] notify() passes over those who died waiting, and does not wait for them",
  async (placement) => {
    const condition = new Condition();
    const [first, second, survivor] = await Promise.all([
      spawnUser(placement),
      spawnUser(placement),
      spawnUser("process"),
    ]);
    for (const victim of [first, second]) {
      later(victim.call.waitHolding(condition));
      await waitedBy(condition, victim === first ? 1 : 2);
    }
    const waiting = later(survivor.call.waitHolding(condition, { timeoutMs: 10_000 }));
    await waitedBy(condition, 3);
    await first.kill();
    if (placement !== "inline") second.cast.spin();
    using _held = await condition.lock.acquire();
    void second.kill();
    // The second is dead or dying: in the end one of two notifications is the survivor's.
    await soon(condition.notify(), 1000);
    await soon(condition.notify(), 1000);
    await condition.lock.release();
    await soon(waiting, SECOND_MS);
  },
);

everywhere("who waits and gets the lock of a dead owner is told so", async (placement) => {
  const [condition, other] = [new Condition(), await spawnUser(placement)];
  using held = await condition.lock.acquire();
  assertEquals(held.abandoned, false);
  const waiting = later(condition.wait());
  await other.call.acquire(condition.lock);
  await other.call.notifyWithout(condition);
  await other.kill();
  await soon(waiting);
  assertEquals(held.abandoned, true);
});

Deno.test("a condition is made with a lock, its own when none is given", async () => {
  const lock = new Lock();
  assertEquals(new Condition(lock).lock, lock);
  assertEquals(Deno.inspect(new Condition()), "Condition(RLock(free))");
  assertThrows(() => new Condition({} as Lock), TypeError, "a Lock or RLock is needed");
  const condition = new Condition(lock);
  using _held = await lock.acquire();
  for (const count of [NaN, "1"]) await assertRejects(() => condition.notify(count as number), TypeError, "count");
  await assertRejects(() => condition.waitFor("x" as unknown as () => boolean), TypeError, "predicate");
});

bounded("when the home of a condition is gone who waits for it, or notifies it, gets DisconnectedError", async () => {
  const home = await spawn(LockHome, [], { placement: "thread" });
  const { condition } = await home.call.others();

  await condition.lock.acquire();
  const waiting = later(condition.wait());
  // Its lock is free: so it waits.
  await (await condition.lock.acquire())[Symbol.dispose]();
  await home.kill();
  await assertRejects(() => soon(waiting), DisconnectedError);
  await assertRejects(() => condition.lock.acquire(), DisconnectedError);
});

register("Conditions");
