/** Which children come back, and with whom. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { ActorExitedError, child, type Ref, type RestartType, type Strategy, supervise } from "../../mod.ts";
import { eachPlacement, rejection, within } from "./actor_contract.ts";
import { Member, serve } from "./fixtures/supervised.ts";
import { count, eachFamily, Log, Watcher } from "./supervised.ts";

/** How a child may end, and whether that is an end that was not meant. */
const ENDS: readonly [string, "meant" | "abnormal", (ref: Ref<typeof Member>) => unknown][] = [
  ["exits with 0", "meant", (ref) => ref.cast.leave(0)],
  ["is stopped", "meant", (ref) => ref.stop()],
  ["exits with 3", "abnormal", (ref) => ref.cast.leave(3)],
  ["crashes", "abnormal", (ref) => ref.cast.crash("boom")],
  ["is killed", "abnormal", (ref) => ref.kill()],
];

for (const [how, kind, end] of ENDS) {
  eachPlacement(`which children come back that ${how}: permanent, transient or temporary`, async (placement) => {
    const log = new Log();
    const kept = (restart: RestartType) => child(Member, [restart, log], { placement, restart });
    const children = { always: kept("permanent"), maybe: kept("transient"), never: kept("temporary") };
    await using app = await supervise(children, { maxRestarts: 100 });
    for (const [name, ref] of Object.entries(app.refs)) {
      assertEquals(await count(ref), 1);
      await end(ref);
      const comesBack = name === "always" || (name === "maybe" && kind === "abnormal");
      if (comesBack) {
        assertEquals([await count(ref), ref.alive], [1, true], name);
        continue;
      }
      const exit = await within(ref.exited);
      assertEquals([exit.code === 0, ref.alive], [kind === "meant", false]);
      const error = await rejection(ref.call.count());
      assertInstanceOf(error, ActorExitedError);
      assertEquals(error.exit, exit);
    }
  });
}

/** What the log says when the second of three is killed. */
const RESTARTED: Readonly<Record<Strategy, string[]>> = {
  "one-for-one": ["b starts"],
  "one-for-all": ["c stops", "a stops", "a starts", "b starts", "c starts"],
  "rest-for-one": ["c stops", "b starts", "c starts"],
};

for (const [strategy, expected] of Object.entries(RESTARTED) as [Strategy, string[]][]) {
  eachFamily(`${strategy} restarts those it should, in order`, async (one, placement) => {
    const log = new Log();
    const member = (name: string) => child(Member, [name, log], { placement });
    const children = { a: member("a"), b: member("b"), c: member("c") };
    await using app = await supervise(children, { strategy, placement: one });
    const watcher = new Watcher(app);
    assertEquals(await log.lines(), ["a starts", "b starts", "c starts"]);
    await app.refs.b.kill();
    const last = expected.at(-1)!;
    assertEquals(await log.until(last), expected);
    await watcher.saw("restarted", last[0]);
    const restarted = expected.filter((line) => line.endsWith("starts")).map((line) => `${line[0]} restarted`);
    assertEquals(watcher.told.filter((event) => event.endsWith("restarted")), restarted);
    assertEquals([await count(app.refs.a), await count(app.refs.b), await count(app.refs.c)], [1, 1, 1]);
    await app.stop();
    assertEquals(await log.lines(), ["c stops", "b stops", "a stops"]);
  });
}

for (const strategy of ["one-for-all", "rest-for-one"] as const) {
  eachPlacement(
    `${strategy} ends temporary children for good, and starts those again that were done`,
    async (placement) => {
      const log = new Log();
      const member = (name: string, restart: RestartType) => child(Member, [name, log], { placement, restart });
      const children = {
        a: member("a", "permanent"),
        done: member("done", "transient"),
        temp: member("temp", "temporary"),
      };
      await using app = await supervise(children, { strategy });
      const watcher = new Watcher(app);
      app.refs.done.cast.leave(0);
      assertEquals((await within(app.refs.done.exited)).reason, "normal");
      await log.lines();
      await app.refs.a.kill();
      // OTP: what is started with the others is whatever is on the supervisor's list.
      assertEquals(await log.until("done starts"), ["temp stops", "a starts", "done starts"]);
      await watcher.saw("restarted", "done");
      assertEquals((await within(app.refs.temp.exited)).reason, "stopped");
      assertEquals([await count(app.refs.done), app.refs.done.alive, app.refs.temp.alive], [1, true, false]);
    },
  );
}

eachPlacement("one-for-one leaves the others as they are", async (placement) => {
  const log = new Log();
  const member = (name: string) => child(Member, [name, log], { placement });
  await using app = await supervise({ a: member("a"), b: member("b") });
  for (let n = 1; n <= 3; n++) {
    assertEquals(await count(app.refs.b), n);
    await app.refs.a.kill();
    assertEquals(await count(app.refs.a), 1);
  }
});

eachPlacement("a task is a child like others, and each of its lives has a mailbox of its own", async (placement) => {
  const log = new Log();
  await using app = await supervise({
    always: child(serve, [log], { placement }),
    once: child(serve, [log], { placement, restart: "temporary" }),
    maybe: child(serve, [log], { placement, restart: "transient" }),
  });
  // A task begins once whoever started it knows that it does.
  for (let i = 0; i < 3; i++) assertEquals(await within(log.get()), "serve starts");
  const { always, once, maybe } = app.refs;
  await always.send("one");
  assertEquals(await within(log.get()), "serve: one");
  await always.send("leave");
  assertEquals(await log.until("serve starts"), ["serve starts"]);
  await always.send("done");
  assertEquals(await log.until("serve starts"), ["serve starts"]);
  await always.send("two");
  assertEquals(await within(log.get()), "serve: two");
  // What a task gave is known once it will not run again.
  const results = [once.result, maybe.result];
  await maybe.send("throw");
  assertEquals(await log.until("serve starts"), ["serve starts"]);
  await Promise.all([once.send("done"), maybe.send("done")]);
  assertEquals(await within(Promise.all(results)), ["served", "served"]);
  assertEquals([once.exitCode, maybe.exitCode, always.exitCode, always.alive], [0, 0, undefined, true]);
  const { result } = always;
  await app.stop();
  assertEquals(await within(result), "served");
});

eachPlacement("the result of a task that failed for good is what it threw", async (placement) => {
  const log = new Log();
  await using app = await supervise({ once: child(serve, [log], { placement, restart: "temporary" }) });
  const { result } = app.refs.once;
  await app.refs.once.send("throw");
  const error = await rejection(within(result));
  assertInstanceOf(error, RangeError);
  assertEquals(error.message, "thrown by a task");
});
