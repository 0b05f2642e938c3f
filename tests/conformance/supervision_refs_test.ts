/** Refs of supervised children: before the first life, between lives, and wherever they have travelled. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { delay } from "@std/async";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { ActorExitedError, child, JoinableQueue, Queue, type Ref, spawn, supervise, supervisor } from "../../mod.ts";
import { eachPlacement, oneTest, rejection, until, within } from "./actor_contract.ts";
import { newLatch } from "./fixtures/latch.ts";
import { consume, Member, Outsider } from "./fixtures/supervised.ts";
import { count, eachFamily, Log } from "./supervised.ts";

/** Nothing comes back by itself within a test. */
const NEVER = { backoff: { minMs: 3_600_000, maxMs: 3_600_000, jitter: 0 } };

// -- Before the first life --

eachFamily("a child's ref may be given to siblings before it starts, and works in both", async (one, placement) => {
  const log = new Log();
  const first = child(Member, ["first", log], { placement });
  const user = child(Outsider, [first.ref], { placement });
  // What is sent before there is anybody to send it to waits.
  const early = first.ref.call.count();
  first.ref.cast.note("early");
  await using app = await supervise({ first, user }, { placement: one });
  assertEquals(await within(early), 1);
  assertEquals(await app.refs.user.call.countMine(), 2);
  assertEquals(await first.ref.call.noted(), ["early"]);
  await app.refs.first.kill();
  assertEquals(await within(app.refs.user.call.countMine()), 1);
  await app.refs.user.kill();
  assertEquals(await within(app.refs.user.call.countMine()), 2);
  const mine = await app.refs.user.call.mine();
  assertEquals([mine.name, mine.placement, mine.address], [first.ref.name, placement, first.ref.address]);
  assertEquals(await mine.call.count(), 3);
});

// -- Wherever it has travelled --

eachFamily("a ref works across restarts wherever it travelled, at any depth", async (one, placement) => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement }) }, { placement: one });
  await using inThread = await spawn(Outsider, [], { placement: "thread" });
  await using inProcess = await spawn(Outsider, [], { placement: "process" });
  const { a } = app.refs;
  for (let round = 0; round < 3; round++) {
    const counts = [];
    for (const outsider of [inThread, inProcess]) counts.push(await outsider.call.count({ deep: [a] }));
    assertEquals(counts, [1, 2]);
    assertEquals(await inThread.call.steps(a), [1, 2, 3]);
    await a.kill();
  }
  assertEquals(await within(inProcess.call.count({ deep: [a] })), 1);
});

oneTest("a handle to a supervisor works wherever it arrives, with the refs of its children", async () => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement: "inline" }) });
  for (const placement of ["thread", "process"] as const) {
    await using outsider = await spawn(Outsider, [], { placement });
    assertEquals(await count(app.refs.a), 1);
    assertEquals(await outsider.call.restart(app, "a"), "a");
    assertEquals(await count(app.refs.a), 1);
    await app.restart("a");
  }
});

// -- At the crash --

eachFamily(
  "calls in flight at the crash reject; those made from then on wait for the next life",
  async (one, placement) => {
    const log = new Log();
    await using app = await supervise({ a: child(Member, ["a", log], { placement }) }, { placement: one });
    const { a } = app.refs;
    const latch = newLatch();
    const inHand = rejection(a.call.hold(latch));
    await within(latch.entered.get());
    const queued = rejection(a.call.count());
    const letters = deadLetters.count;
    a.cast.note("queued");
    await a.kill();
    for (const error of [await within(inHand), await within(queued)]) {
      assertInstanceOf(error, ActorExitedError);
      assertEquals([error.exit.reason, error.address], ["killed", a.address]);
    }
    assertEquals(await within(a.call.count()), 1);
    assertEquals(await a.call.noted(), []);
    // A cast that was queued in an isolate of its own is counted there, if anywhere.
    if (placement === "inline" && one === "inline") assertEquals(deadLetters.count - letters, 1);
  },
);

