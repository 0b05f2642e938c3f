/** One actor at a time, wherever the actors live. */

import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects, assertThrows } from "@std/assert";
import { Lock, NotOwnerError, type PlacementName, Queue, RLock, SharedValue, TimeoutError } from "../../mod.ts";
import { passOn, sendAndBlock } from "./fixtures/sync_tasks.ts";
import { EVERYWHERE } from "./place.ts";
import { bounded, oneOfEach, register, soon, spawnUser, start, timeOf, waitFor, withUser } from "./sync_everywhere.ts";

/** Timers may fire a little early, by another clock. */
const EARLY_MS = 5;

withUser(
  "[LOCK-01] a lock is taken once, refused while it is held, released once; NotOwnerError after that",
  async (_placement, user) => {
    const lock = new Lock();
    assertEquals(await user.call.acquire(lock), false);
    assertEquals(await user.call.tryAcquire(lock), false);
    await user.call.release(lock);
    await assertRejects(() => Promise.resolve(user.call.release(lock)), NotOwnerError, "Cannot release a lock");
    assertEquals(await user.call.tryAcquire(lock), true);
    await user.call.release(lock);

    await lock.acquire();
    assertEquals(await lock.tryAcquire(), undefined);
    await lock.release();
    const error = await assertRejects(() => lock.release(), NotOwnerError);
    assertEquals(error.code, "not-owner");
  },
);

bounded("[LOCK-01] acquireSync() and releaseSync() in a thread are the same at once", async () => {
  const [lock, relock, user] = [new Lock(), new RLock(), await spawnUser("thread")];
  for (const each of [lock, relock]) {
    assertEquals(await user.call.acquireSync(each), false);
    assertEquals(await each.tryAcquire(), undefined);
    await user.call.releaseSync(each);
    await assertRejects(() => Promise.resolve(user.call.releaseSync(each)), NotOwnerError);
    assert(await each.tryAcquire());
    await each.release();
  }
});

withUser(
  "[LOCK-02] acquire() of a lock that stays held rejects after timeoutMs, and at once when that is not positive",
  async (placement, user) => {
    // Python returns false; the contract has tryAcquire for that.
    const lock = new Lock();
    await lock.acquire();
    for (const timeoutMs of [0, -1]) {
      const error = await assertRejects(() => user.call.acquire(lock, { timeoutMs }) as Promise<unknown>, TimeoutError);
      assertEquals(error.timeoutMs, timeoutMs);
    }
    const began = performance.now();
    await assertRejects(() => user.call.acquire(lock, { timeoutMs: 100 }) as Promise<unknown>, TimeoutError, "100 ms");
    assertGreaterOrEqual(performance.now() - began, 100 - EARLY_MS);
    if (placement === "thread") {
      for (const timeoutMs of [0, -1, 100]) {
        const wait = user.call.acquireSync(lock, { timeoutMs }) as Promise<unknown>;
        assertGreaterOrEqual(await timeOf(wait), timeoutMs - EARLY_MS);
        await assertRejects(() => wait, TimeoutError);
      }
    }
    // Those who gave up hold nothing, and wait for nothing.
    await lock.release();
    assertEquals(Deno.inspect(lock), "Lock(free)");
    assertEquals(await user.call.tryAcquire(lock), true);
  },
);

withUser(
  "[LOCK-03] only its owner can release a lock, who still has it when another tried",
  async (_placement, user) => {
    // Python lets anybody release a Lock.
    const [lock, relock] = [new Lock(), new RLock()];
    const [owner, other] = [user, await spawnUser("inline")];
    for (const each of [lock, relock]) {
      await owner.call.acquire(each);
      await assertRejects(() => each.release(), NotOwnerError);
      await assertRejects(() => Promise.resolve(other.call.release(each)), NotOwnerError);
      assertThrows(() => each.releaseSync(), NotOwnerError);
      assertEquals(await other.call.tryAcquire(each), false);
      await owner.call.release(each);
      await each.acquire();
      await assertRejects(() => Promise.resolve(owner.call.release(each)), NotOwnerError);
    }
  },
);

