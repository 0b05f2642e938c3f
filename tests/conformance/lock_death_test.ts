/** Locks whose owners, waiters or home die, and threads that are ended while they are blocked for one. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  BoundedSemaphore,
  DisconnectedError,
  EventFlag,
  Lock,
  Process,
  type Ref,
  RLock,
  Semaphore,
  spawn,
} from "../../mod.ts";
import { blockAfterInterrupt, blockFor, blockTwice } from "./fixtures/sync_tasks.ts";
import { LockHome } from "./fixtures/lock_home.ts";
import type { Permits, SyncUser } from "./fixtures/sync_user.ts";
import type { Where } from "./place.ts";
import { runProgram } from "../run_program.ts";
import {
  bounded,
  everywhere,
  later,
  MORTAL,
  oneOfEach,
  PLACEMENTS,
  soon,
  spawnUser,
  until,
  waitFor,
} from "./sync_everywhere.ts";

type Ending = (user: Ref<SyncUser>) => unknown;

/** How an owner can end, without releasing what it has. */
const ENDINGS: Record<string, Ending> = {
  "is killed": (user) => user.kill(),
  "is killed while it is busy": async (user) => {
    user.cast.spin();
    await user.kill();
  },
  "throws": (user) => user.cast.crash(),
  "ends in order": (user) => user.cast.leave(),
};

/** Code that is busy inline is busy here. */
function endingsOf(placement: Where): string[] {
  return Object.keys(ENDINGS).filter((name) => placement !== "inline" || !name.includes("busy"));
}

everywhere(
  "[pain-03] when the owner of a lock dies it is free within a second, and the next owner sees `abandoned`, once",
  async (placement) => {
    const { inline, thread, process } = await oneOfEach();
    const waiters = [thread, process, inline];
    for (const [n, ending] of endingsOf(placement).entries()) {
      const owner = await spawnUser(placement);
      const all: Permits[] = [new Lock(), new RLock(), new Semaphore(1)];
      for (const permits of all) await owner.call.acquire(permits);
      // Another waiter each time; those behind it, and a blocked thread, learn nothing of it.
      const next = all.map((permits) => later(waiters[n % waiters.length].call.acquire(permits)));
      for (const permits of all) await waitFor(1, permits);
      void ENDINGS[ending](owner);
      for (const abandoned of next) assertEquals(await soon(abandoned), true, ending);
      const after = all.map((permits) => later(waiters[(n + 1) % waiters.length].call.acquire(permits)));
      for (const permits of all) await waiters[n % waiters.length].call.release(permits);
      for (const abandoned of after) assertEquals(await abandoned, false, ending);
      await owner.exited;
    }
  },
);

for (const placement of ["thread", "process"] as const) {
  bounded(`a lock is not free before the code of its dead owner has stopped (${placement})`, async () => {
    for (const permits of [new Lock(), new RLock(), new Semaphore(1), new BoundedSemaphore(1)]) {
      const owner = await spawnUser(placement);
      await owner.call.acquire(permits);
      owner.cast.outliveItself();
      using held = await permits.acquire();
      assertEquals([owner.alive, held.abandoned], [false, true]);
    }
  });
}

everywhere("what a dead owner still releases is no permit more", async (placement) => {
  for (const permits of [new Lock(), new RLock(), new Semaphore(1), new BoundedSemaphore(1)]) {
    const free = Deno.inspect(permits);
    const owner = await spawnUser(placement);
    owner.cast.leaveHolding(permits);
    await owner.exited;
    assertEquals(Deno.inspect(permits), free);
  }
});

bounded("[pain-03] a thread that is blocked for a lock gets it when the owner dies, and sees `abandoned`", async () => {
  const [lock, thread] = [new Lock(), await spawnUser("thread")];
  for (const placement of MORTAL) {
    const owner = await spawnUser(placement);
    await owner.call.acquire(lock);
    const abandoned = later(thread.call.acquireSync(lock));
    await waitFor(1, lock);
    await owner.kill();
    assertEquals(await soon(abandoned), true);
    await thread.call.releaseSync(lock);
  }
});

everywhere("who dies while it waits for a lock is passed over, and takes nothing with it", async (placement) => {
  const { thread, process } = await oneOfEach();
  const [lock, semaphore] = [new Lock(), new Semaphore(1)];
  for (const permits of [lock, semaphore]) {
    await permits.acquire();
    const victim = await spawnUser(placement);
    const asked = [later(victim.call.acquire(permits))];
    if (placement === "thread") asked.push(later(victim.call.acquireSync(permits)));
    const lost = asked.map((wait) => assertRejects(() => wait));
    await waitFor(lost.length, permits);
    const survivors: Promise<boolean>[] = [];
    for (const user of [process, thread]) {
      survivors.push(later(user.call.acquire(permits)));
      await waitFor(lost.length + survivors.length, permits);
    }
    void victim.kill();
    await soon(Promise.all(lost));
    await waitFor(2, permits);
    await permits.release();
    assertEquals(await soon(survivors[0]), false);
    await process.call.release(permits);
    assertEquals(await soon(survivors[1]), false);
  }
});