eachPlacement("the message that crashed it is not given to it again", async (placement) => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement }) });
  const { a } = app.refs;
  a.cast.crash("poison");
  assertEquals(await count(a), 1);
  assertEquals(await log.lines(), ["a starts", "a crashes", "a starts"]);
});

eachFamily("retries: n gives a call to so many further lives, and not to one more", async (one, placement) => {
  const log = new Log();
  const tokens = new Queue<number>();
  const options = { placement: one, maxRestarts: 100 };
  await using app = await supervise({ a: child(Member, ["a", log], { placement }) }, options);
  const { a } = app.refs;
  for (let n = 0; n < 5; n++) await tokens.put(3);
  // The first attempt and two more take a token each; so does the one without.
  const error = await rejection(a.with({ retries: 2 }).call.leaveOnce(tokens));
  assertInstanceOf(error, ActorExitedError);
  assertEquals(error.exit, { code: 3, reason: "error" });
  assertInstanceOf(await rejection(a.call.leaveOnce(tokens)), ActorExitedError);
  assertEquals(await within(a.with({ retries: 1 }).call.leaveOnce(tokens)), 1);
  const asked = (await log.lines()).filter((line) => line === "a is asked").length;
  assertEquals(asked, 3 + 1 + 2);
});

eachPlacement("a retry waits for the next life also of an actor that is only ending", async (placement) => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement }) });
  const { a } = app.refs;
  const latch = newLatch();
  const inHand = a.call.hold(latch);
  await within(latch.entered.get());
  // Behind this it takes nothing new, and lives on until the latch is opened.
  const stopped = a.stop({ graceMs: Infinity });
  const retried = a.with({ retries: 1 }).call.count();
  await using outsider = await spawn(Outsider, [], { placement: "thread" });
  const fromElsewhere = outsider.call.count({ deep: [a] }, 1);
  await latch.gate.put("");
  assertEquals(await within(inHand), "held");
  await within(stopped);
  assertEquals((await within(Promise.all([retried, fromElsewhere]))).toSorted(), [1, 2]);
});

// -- Between lives --

eachPlacement(
  "what is sent while it is down waits, in order, up to 1000 messages; more are dead letters",
  async (placement) => {
    const log = new Log();
    await using app = await supervise({ a: child(Member, ["a", log], { placement }) }, NEVER);
    const { a } = app.refs;
    await a.kill();
    const letters = deadLetters.count;
    for (let n = 0; n < 999; n++) a.cast.note(n);
    const last = a.call.count();
    a.cast.note("one too many");
    assertEquals(deadLetters.count - letters, 1);
    const error = await rejection(within(a.call.count(), 1000));
    assertInstanceOf(error, ActorExitedError);
    assertEquals(error.exit.reason, "killed");
    assertEquals(await rejection(a.ready({ timeoutMs: 0 })).then((error) => (error as Error).name), "TimeoutError");
    await app.restart("a");
    assertEquals(await within(last), 1);
    assertEquals(await a.call.noted(), Array.from({ length: 999 }, (_, n) => n));
    await a.ready({ timeoutMs: 0 });
  },
);

for (const elsewhere of ["thread", "process"] as const) {
  eachPlacement(`the same holds for what comes from elsewhere (${elsewhere})`, async (placement) => {
    const log = new Log();
    await using app = await supervise({ a: child(Member, ["a", log], { placement }) }, NEVER);
    await using outsider = await spawn(Outsider, [], { placement: elsewhere });
    const { a } = app.refs;
    await a.kill();
    const letters = deadLetters.count;
    await outsider.call.castMany(a, 0, 3000);
    await until(() => deadLetters.count - letters === 2000);
    assertEquals(await outsider.call.ready(a, 0), "timeout");
    const ready = outsider.with({ timeoutMs: Infinity }).call.ready(a, 60_000);
    await app.restart("a");
    assertEquals(await within(ready), "ready");
    assertEquals(await a.call.noted(), Array.from({ length: 1000 }, (_, n) => n));
    // Nor is there any number of messages at which it ends, once it is up again.
    await outsider.with({ timeoutMs: 30_000 }).call.castMany(a, 1000, 5000);
    assertEquals(await outsider.with({ timeoutMs: 30_000 }).call.callMany(a, 3000, 100), 3000);
    assertEquals((await a.call.noted()).length, 5000);
    assertEquals(await a.call.count(), 3001);
  });
}

