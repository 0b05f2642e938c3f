/** How often children come back, how soon, and what it means when that is too often. */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  ActorExitedError,
  child,
  type Exit,
  logger,
  Queue,
  RestartLimitError,
  StartError,
  supervise,
  supervisor,
} from "../../mod.ts";
import { eachPlacement, oneTest, rejection, until, within } from "./actor_contract.ts";
import { type Latch, newLatch, open } from "./fixtures/latch.ts";
import { Deciding, Member, Starting } from "./fixtures/supervised.ts";
import { count, eachFamily, Log, Watcher } from "./supervised.ts";

function assertGaveUp(exit: Exit, named: string, restarts: number): void {
  assertEquals([exit.code, exit.reason], [1, "error"]);
  const { error } = exit;
  assertInstanceOf(error, RestartLimitError);
  assertEquals([error.code, error.child, error.restarts], ["restart-limit", named, restarts]);
  assert(error.message.startsWith(`Cannot keep "${named}" alive: it ended again after ${restarts} restarts`));
}

eachFamily("so many restarts as maxRestarts are made, and the next end is the end of all", async (one, placement) => {
  const log = new Log();
  const member = (name: string) => child(Member, [name, log], { placement });
  await using app = await supervise({ a: member("a"), b: member("b") }, {
    placement: one,
    maxRestarts: 2,
    withinMs: 60_000,
  });
  const watcher = new Watcher(app);
  const { a, b } = app.refs;
  for (let restarts = 1; restarts <= 2; restarts++) {
    await a.kill();
    assertEquals(await count(a), 1);
  }
  assertEquals(await log.lines(), ["a starts", "b starts", "a starts", "a starts"]);
  await a.kill();
  assertGaveUp(await within(app.exited), "a", 2);
  assertEquals(await log.lines(), ["b stops"]);
  await within(watcher.ended);
  const back = ["a exited", "a restarted"];
  assertEquals(watcher.told, [...back, ...back, "a exited", "a gave-up", "b exited"]);
  for (const ref of [a, b]) assertInstanceOf(await rejection(within(ref.call.count(), 1000)), ActorExitedError);
  assert(!app.alive);
});

eachFamily("giving up a child that has ended in order says how it may end", async (one, placement) => {
  const log = new Log();
  const members = { a: child(Member, ["a", log], { placement }) };
  await using app = await supervise(members, { placement: one, maxRestarts: 0 });
  app.refs.a.cast.leave(0);
  assertEquals(
    ((await within(app.exited)).error as Error).message,
    'Cannot keep "a" alive: it ended again after 0 restarts (normal, code 0); with restart: "transient" it may end when it is done',
  );
});

eachFamily("a supervisor gives up once, however many fail while it restarts another", async (one, placement) => {
  const log = new Log();
  const orders = new Queue<Latch>();
  const slow = child(Starting, ["slow", orders, log], { placement });
  const member = (name: string) => child(Member, [name, log], { placement });
  const children = { slow, a: member("a"), b: member("b"), c: member("c") };
  await using app = await supervise(children, { placement: one, maxRestarts: 1 });
  const watcher = new Watcher(app);
  const { write } = logger;
  using _quiet = { [Symbol.dispose]: () => void (logger.write = write) };
  let logged = 0;
  // That of a supervisor elsewhere is written there.
  logger.write = ({ event }) => void (event === "gave-up" && logged++);
  const latch = newLatch();
  await orders.put(latch);
  await app.refs.slow.kill();
  await within(latch.entered.get());
  for (const name of ["a", "b", "c"] as const) {
    await app.refs[name].kill();
    await watcher.saw("exited", name);
  }
  await open(latch);
  assertGaveUp(await within(app.exited), "a", 1);
  await within(watcher.ended);
  assertEquals([watcher.count("gave-up"), watcher.count("restarted")], [1, 1]);
  assertEquals(logged, one === "inline" ? 1 : 0);
});

oneTest("with maxRestarts 0 the first end is one too many", async () => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement: "inline" }) }, { maxRestarts: 0 });
  await app.refs.a.kill();
  assertGaveUp(await within(app.exited), "a", 0);
});

oneTest("what the last life failed with is the cause of the supervisor's error", async () => {
  const log = new Log();
  await using app = await supervise({ a: child(Member, ["a", log], { placement: "inline" }) }, { maxRestarts: 0 });
  app.refs.a.cast.crash("the reason");
  const { error } = await within(app.exited);
  assertEquals((error as { cause: Error }).cause.message, "the reason");
});