withUser("[LOCK-04] an RLock is entered again by its owner, and released as often", async (placement, user) => {
  const lock = new RLock();
  for (let n = 0; n < 3; n++) assertEquals(await user.call.acquire(lock), false);
  for (let n = 0; n < 3; n++) await user.call.release(lock);
  await assertRejects(() => Promise.resolve(user.call.release(lock)), NotOwnerError);
  assert(await lock.tryAcquire());
  if (placement !== "thread") return;
  await lock.release();
  for (let n = 0; n < 3; n++) await user.call.acquireSync(lock);
  for (let n = 0; n < 3; n++) await user.call.releaseSync(lock);
  await assertRejects(() => Promise.resolve(user.call.releaseSync(lock)), NotOwnerError);
});

withUser(
  "[LOCK-06] an RLock that was entered twice is still held when it was released once",
  async (_placement, user) => {
    const [lock, owner, other] = [new RLock(), user, await spawnUser("inline")];
    await owner.call.acquire(lock);
    assertEquals(await owner.call.tryAcquire(lock), true);
    await owner.call.dispose();
    assertEquals(await other.call.tryAcquire(lock), false);
    await owner.call.release(lock);
    assertEquals(await other.call.tryAcquire(lock), true);
  },
);

withUser(
  "[LOCK-07] a lock is released at the end of its block, also when that ends by an error",
  async (_placement, user) => {
    for (const lock of [new Lock(), new RLock()]) assertEquals(await user.call.scoped(lock), [true, true]);
  },
);

bounded("[LOCK-07] a guard gives back what it was given for, once, and nothing that came later", async () => {
  for (const lock of [new Lock(), new RLock()]) {
    const first = await lock.acquire();
    await lock.release();
    using second = await lock.acquire();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assertThrows(() => new Lock().releaseSync(), NotOwnerError);
    assertEquals(second.abandoned, false);
    second[Symbol.dispose]();
    await assertRejects(() => lock.release(), NotOwnerError);
  }
});

bounded(
  "[LOCK-09] of those who wait in threads, subprocesses, another program and here each release lets one in, in order",
  async () => {
    const lock = new Lock();
    const turns = new Queue<string>();
    const { inline, thread, process } = await oneOfEach();
    const [sleeper, remote] = await Promise.all([spawnUser("thread"), spawnUser("remote")]);
    await lock.acquire();
    const waiting: Promise<unknown>[] = [];
    const names: string[] = [];
    for (
      const [name, user, sync] of [
        ["thread", thread, false],
        ["process", process, false],
        ["another program", remote, false],
        ["a blocked thread", sleeper, true],
        ["inline", inline, false],
        ["process again", process, false],
        ["another program again", remote, false],
        ["thread again", thread, false],
      ] as const
    ) {
      waiting.push(Promise.resolve(user.call.takeTurn(lock, turns, name, sync)));
      names.push(name);
      await waitFor(names.length, lock);
    }
    assertEquals(await turns.size(), 0);
    assertEquals(await inline.call.tryAcquire(lock), false);
    await lock.release();
    const order = [];
    for (const _name of names) order.push(await soon(turns.get()));
    assertEquals(order, names);
    await Promise.all(waiting);
    assertEquals(Deno.inspect(lock), "Lock(free)");

    // One release, one owner.
    await lock.acquire();
    const rivals = [thread, remote, process, inline].map((user) => user.call.acquire(lock) as Promise<unknown>);
    await waitFor(rivals.length, lock);
    await lock.release();
    await soon(Promise.race(rivals));
    await waitFor(rivals.length - 1, lock);
  },
);

for (const middle of EVERYWHERE) {
  bounded(
    `[LOCK-11] a lock that was handed on excludes child, grandchild and program (${middle})`,
    async () => {
      const [lock, value, times] = [new Lock(), new SharedValue("int32"), 40];
      const grandchildren: PlacementName[] = middle === "thread" ? ["thread", "process"] : ["inline", "thread"];
      const child = await start(middle, passOn, lock, value, times, grandchildren);
      for (let i = 0; i < times; i++) {
        using _held = await lock.acquire();
        await value.set(await value.get() + 1);
      }
      assertEquals((await child.join())!.code, 0);
      assertEquals(await value.get(), times * (2 + grandchildren.length));
      assertEquals(Deno.inspect(lock), "Lock(free)");
    },
  );
}

