/** How supervisors and their children begin and end: in order, in time, and with nothing left. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ActorExitedError, child, type PlacementName, Queue, StartError, supervise, supervisor } from "../../mod.ts";
import { leftovers } from "../../actors/testing.ts";
import { lives } from "../machine.ts";
import { eachPlacement, oneTest, rejection, until, within } from "./actor_contract.ts";
import { type Latch, newLatch } from "./fixtures/latch.ts";
import { Member, Starting, Stubborn } from "./fixtures/supervised.ts";
import { count, eachFamily, Log, Watcher } from "./supervised.ts";

type Order = "fail" | "hang" | Latch;

// -- Starting --

eachFamily(
  "a child that cannot start fails supervise(); those before it are stopped, the last first",
  async (one, placement) => {
    const [log, orders] = [new Log(), new Queue<Order>()];
    const member = (name: string) => child(Member, [name, log], { placement });
    const [a, b, d] = [member("a"), member("b"), member("d")];
    const early = rejection(d.ref.call.count());
    await orders.put("fail");
    const children = { a, b, c: child(Starting, ["c", orders, log], { placement }), d };
    const error = await rejection(supervise(children, { placement: one }));
    assertInstanceOf(error, StartError);
    let cause: unknown = error;
    while (cause instanceof StartError) cause = cause.cause;
    assertInstanceOf(cause, RangeError);
    assertEquals(cause.message, "c does not want to start");
    assertEquals(await log.lines(), ["a starts", "b starts", "c starts", "b stops", "a stops"]);
    assertInstanceOf(await within(early), ActorExitedError);
    // They are free again.
    await using app = await supervise({ a, d }, { placement: one });
    assertEquals([await count(app.refs.a), await count(app.refs.d)], [1, 1]);
  },
);

oneTest("a supervisor that is stopped while it starts stops what it has started", async () => {
  const [log, orders] = [new Log(), new Queue<Order>()];
  await using app = await supervise({});
  await orders.put("hang");
  const inner = supervisor({
    a: child(Member, ["a", log], { placement: "inline" }),
    b: child(Starting, ["b", orders, log], { placement: "inline", shutdownMs: 10 }),
  });
  const added = rejection(app.add("inner", inner));
  assertEquals(await log.until("b starts"), ["a starts", "b starts"]);
  await within(app.stop(), 2000);
  assertInstanceOf(await within(added), StartError);
  assertEquals(await log.lines(), ["a stops"]);
});

// -- Stopping --

eachFamily("stop() ends the children in reverse order, each within its shutdownMs", async (one, placement) => {
  const log = new Log();
  const stubborn = (name: string, shutdownMs: number) => child(Stubborn, [name, log], { placement, shutdownMs });
  await using app = await supervise({
    polite: child(Member, ["polite", log], { placement }),
    slow: stubborn("slow", 50),
    crash: stubborn("crash", 5000),
    brutal: stubborn("brutal", 0),
  }, { placement: one });
  const watcher = new Watcher(app);
  const { slow, crash } = app.refs;
  const hung = rejection(slow.with({ timeoutMs: Infinity }).call.hang());
  await count(crash);
  await log.lines();
  assertEquals(await within(app.stop()), { code: 0, reason: "stopped" });
  await within(watcher.ended);
  assertEquals(watcher.told, ["brutal exited", "crash exited", "slow exited", "polite exited"]);
  const ends = ["brutal", "crash", "slow", "polite"].map((name) => watcher.exitsOf(name)[0].reason);
  assertEquals(ends, ["killed", "error", "killed", "stopped"]);
  assertEquals((watcher.exitsOf("crash")[0].error as Error).message, "not that way");
  assertInstanceOf(await within(hung), ActorExitedError);
  // Brutal was not asked, and slow had no time for it.
  assertEquals(await log.lines(), ["crash stops", "polite stops"]);
});

eachPlacement(
  "a crash in onStop does not keep the others of its group from coming back, nor itself",
  async (placement) => {
    const log = new Log();
    const options = { strategy: "one-for-all" } as const;
    await using app = await supervise({
      a: child(Member, ["a", log], { placement }),
      crash: child(Stubborn, ["crash", log], { placement }),
    }, options);
    await app.refs.a.kill();
    assertEquals([await count(app.refs.a), await count(app.refs.crash)], [1, 1]);
    assertEquals(await log.lines(), ["a starts", "crash stops", "a starts"]);
  },
);

eachPlacement("stop() during a restart ends it, also a start that would never end", async (placement) => {
  const [log, orders] = [new Log(), new Queue<Order>()];
  const a = child(Starting, ["a", orders, log], { placement, shutdownMs: 50, startTimeoutMs: Infinity });
  await using app = await supervise({ first: child(Member, ["first", log], { placement }), a });
  await orders.put("hang");
  await log.lines();
  await app.refs.a.kill();
  await log.until("a starts");
  const held = rejection(app.refs.a.with({ timeoutMs: Infinity }).call.count());
  assertEquals(await within(app.stop(), 5000), { code: 0, reason: "stopped" });
  assertInstanceOf(await within(held, 1000), ActorExitedError);
  assertEquals(await log.lines(), ["first stops"]);
});

// -- Changes during changes --

eachPlacement(
  "a child that is killed while others of its group are restarted is restarted again",
  async (placement) => {
    const [log, orders] = [new Log(), new Queue<Order>()];
    const children = {
      a: child(Member, ["a", log], { placement }),
      b: child(Starting, ["b", orders, log], { placement }),
    };
    await using app = await supervise(children, { strategy: "one-for-all" });
    const watcher = new Watcher(app);
    const latch = newLatch();
    await orders.put(latch);
    await log.lines();
    await app.refs.a.kill();
    await within(latch.entered.get());
    // The group is half up, and its first half dies again.
    assertEquals(await count(app.refs.a), 1);
    await app.refs.a.kill();
    await latch.gate.put("");
    await watcher.saw("restarted", "b", 2);
    assertEquals([await count(app.refs.a), await count(app.refs.b)], [1, 1]);
    assertEquals(await log.lines(), ["b stops", "a starts", "b starts", "b stops", "a starts", "b starts"]);
    assertEquals([watcher.count("restarted", "a"), watcher.count("restarted", "b")], [2, 2]);
  },
);

eachPlacement("remove() during a restart waits for it, and the child is gone", async (placement) => {
  const [log, orders] = [new Log(), new Queue<Order>()];
  const a = child(Starting, ["a", orders, log], { placement });
  await using app = await supervise({ a });
  const latch = newLatch();
  await orders.put(latch);
  await app.refs.a.kill();
  await within(latch.entered.get());
  const removed = app.remove("a");
  const held = app.refs.a.call.count();
  await latch.gate.put("");
  await within(removed);
  // It was there for a moment, in which it may have answered.
  await within(Promise.allSettled([held]));
  const error = await rejection(app.refs.a.call.count());
  assertInstanceOf(error, ActorExitedError);
  assertEquals((await within(app.refs.a.exited)).reason, "stopped");
  await assertIsUnknown(app.remove("a"), "remove");
  await assertIsUnknown(app.restart("a"), "restart");
  // It may be added again, and its ref is as good as before.
  await app.add("a", a);
  assertEquals([await count(app.refs.a), app.refs.a.alive], [1, true]);
});

async function assertIsUnknown(done: Promise<void>, action: string): Promise<void> {
  const error = await rejection(done);
  assertInstanceOf(error, TypeError);
  assertEquals(error.message, `Cannot ${action} "a": there is no child of that name`);
}

eachFamily("add() starts a child, whoever describes it, and fails as the child does", async (one, placement) => {
  const [log, orders] = [new Log(), new Queue<Order>()];
  await using app = await supervise({ a: child(Member, ["a", log], { placement }) }, { placement: one });
  const b = await app.add("b", child(Member, ["b", log], { placement }));
  assertEquals(await count(b), 1);
  await b.kill();
  assertEquals(await count(b), 1);
  const taken = await rejection(app.add("b", child(Member, ["b", log], { placement })));
  assertInstanceOf(taken, TypeError);
  assertEquals(taken.message, `Cannot add "b": there is a child of that name`);
  await orders.put("fail");
  const c = child(Starting, ["c", orders, log], { placement });
  const early = rejection(c.ref.call.count());
  assertInstanceOf(await rejection(app.add("c", c)), StartError);
  assertInstanceOf(await within(early), ActorExitedError);
  await app.add("c", c);
  assertEquals(await count(c.ref), 1);
  // A restart that fails says so, and the supervisor goes on trying.
  await orders.put("fail");
  assertInstanceOf(await rejection(app.restart("c")), StartError);
  assertEquals(await count(c.ref), 1);
  await app.remove("b");
  assertInstanceOf(await rejection(b.call.count()), ActorExitedError);
  await log.lines();
  await app.stop();
  assertEquals(await log.lines(), ["c stops", "a stops"]);
});

oneTest("a child has one supervisor at a time", async () => {
  const log = new Log();
  const a = child(Member, ["a", log], { placement: "inline" });
  await using app = await supervise({ a });
  for (
    const again of [
      () => supervise({ a }),
      () => app.add("b", a),
      async () => await supervise({ b: supervisor({ a }) }),
    ]
  ) {
    const error = await rejection(again());
    assertInstanceOf(error, TypeError);
    assert(error.message.endsWith("has a supervisor already"), error.message);
  }
  const both = child(Member, ["both", log], { placement: "inline" });
  assertInstanceOf(await rejection(supervise({ one: both, two: both })), TypeError);
  await using other = await supervise({ both });
  assertEquals(await count(other.refs.both), 1);
});

// -- Significant children --

for (const autoShutdown of ["any-significant", "all-significant"] as const) {
  eachPlacement(
    `autoShutdown "${autoShutdown}" ends the supervisor with the children that matter`,
    async (placement) => {
      const log = new Log();
      const member = (name: string, restart: "transient" | "temporary", significant: boolean) =>
        child(Member, [name, log], { placement, restart, significant });
      const inner = supervisor({
        a: member("a", "transient", true),
        b: member("b", "temporary", true),
        c: member("c", "transient", false),
      }, { autoShutdown });
      await using app = await supervise({ inner }, { maxRestarts: 0 });
      const watcher = new Watcher(app);
      const { a, b, c } = app.refs.inner.refs;
      const innerWatcher = new Watcher(app.refs.inner);
      c.cast.leave(0);
      await innerWatcher.saw("exited", "c");
      // An end after which it comes back is none.
      await a.kill();
      assertEquals(await count(a), 1);
      a.cast.leave(0);
      await innerWatcher.saw("exited", "a", 2);
      if (autoShutdown === "all-significant") {
        assertEquals(await count(b), 1);
        await b.kill();
      }
      // That is an end that was meant; the one above was told to keep it, and may not.
      const exit = await within(app.exited);
      assertEquals(exit.reason, "error");
      assertEquals(watcher.exitsOf("inner"), [{ code: 0, reason: "normal" }]);
      await within(innerWatcher.ended);
      assertInstanceOf(await rejection(b.call.count()), ActorExitedError);
    },
  );
}

oneTest("a significant child is refused where that means nothing", async () => {
  const log = new Log();
  const significant = () => child(Member, ["a", log], { placement: "inline", restart: "transient", significant: true });
  assertInstanceOf(await rejection(supervise({ a: significant() })), TypeError);
  await using app = await supervise({});
  assertInstanceOf(await rejection(app.add("a", significant())), TypeError);
  assertThrows(() => void child(Member, ["a", log], { significant: true }), TypeError, "a permanent child");
});

// -- Death --

for (const [one, placement] of [["process", "process"], ["process", "thread"]] as [PlacementName, PlacementName][]) {
  oneTest(
    `kill -9 of a supervisor's process takes its children along, and it comes back (${placement} children)`,
    async () => {
      const log = new Log();
      const member = (name: string) => child(Member, [name, log], { placement });
      const inner = supervisor({
        a: member("a"),
        nested: supervisor({ b: member("b"), own: child(Member, ["own", log], { placement: "inline" }) }),
      }, { placement: one });
      await using app = await supervise({ inner });
      const { a, nested } = app.refs.inner.refs;
      const refs = [a, nested.refs.b, nested.refs.own];
      const pids = await Promise.all(refs.map((ref) => ref.call.pid()));
      const ended = Promise.all(refs.map((ref) => rejection(ref.with({ timeoutMs: Infinity }).call.hold(newLatch()))));
      Deno.kill(pids[2], "SIGKILL");
      const began = performance.now();
      for (const error of await within(ended)) assertInstanceOf(error, ActorExitedError);
      assert(performance.now() - began < 2000, "calls to the dead settle late");
      await until(() => !pids.some(lives));
      for (const ref of refs) assertEquals(await count(ref), 1);
      assert(!(await Promise.all(refs.map((ref) => ref.call.pid()))).some((pid) => pids.includes(pid)));
      await app.kill();
      for (const ref of refs) assertInstanceOf(await rejection(within(ref.call.count(), 1000)), ActorExitedError);
      for (const ref of refs) assertEquals((await within(ref.exited)).code, -9);
      // Its process is told to end, and does.
      await until(() => leftovers().length === 0);
    },
  );
}

oneTest("what was added to a supervisor that died is not waited for, since nobody will start it again", async () => {
  const log = new Log();
  const inner = supervisor({ a: child(Member, ["a", log], { placement: "inline" }) }, { placement: "thread" });
  await using app = await supervise({ inner });
  const added = await app.refs.inner.add("b", child(Member, ["b", log], { placement: "inline" }));
  assertEquals(await count(added), 1);
  await app.refs.inner.kill();
  assertInstanceOf(await rejection(within(added.call.count(), 2000)), ActorExitedError);
  assertEquals(await count(app.refs.inner.refs.a), 1);
});