eachFamily(
  "a supervisor that gives up is a failed child of the one above, which starts all of it again",
  async (one, placement) => {
    const log = new Log();
    const member = (name: string) => child(Member, [name, log], { placement });
    const inner = supervisor({ a: member("a"), b: member("b") }, { maxRestarts: 1, placement: one });
    await using app = await supervise({ inner }, { maxRestarts: 1 });
    const watcher = new Watcher(app);
    const { a, b } = app.refs.inner.refs;
    for (let n = 1; n <= 2; n++) {
      assertEquals([await count(a), await count(b)], [1, n]);
      await a.kill();
    }
    // The whole of it was started again: no call was lost to that, and both begin anew.
    assertEquals([await count(a), await count(b)], [1, 1]);
    await watcher.saw("restarted", "inner");
    assertEquals(watcher.told, ["inner exited", "inner restarted"]);
    assertGaveUp(watcher.exitsOf("inner")[0], "a", 1);
    await a.kill();
    assertEquals(await count(a), 1);
    await a.kill();
    assertGaveUp(await within(app.exited), "inner", 1);
    for (const ref of [a, b]) assertInstanceOf(await rejection(within(ref.call.count(), 1000)), ActorExitedError);
  },
);

eachPlacement("a start that fails on the way back counts like an end", async (placement) => {
  const [log, orders] = [new Log(), new Queue<"fail">()];
  const a = child(Starting, ["a", orders, log], { placement });
  await using app = await supervise({ a }, { maxRestarts: 3, withinMs: 60_000 });
  for (let n = 0; n < 2; n++) await orders.put("fail");
  await app.refs.a.kill();
  assertEquals(await count(app.refs.a), 1);
  assertEquals(await log.lines(), Array(4).fill("a starts"));
  await app.refs.a.kill();
  assertGaveUp(await within(app.exited), "a", 3);
  assertInstanceOf(await rejection(within(app.refs.a.call.count(), 1000)), ActorExitedError);
});

oneTest("what could not be started on the way back is the cause of the error", async () => {
  const [log, orders] = [new Log(), new Queue<"fail">()];
  const a = child(Starting, ["a", orders, log], { placement: "inline" });
  await using app = await supervise({ a }, { maxRestarts: 1 });
  await orders.put("fail");
  await app.refs.a.kill();
  const { error } = await within(app.exited);
  const { cause } = error as { cause: unknown };
  assertInstanceOf(cause, StartError);
  assertEquals((cause.cause as Error).message, "a does not want to start");
});

eachPlacement("with backoff, failures in a row are too many though no window ever holds two", async (placement) => {
  const [log, orders] = [new Log(), new Queue<"fail">()];
  const a = child(Starting, ["a", orders, log], { placement });
  const backoff = { minMs: 20, maxMs: 1000, factor: 1, jitter: 0 };
  await using app = await supervise({ a }, { maxRestarts: 3, withinMs: 1, backoff });
  for (let n = 0; n < 3; n++) await orders.put("fail");
  const began = performance.now();
  await app.refs.a.kill();
  assertGaveUp(await within(app.exited), "a", 3);
  assert(performance.now() - began >= 60, "it did not wait");
  assertEquals(await log.lines(), Array(4).fill("a starts"));
});

oneTest(
  "a child that waits for its restart keeps no other from its own, nor from being added, removed, restarted",
  async () => {
    const log = new Log();
    const member = (name: string) => child(Member, [name, log], { placement: "inline" });
    const backoff = { minMs: 3_600_000, maxMs: 3_600_000, jitter: 0 };
    await using app = await supervise({ a: member("a"), b: member("b"), c: member("c") }, { backoff });
    await app.refs.a.kill();
    await app.refs.b.kill();
    const held = app.refs.a.call.count();
    await app.add("d", member("d"));
    await app.restart("c");
    const refused = rejection(app.refs.b.call.count());
    await app.remove("b");
    assertInstanceOf(await within(refused), ActorExitedError);
    // To be restarted is to wait no longer.
    await app.restart("a");
    assertEquals(await within(held), 1);
    const began = performance.now();
    await app.refs.a.kill();
    const late = rejection(app.refs.a.with({ timeoutMs: Infinity }).call.count());
    await within(app.stop(), 1000);
    assertInstanceOf(await within(late, 1000), ActorExitedError);
    assert(performance.now() - began < 60_000);
  },
);