bounded("[LOCK-11] threads that block for a lock and a task that awaits it lose no count", async () => {
  const [lock, value, times] = [new Lock(), new SharedValue("int32"), 300];
  const users = await Promise.all([spawnUser("thread"), spawnUser("thread"), spawnUser("process")]);
  await Promise.all(
    users.map((user, i) => user.with({ timeoutMs: 15_000 }).call.count(lock, value, times, i < 2)),
  );
  assertEquals(await value.get(), users.length * times);
});

withUser(
  "[LOCK-12] a lock shows where it lives whether it is held, by whom, and how many wait",
  async (_placement, user) => {
    // Python 3.14 has locked(); the contract has tryAcquire(), and shows the state to people.
    for (const [lock, name] of [[new Lock(), "Lock"], [new RLock(), "RLock"]] as const) {
      assertEquals(Deno.inspect(lock), `${name}(free)`);
      await user.call.acquire(lock);
      assertEquals(Deno.inspect(lock), `${name}(held by ${user.address})`);
      assertEquals(await lock.tryAcquire(), undefined);
      const waiting = lock.acquire();
      assertEquals(Deno.inspect(lock), `${name}(held by ${user.address}, 1 waiting)`);
      await user.call.release(lock);
      await waiting;
      assertEquals(await user.call.tryAcquire(lock), false);
      assert(Deno.inspect(lock).startsWith(`${name}(held by `));
    }
  },
);

bounded("a lock that is free is taken and released in a thread without a message, in every way", async () => {
  const user = await spawnUser("thread");
  for (const lock of [new Lock(), new RLock()]) assertEquals(await user.call.countEnvelopes(lock, 100), 0);
});

bounded("a thread that blocks for a lock is heard, however much it has sent before", async () => {
  const [lock, queue, items] = [new Lock(), new Queue<Uint8Array>(), 200];
  await lock.acquire();
  const p = await start("thread", sendAndBlock, lock, queue, items);
  await waitFor(1, lock);
  assertEquals(await queue.size(), items);
  await lock.release();
  assertEquals((await soon(p.join()))!.code, 0);
});

bounded("acquireSync() is a TypeError in the lock's home, and where its memory is not shared", async () => {
  const { inline, process } = await oneOfEach();
  for (const lock of [new Lock(), new RLock()]) {
    assertThrows(() => lock.acquireSync(), TypeError, "its home is this thread");
    await assertRejects(() => Promise.resolve(inline.call.acquireSync(lock)), TypeError, "its home is this thread");
    await assertRejects(() => Promise.resolve(process.call.acquireSync(lock)), TypeError, "not shared");
    assertEquals(Deno.inspect(lock), `${lock.constructor.name}(free)`);
  }
});

withUser(
  "an acquire() that is aborted rejects with the reason, has taken nothing and waits no more",
  async (_place, user) => {
    const lock = new Lock();
    await lock.acquire();
    const controller = new AbortController();
    const waiting = user.call.acquire(lock, { signal: controller.signal }) as Promise<unknown>;
    const next = user.call.acquire(lock) as Promise<unknown>;
    await waitFor(2, lock);
    controller.abort(new RangeError("enough"));
    await assertRejects(() => soon(waiting), RangeError, "enough");
    await waitFor(1, lock);
    await lock.release();
    await soon(next);
    await user.call.release(lock);
    assertEquals(Deno.inspect(lock), "Lock(free)");
    const aborted = { signal: AbortSignal.abort(new RangeError("before")) };
    await assertRejects(() => user.call.acquire(lock, aborted) as Promise<unknown>, RangeError, "before");
  },
);

bounded("acquire() takes what any wait takes, and refuses what none does", async () => {
  for (const lock of [new Lock(), new RLock()]) {
    await assertRejects(() => lock.acquire({ timeoutMs: NaN }), TypeError, "timeoutMs");
    await assertRejects(() => lock.acquire({ signal: {} as AbortSignal }), TypeError, "signal");
    using _held = await lock.acquire({ timeoutMs: 2 ** 40 });
    assertLess(await timeOf(lock.acquire({ timeoutMs: 0 })), 1000);
  }
});

register("Locks");
