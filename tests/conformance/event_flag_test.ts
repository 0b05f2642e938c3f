/** A flag that all can see, set, clear and wait for. */

import { assertEquals, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { passagesOf } from "../../channels/kernel/handle.ts";
import { FlagWords } from "../../channels/sync/flag_words.ts";
import { DisconnectedError, EventFlag, spawn, TimeoutError } from "../../mod.ts";
import { LockHome } from "./fixtures/lock_home.ts";
import {
  bounded,
  everywhere,
  later,
  oneOfEach,
  PLACEMENTS,
  register,
  soon,
  spawnUser,
  timeOf,
  withUser,
} from "./sync_everywhere.ts";

// Where Python's wait() returns false, ours rejects with TimeoutError.

withUser(
  "[EVENT-01] a new flag is not set, and waiting for it runs out at once or in time",
  async (_placement, user) => {
    const flag = new EventFlag();
    assertEquals([await user.call.isSet(flag), await flag.isSet()], [false, false]);
    for (const timeoutMs of [0, -1, 60]) {
      const wait = later(user.call.wait(flag, { timeoutMs }));
      assertGreaterOrEqual(await timeOf(wait), timeoutMs - 5);
      await assertRejects(() => wait, TimeoutError);
    }
  },
);

withUser(
  "[EVENT-02] [EVENT-05] a flag that is set stays set for all who wait, until it is cleared",
  async (_placement, user) => {
    const flag = new EventFlag();
    for (const by of [user.call, { set: () => flag.set(), clear: () => flag.clear() }]) {
      await by.set(flag);
      await by.set(flag);
      assertEquals([await user.call.isSet(flag), await flag.isSet()], [true, true]);
      for (const timeoutMs of [undefined, 0, 60_000]) {
        await user.call.wait(flag, { timeoutMs });
        await flag.wait({ timeoutMs });
      }
      await by.clear(flag);
      await by.clear(flag);
      assertEquals([await user.call.isSet(flag), await flag.isSet()], [false, false]);
      await assertRejects(() => flag.wait({ timeoutMs: 0 }), TimeoutError);
    }
  },
);

everywhere("[EVENT-03] all who wait for a cleared flag go on when somebody sets it", async (placement) => {
  const flag = new EventFlag();
  const [setter, { inline, thread, process }] = await Promise.all([spawnUser(placement), oneOfEach()]);
  await flag.set();
  await flag.clear();
  const waiting = [inline, thread, process].map((user) => later(user.call.wait(flag)));
  const mine = flag.wait();
  // Each of them has come by now, since it has answered what was asked after.
  for (const user of [inline, thread, process]) assertEquals(await user.call.isSet(flag), false);
  await setter.call.set(flag);
  await soon(Promise.all([...waiting, mine]));
});

everywhere("all who wait for a flag go on when it is set, also if it is cleared at once", async (placement) => {
  const flag = new EventFlag();
  const [setter, { inline, thread, process }] = await Promise.all([spawnUser(placement), oneOfEach()]);
  for (let round = 0; round < 20; round++) {
    const waiting = [inline, thread, process].map((user) => later(user.call.wait(flag)));
    const mine = flag.wait();
    for (const user of [inline, thread, process]) assertEquals(await user.call.isSet(flag), false);
    await setter.call.blink(flag);
    await soon(Promise.all([...waiting, mine]));
    assertEquals([await flag.isSet(), await process.call.isSet(flag)], [false, false]);
  }
});

bounded("in a thread a flag is set, cleared and looked at without a message", async () => {
  const user = await spawnUser("thread");
  assertEquals(await user.call.countFlagEnvelopes(new EventFlag(), 100), 0);
});

bounded("who waits for a flag goes on, though the thread that set it died before it could say so", async () => {
  const flag = new EventFlag();
  const [setter, { thread, process }] = await Promise.all([spawnUser("thread"), oneOfEach()]);
  for (const user of [setter, thread, process]) assertEquals(await user.call.isSet(flag), false);
  const waiting = [flag.wait(), ...[thread, process].map((user) => later(user.call.wait(flag)))];
  for (const user of [thread, process]) assertEquals(await user.call.isSet(flag), false);
  new FlagWords(passagesOf(flag)![0].memory!).set();
  await setter.kill();
  await soon(Promise.all(waiting));
});

bounded("two who wake each other by flags without end keep nobody's timers waiting", async () => {
  const [ping, pong, user] = [new EventFlag(), new EventFlag(), await spawnUser("thread")];
  const answering = later(user.with({ timeoutMs: Infinity }).call.answer(ping, pong));
  let ended = false;
  // Here and there.
  setTimeout(() => void soon(Promise.resolve(user.call.finish())).then(() => ended = true), 20);
  while (!ended) {
    await ping.set();
    await Promise.race([pong.wait(), answering]);
    await pong.clear();
  }
  await ping.set();
  await soon(answering);
});

Deno.test("[EVENT-06] a flag shows whether it is set", async () => {
  const flag = new EventFlag();
  assertEquals(Deno.inspect(flag), "EventFlag(not set)");
  await flag.set();
  assertEquals(Deno.inspect(flag), "EventFlag(set)");
});

everywhere(
  "[BEAT-03] [pain-04] set() waits for nobody who died waiting, and wakes the others, within a second",
  async (placement) => {
    const flag = new EventFlag();
    const [victim, { thread, process }] = await Promise.all([spawnUser(placement), oneOfEach()]);
    const lost = later(victim.call.wait(flag));
    const waiting = [thread, process].map((user) => later(user.call.wait(flag)));
    for (const user of [victim, thread, process]) assertEquals(await user.call.isSet(flag), false);
    if (placement !== "inline") victim.cast.spin();
    void victim.kill();
    // It may be dead or dying.
    await soon(flag.set(), 1000);
    await soon(Promise.all(waiting), 1000);
    await victim.exited;
    await soon(lost.catch(() => {}));
    await soon(flag.clear(), 1000);
    await soon(thread.call.set(flag) as Promise<void>, 1000);
    assertEquals(await process.call.isSet(flag), true);
  },
);

withUser("a wait for a flag that is aborted rejects with the reason, and waits no more", async (_placement, user) => {
  const flag = new EventFlag();
  const controller = new AbortController();
  const waiting = later(user.call.wait(flag, { signal: controller.signal }));
  assertEquals(await user.call.isSet(flag), false);
  controller.abort(new RangeError("enough"));
  await assertRejects(() => soon(waiting), RangeError, "enough");
  await assertRejects(() => flag.wait({ signal: AbortSignal.abort(new RangeError("before")) }), RangeError, "before");
});

for (const place of PLACEMENTS.filter((placement) => placement !== "inline")) {
  bounded(`when the home of a flag is gone everything rejects with DisconnectedError (${place})`, async () => {
    const home = await spawn(LockHome, [], { placement: place });
    const [{ flag }, user] = await Promise.all([home.call.others(), spawnUser("process")]);
    const waiting = [flag.wait(), later(user.call.wait(flag))];
    assertEquals([await user.call.isSet(flag), await flag.isSet()], [false, false]);
    await home.kill();
    for (const wait of waiting) await assertRejects<Error>(() => soon(wait), DisconnectedError);
    for (const use of [() => flag.set(), () => flag.clear(), () => flag.isSet(), () => flag.wait()]) {
      await assertRejects<Error>(use, DisconnectedError);
    }
    await assertRejects(() => later(user.call.set(flag)), DisconnectedError);
  });
}

register("Event flags");