for (const place of ["thread", "process"] as const) {
  bounded(
    `when a lock's home is gone all waiting and later uses reject with DisconnectedError (${place})`,
    async () => {
      const home = await spawn(LockHome, [], { placement: place });
      const { inline, thread, process } = await oneOfEach();
      const all = await home.call.permits();
      const waiting: Promise<unknown>[] = [];
      for (const permits of all) {
        await thread.call.acquire(permits);
        const waits = [permits.acquire(), inline.call.acquire(permits), process.call.acquire(permits)];
        for (const wait of waits) waiting.push(assertRejects(() => Promise.resolve<unknown>(wait), DisconnectedError));
      }
      await until(async () => await home.call.waiting() === waiting.length, "all wait");
      await home.kill();
      await soon(Promise.all(waiting));
      for (const permits of all) {
        await assertRejects(() => permits.tryAcquire(), DisconnectedError);
        for (const user of [inline, thread, process]) {
          await assertRejects(() => Promise.resolve(user.call.acquire(permits)), DisconnectedError);
          await assertRejects(() => Promise.resolve(user.call.tryAcquire(permits)), DisconnectedError);
        }
        if (place === "process") continue;
        await assertRejects(() => Promise.resolve(thread.call.acquireSync(permits)), DisconnectedError);
      }
    },
  );
}

bounded("a thread that is blocked for a lock learns that its home is gone, and that it was already", async () => {
  const [home, thread] = [await spawn(LockHome, [], { placement: "thread" }), await spawnUser("thread")];
  const all = await home.call.permits();
  for (const permits of all) await permits.acquire();
  const blocked = later(thread.call.acquireSync(all[0]));
  await until(async () => await home.call.waiting() === 1, "it waits");
  await home.kill();
  await assertRejects(() => soon(blocked), DisconnectedError);
  for (const permits of all) {
    await assertRejects(() => soon(later(thread.call.acquireSync(permits))), DisconnectedError);
  }
});

bounded("a stop ends the wait of a blocked thread within 100 ms, and the thread, as one that was stopped", async () => {
  const lock = new Lock();
  await lock.acquire();
  const p = new Process(blockFor, [lock], { placement: "thread" });
  await p.start();
  await waitFor(1, lock);
  const exit = await soon(p.stop({ graceMs: 60_000 }), 2000);
  assertEquals({ code: exit.code, reason: exit.reason }, { code: 0, reason: "stopped" });
  assertEquals(Deno.inspect(lock).includes("waiting"), false);
});

bounded(
  "an interrupt ends the wait of a blocked thread with the reason of its signal; it may block again",
  async () => {
    const [lock, blocked] = [new Lock(), new EventFlag()];
    await lock.acquire();
    const p = new Process(blockTwice, [lock, blocked], { placement: "thread" });
    await p.start();
    await waitFor(1, lock);
    await p.interrupt();
    await soon(blocked.wait());
    await waitFor(1, lock);
    await lock.release();
    assertEquals(await p.result, `AbortError: ${p.name} was interrupted`);
  },
);

bounded("an interrupt that was heard before a thread blocks leaves its later waits alone", async () => {
  const [lock, interrupted] = [new Lock(), new EventFlag()];
  await lock.acquire();
  const p = new Process(blockAfterInterrupt, [lock, interrupted], { placement: "thread" });
  await p.start();
  await p.interrupt();
  await soon(interrupted.wait());
  await waitFor(1, lock);
  // Longer than it takes a blocked thread to see that it is to stop.
  await assertRejects(() => lock.acquire({ timeoutMs: 150 }));
  await lock.release();
  assertEquals(await p.result, "acquired");
});

bounded("a blocked thread is killed and terminated like any other, and holds nothing", async () => {
  const lock = new Lock();
  const owner = await spawnUser("inline");
  await owner.call.acquire(lock);
  for (const [end, code] of [["kill", -9], ["terminate", -15]] as const) {
    const p = new Process(blockFor, [lock], { placement: "thread" });
    await p.start();
    await waitFor(1, lock);
    assertEquals((await soon(p[end]())).code, code);
    await waitFor(0, lock);
  }
  await owner.call.release(lock);
  assertEquals((await lock.acquire()).abandoned, false);
});

for (const placement of PLACEMENTS) {
  Deno.test(`a lock that is held keeps its handle, and one that nobody has is collected (${placement})`, async () => {
    const program = new URL("./fixtures/programs/collects_locks.ts", import.meta.url).href;
    const flags = ["-A", "--v8-flags=--expose-gc"];
    const { code, stdout, stderr } = await runProgram(program, { flags, args: [placement], timeoutMs: 30_000 });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const results: Record<string, boolean> = JSON.parse(stdout);
    assertEquals(Object.entries(results).filter(([, holds]) => !holds).map(([fact]) => fact), []);
    assertEquals(Object.keys(results).length, 7);
  });
}