oneTest("a call that gave up while the child was down is not given to its next life", async () => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement: "inline" }) }, NEVER);
  const { a } = app.refs;
  await a.kill();
  const error = await rejection(a.with({ timeoutMs: 20 }).call.count());
  assertEquals((error as Error).name, "TimeoutError");
  await app.restart("a");
  assertEquals(await a.call.count(), 1);
});

eachFamily("restart() under load loses no call, wherever it comes from", async (one, placement) => {
  const log = new Log();
  const inner = supervisor({ a: child(Member, ["a", log], { placement }) });
  await using app = await supervise({ inner }, { placement: one });
  const { a } = app.refs.inner.refs;
  await using outsider = await spawn(Outsider, [], { placement: "thread" });
  let [calling, answered] = [true, 0];
  const lane = async () => {
    for (; calling; answered++) {
      await a.with({ timeoutMs: 15_000 }).call.count();
      // Calls within an isolate need no turn of its event loop, and would leave none to others.
      await delay(0);
    }
  };
  const lanes = Array.from({ length: 20 }, lane);
  const elsewhere = outsider.with({ timeoutMs: Infinity }).call.callMany(a, 2000, 20);
  for (let round = 0; round < 3; round++) {
    await app.refs.inner.restart("a");
    const before = answered;
    await until(() => answered > before + 20);
    await app.restart("inner");
  }
  calling = false;
  await within(Promise.all(lanes));
  assertEquals(await within(elsewhere, 15_000), 2000);
});

// -- After the last life --

eachFamily("after the end of their supervisor calls reject at once, casts are dead letters", async (one, placement) => {
  const log = new Log();
  const inner = supervisor({ b: child(Member, ["b", log], { placement }) });
  await using app = await supervise({ a: child(Member, ["a", log], { placement }), inner }, { placement: one });
  const refs: Ref<typeof Member>[] = [app.refs.a, app.refs.inner.refs.b];
  await using outsider = await spawn(Outsider, [], { placement: "thread" });
  await app.kill();
  for (const ref of refs) {
    const error = await rejection(within(ref.call.count(), 1000));
    assertInstanceOf(error, ActorExitedError);
    const other = await rejection(within(outsider.call.count({ deep: [ref] }), 2000));
    assertInstanceOf(other, ActorExitedError);
    assertEquals((await within(ref.exited)).code, -9);
    assert(!ref.alive);
    const letters = deadLetters.count;
    ref.cast.note("too late");
    assertEquals(deadLetters.count - letters, 1);
  }
  assertEquals((await within(app.exited)).reason, "killed");
});

// -- What it had taken --

eachPlacement(
  "[BEAT-12] what a supervised consumer took and did not acknowledge is given to its next life",
  async (placement) => {
    const [jobs, done] = [new JoinableQueue<string>(), new Queue<string>()];
    const consumer = child(consume, [jobs, done, "hard"], { placement, shutdownMs: 0 });
    await using app = await supervise({ consumer });
    await jobs.put("hard");
    assertEquals(await within(done.get()), "took hard");
    // It holds on to what it took; with nobody else there, its own next life gets it, which is its last delivery.
    await app.refs.consumer.kill();
    assertEquals(await within(done.get()), "took hard");
    await app.refs.consumer.kill();
    await within(jobs.join());
    await jobs.put("easy");
    assertEquals([await within(done.get()), await within(done.get())], ["took easy", "did easy"]);
    await within(jobs.join());
  },
);
