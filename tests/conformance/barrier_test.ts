/** A number of parties who wait for each other. */

import { assertEquals, assertGreaterOrEqual, assertRejects, assertThrows } from "@std/assert";
import { Barrier, BrokenBarrierError, DisconnectedError, Queue, type Ref, spawn } from "../../mod.ts";
import { rounds } from "../soak.ts";
import { LockHome } from "./fixtures/lock_home.ts";
import { passRounds } from "./fixtures/sync_tasks.ts";
import type { SyncUser } from "./fixtures/sync_user.ts";
import {
  bounded,
  everywhere,
  later,
  oneOfEach,
  peek,
  PLACEMENTS,
  register,
  soon,
  spawnUser,
  start,
  until,
  withUser,
} from "./sync_everywhere.ts";

/** Waits for it on behalf of each user. */
function waitAll(users: readonly Ref<SyncUser>[], barrier: Barrier): Promise<number>[] {
  return users.map((user) => later(user.call.wait(barrier)) as Promise<number>);
}

async function waiting(barrier: Barrier, count: number): Promise<void> {
  await until(async () => await barrier.waiting() === count, `${count} wait`);
}

/** All must be told that it broke. */
async function allBroken(waits: readonly Promise<unknown>[], ms: number = 3000): Promise<void> {
  for (const wait of waits) {
    const error = await assertRejects(() => soon(wait, ms), BrokenBarrierError);
    assertEquals(error.code, "broken-barrier");
  }
}

bounded("[BAR-02] [BAR-03] all parties pass together, with an index each, after one run of the action", async () => {
  const { inline, thread, process } = await oneOfEach();
  const runs: number[] = [];
  let release = () => {};
  const barrier = new Barrier(5, {
    action: () => {
      runs.push(runs.length);
      return new Promise<void>((resolve) => release = resolve);
    },
  });
  for (let round = 1; round <= 3; round++) {
    const waits = [...waitAll([inline, thread, process, thread], barrier), barrier.wait()];
    await until(() => runs.length === round, "the action runs");
    assertEquals(await peek(Promise.race(waits)), "pending");
    release();
    assertEquals((await soon(Promise.all(waits))).toSorted(), [0, 1, 2, 3, 4]);
    assertEquals(runs.length, round);
  }
});

withUser("[BAR-04] an action that throws is the last one's error, and breaks the barrier", async (_placement, user) => {
  const barrier = new Barrier(3, { action: () => Promise.reject(new RangeError("on purpose")) });
  const others = [barrier.wait(), barrier.wait()].map(later);
  await waiting(barrier, 2);
  await assertRejects(() => later(user.call.wait(barrier)), RangeError, "on purpose");
  await allBroken(others);
  assertEquals(await barrier.broken(), true);
  await assertRejects(() => new Barrier(1, { action: () => JSON.parse("{") }).wait(), SyntaxError);
});

everywhere(
  "[BAR-05] [BAR-07] [BAR-12] who aborts a barrier breaks it for all, at once and later, until it is reset",
  async (placement) => {
    const [barrier, user] = [new Barrier(5), await spawnUser(placement)];
    const { inline, thread, process } = await oneOfEach();
    const all = [inline, thread, process, user, user];
    assertEquals((await soon(Promise.all(waitAll(all, barrier)))).toSorted(), [0, 1, 2, 3, 4]);
    const waits = waitAll(all.slice(0, 4), barrier);
    await waiting(barrier, 4);
    await user.call.abort(barrier);
    await allBroken(waits);
    assertEquals(await user.call.look(barrier), { broken: true, waiting: 0, parties: 5 });
    await allBroken(waitAll(all, barrier));
    await user.call.reset(barrier);
    assertEquals(await user.call.look(barrier), { broken: false, waiting: 0, parties: 5 });
    assertEquals((await soon(Promise.all(waitAll(all, barrier)))).toSorted(), [0, 1, 2, 3, 4]);
    // A reset sends away those who wait, and breaks nothing for those who come.
    const sentAway = waitAll(all.slice(0, 2), barrier);
    await waiting(barrier, 2);
    await user.call.reset(barrier);
    await allBroken(sentAway);
    assertEquals(await barrier.broken(), false);
  },
);

withUser(
  "[BAR-09] a party that gives up breaks the barrier; its own time counts, else the barrier's",
  async (_placement, user) => {
    const barrier = new Barrier(3, { timeoutMs: 60 });
    const began = performance.now();
    const patient = later(barrier.wait({ timeoutMs: 60_000 }));
    await allBroken([later(user.call.wait(barrier)), patient]);
    assertGreaterOrEqual(performance.now() - began, 55);
    assertEquals(await barrier.broken(), true);
    await barrier.reset();
    const longer = later(user.call.wait(barrier, { timeoutMs: 60_000 }));
    await assertRejects(() => barrier.wait({ timeoutMs: 1 }), BrokenBarrierError);
    await allBroken([longer]);
    await barrier.reset();
    const controller = new AbortController();
    const aborted = later(user.call.wait(barrier, { timeoutMs: 60_000, signal: controller.signal }));
    const other = later(barrier.wait({ timeoutMs: 60_000 }));
    await waiting(barrier, 2);
    controller.abort(new RangeError("enough"));
    await assertRejects(() => soon(aborted), RangeError, "enough");
    await allBroken([other]);
  },
);