for (const strategy of ["one-for-all", "rest-for-one"] as const) {
  oneTest(`${strategy}: the others wait with the one that failed, and do not when it is removed`, async () => {
    const log = new Log();
    const member = (name: string) => child(Member, [name, log], { placement: "inline" });
    const backoff = { minMs: 3_600_000, maxMs: 3_600_000, jitter: 0 };
    await using app = await supervise({ a: member("a"), b: member("b"), c: member("c") }, { strategy, backoff });
    await log.lines();
    await app.refs.a.kill();
    assertEquals(await log.until("b stops"), ["c stops", "b stops"]);
    const held = Promise.all([app.refs.b.call.count(), app.refs.c.call.count()]);
    await app.remove("a");
    assertEquals(await within(held), [1, 1]);
    assertEquals(await log.lines(), ["b starts", "c starts"]);
    await app.refs.b.kill();
    if (strategy === "one-for-all") await log.until("c stops");
    await app.restart("b");
    assertEquals([await count(app.refs.b), await count(app.refs.c)], [1, 1]);
  });
}

// -- onError --

eachFamily(`onError "escalate" fails the supervisor, and one above starts it again`, async (one, placement) => {
  const inner = supervisor(
    { a: child(Deciding, ["escalate"], { placement }), b: child(Deciding, ["resume"], { placement }) },
    { placement: one },
  );
  await using app = await supervise({ inner }, { maxRestarts: 1 });
  const watcher = new Watcher(app);
  const { a, b } = app.refs.inner.refs;
  assertEquals([await count(a), await count(b)], [1, 1]);
  assertInstanceOf(await rejection(a.call.fail("up")), RangeError);
  await watcher.saw("restarted", "inner");
  assertEquals([await count(a), await count(b)], [1, 1]);
  const [exit] = watcher.exitsOf("inner");
  assertEquals([exit.code, exit.reason, (exit.error as Error).message], [1, "error", "up"]);
  a.cast.fail("up again");
  assertGaveUp(await within(app.exited), "inner", 1);
});

eachPlacement(`onError "resume", "restart" and "stop" under a supervisor`, async (placement) => {
  const deciding = (decision: "resume" | "restart" | "stop" | "throw" | undefined) =>
    child(Deciding, [decision], { placement, restart: "transient" });
  await using app = await supervise({
    resume: deciding("resume"),
    restart: deciding("restart"),
    stop: deciding("stop"),
    throw: deciding("throw"),
    none: deciding(undefined),
  }, { maxRestarts: 100 });
  const { resume, restart, stop, none } = app.refs;
  for (const ref of Object.values(app.refs)) assertEquals(await count(ref), 1);
  const watcher = new Watcher(app);

  assertInstanceOf(await rejection(resume.call.fail("a")), RangeError);
  resume.cast.fail("b");
  assertEquals(await count(resume), 2);

  // A call's error, which without onError means nothing to the actor, is now the end of this life.
  assertInstanceOf(await rejection(restart.call.fail("a")), RangeError);
  await watcher.saw("restarted", "restart");
  restart.cast.fail("b");
  await watcher.saw("restarted", "restart", 2);
  assertEquals(await count(restart), 1);

  // Who decides nothing leaves it as it is: a call's error is the caller's, a cast's a crash.
  assertInstanceOf(await rejection(none.call.fail("a")), RangeError);
  assertEquals(await count(none), 2);
  none.cast.fail("b");
  await watcher.saw("restarted", "none");

  app.refs.throw.cast.fail("b");
  await watcher.saw("restarted", "throw");

  assertInstanceOf(await rejection(stop.call.fail("a")), RangeError);
  assertEquals(await within(stop.exited), { code: 0, reason: "stopped" });
});

eachPlacement(
  "[BEAT-15] a cast that throws is reported once, and the next message finds a new life",
  async (placement) => {
    await using app = await supervise({ a: child(Deciding, [undefined], { placement }) });
    const watcher = new Watcher(app);
    app.refs.a.cast.fail("once");
    assertEquals(await count(app.refs.a), 1);
    await until(() => watcher.events.length === 2);
    const [exit] = watcher.exitsOf("a");
    assertEquals([exit.code, exit.reason, (exit.error as Error).message], [1, "error", "once"]);
  },
);