withUser("[BAR-10] a barrier for one lets it pass", async (_placement, user) => {
  const barrier = new Barrier(1);
  for (let n = 0; n < 2; n++) assertEquals([await user.call.wait(barrier), await barrier.wait()], [0, 0]);
});

bounded("[BAR-11] nobody begins a round before all have ended the last one", async () => {
  const [barrier, passed, count] = [new Barrier(5), new Queue<number>(), rounds(200, 1000)];
  const places = ["inline", "thread", "thread", "process", "remote"] as const;
  const parties = await Promise.all(places.map((where) => start(where, passRounds, barrier, passed, count)));
  for (let n = 0; n < count * parties.length; n++) {
    // One may have passed the next time before another has said that it passed this time, and no more.
    const round = await soon(passed.get());
    const oldest = Math.floor(n / parties.length);
    assertEquals(round === oldest || round === oldest + 1, true, `${round} came as number ${n}`);
  }
  for (const party of parties) assertEquals((await party.join())!.code, 0);
}, 60_000);

withUser("[BAR-14] a barrier tells its parties, how many wait and whether it is broken", async (_placement, user) => {
  const barrier = new Barrier(2);
  assertEquals(await user.call.look(barrier), { broken: false, waiting: 0, parties: 2 });
  const first = barrier.wait();
  assertEquals(await user.call.look(barrier), { broken: false, waiting: 1, parties: 2 });
  await user.call.wait(barrier);
  await first;
  assertEquals(Deno.inspect(barrier), "Barrier(2 parties)");
  // Python 3.11 takes 0.
  for (const parties of [0, -1, 1.5, Infinity]) assertThrows(() => new Barrier(parties), RangeError, "parties");
  for (const parties of [NaN, "2"]) assertThrows(() => new Barrier(parties as number), TypeError, "parties");
  assertThrows(() => new Barrier(1, { action: 1 as unknown as () => void }), TypeError, "action");
});

everywhere(
  "[BEAT-04] [pain-04] a party that dies while it waits breaks the barrier for the others",
  async (placement) => {
    const barrier = new Barrier(4);
    const [victim, { thread, process }] = await Promise.all([spawnUser(placement), oneOfEach()]);
    const waits = waitAll([victim, thread, process], barrier);
    await waiting(barrier, 3);
    if (placement !== "inline") victim.cast.spin();
    void victim.kill();
    await allBroken(waits.slice(1));
    assertEquals(await barrier.broken(), true);
    await victim.exited;
    await barrier.reset();
    const four = [...waitAll([thread, process, thread], barrier), barrier.wait()];
    assertEquals((await soon(Promise.all(four))).toSorted(), [0, 1, 2, 3]);
  },
);

everywhere(
  "[BEAT-04] [pain-04] a party that dies before it comes breaks it, too, once the rest are too few",
  async (placement) => {
    const barrier = new Barrier(3);
    const [victim, thread, process] = await Promise.all([
      spawnUser(placement),
      spawnUser("thread"),
      spawnUser("process"),
    ]);
    for (const user of [victim, thread, process]) await user.call.keep(barrier);
    const early = waitAll([thread], barrier);
    await waiting(barrier, 1);
    await victim.kill();
    await allBroken(early);
    await allBroken(waitAll([process], barrier));
  },
);

everywhere(
  "a barrier that its maker comes to is not broken by those who ended after their round",
  async (placement) => {
    const barrier = new Barrier(2);
    for (let round = 0; round < 3; round++) {
      const p = await start(placement, passRounds, barrier, new Queue<number>(), 1);
      if (round > 0) await waiting(barrier, 1);
      await soon(barrier.wait());
      assertEquals((await p.join())!.code, 0);
    }
  },
);

for (const place of PLACEMENTS.filter((placement) => placement !== "inline")) {
  bounded(`when the home of a barrier is gone everything rejects with DisconnectedError (${place})`, async () => {
    const home = await spawn(LockHome, [], { placement: place });
    const [{ barrier }, user] = await Promise.all([home.call.others(), spawnUser("thread")]);
    const wait = later(user.call.wait(barrier));
    await waiting(barrier, 1);
    await home.kill();
    await assertRejects(() => soon(wait), DisconnectedError);
    for (const use of [() => barrier.wait(), () => barrier.abort(), () => barrier.reset(), () => barrier.broken()]) {
      await assertRejects<Error>(use, DisconnectedError);
    }
  });
}

register("Barriers");
