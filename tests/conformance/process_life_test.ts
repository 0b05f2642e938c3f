import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  activeChildren,
  ActorExitedError,
  ClosedError,
  cpuCount,
  current,
  Process,
  type ProcessOptions,
  Queue,
  spawn,
} from "../../mod.ts";
import { answerOnce, nothing, type Portrait, shout, sleep } from "./fixtures/process_tasks.ts";
import { bounded, everywhere, peek } from "./process_everywhere.ts";

const NOT_STARTED = "was not started";

everywhere(
  "[PROC-01] a process that was not started is not alive and has no exit code and no pid",
  async (placement) => {
    const p = new Process(nothing, [], { placement });
    assertEquals([p.alive, p.exitCode, p.pid], [false, undefined, undefined]);
    assertEquals(activeChildren(), []);
    await p.close();
  },
);

everywhere(
  "[PROC-02] a process whose function returns ends with 0 and is no active child any more",
  async (placement) => {
    const p = new Process(nothing, [], { placement });
    await p.start();
    assertEquals(await p.join(), { code: 0, reason: "normal" });
    assertEquals([p.alive, p.exitCode, activeChildren()], [false, 0, []]);
  },
);

everywhere(
  "[PROC-03] a waiting process is alive, an active child, and has the address and pid it reports",
  async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(answerOnce, [said], { placement });
    await p.start();
    const itself = await said.get();
    assertEquals([p.alive, p.exitCode], [true, undefined]);
    assertEquals(activeChildren(), [p]);
    assertEquals([p.address, p.name], [itself.address, itself.name]);
    assertEquals(p.pid, placement === "process" ? itself.pid : undefined);
    assertEquals(itself.pid === Deno.pid, placement !== "process");
    await p.send("go");
    assertEquals(await p.join(), { code: 0, reason: "normal" });
  },
);

everywhere("[PROC-06] start() of a started process is a TypeError, also after it ended", async (placement) => {
  const p = new Process(nothing, [], { placement });
  const starting = p.start();
  await assertRejects(() => p.start(), TypeError, "was started already");
  await starting;
  await assertRejects(() => p.start(), TypeError, "was started already");
  await p.join();
  await assertRejects(() => p.start(), TypeError, "was started already");
  assertEquals(p.exitCode, 0);
});

everywhere(
  "[PROC-07] a process that was not started can be neither joined nor told anything: TypeError",
  async (placement) => {
    const p = new Process(nothing, [], { placement });
    await assertRejects(() => p.join(), TypeError, NOT_STARTED);
    await assertRejects(() => p.join({ timeoutMs: 0 }), TypeError, NOT_STARTED);
    await assertRejects(() => p.send("hello"), TypeError, NOT_STARTED);
    await assertRejects(() => p.interrupt(), TypeError, NOT_STARTED);
    await assertRejects(() => p.stop(), TypeError, NOT_STARTED);
    await assertRejects(() => p.terminate(), TypeError, NOT_STARTED);
    await assertRejects(() => p.kill(), TypeError, NOT_STARTED);
    await p.start();
    await p.join();
  },
);

everywhere("[PROC-09] join() with 0 or less looks once: the process lives on", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  await p.start();
  await said.get();
  for (const timeoutMs of [0, -0, -1, -Infinity]) assertEquals(await p.join({ timeoutMs }), undefined);
  assert(p.alive);
  await p.kill();
});

everywhere("[PROC-11] an ended process can be joined any number of times, also by looking once", async (placement) => {
  const p = new Process(nothing, [], { placement });
  await p.start();
  await p.join();
  for (const timeoutMs of [undefined, Infinity, 1, 0, -1]) {
    assertEquals(await peek(p.join({ timeoutMs })), { code: 0, reason: "normal" });
  }
});

everywhere("join() ends at its timeout with undefined, and takes it back without a trace", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  await p.start();
  const before = performance.now();
  assertEquals(await p.join({ timeoutMs: 60 }), undefined);
  assert(performance.now() - before >= 59);
  assert(p.alive);
  await p.kill();
});

everywhere(
  "join() rejects with the reason of its signal, before and while it waits; NaN is a TypeError",
  async (placement) => {
    const said = new Queue<Portrait>();
    const p = new Process(sleep, [said], { placement });
    await p.start();
    const abort = new AbortController();
    const joining = p.join({ signal: abort.signal });
    const other = p.join();
    assertEquals(await peek(joining), "pending");
    const reason = new RangeError("enough");
    abort.abort(reason);
    assertEquals(await joining.catch((error) => error), reason);
    assertEquals(await p.join({ signal: abort.signal }).catch((error) => error), reason);
    await assertRejects(() => p.join({ timeoutMs: NaN }), TypeError, "timeoutMs");
    await assertRejects(() => p.join({ timeoutMs: "1" as unknown as number }), TypeError, "timeoutMs");
    await assertRejects(() => p.join({ signal: {} as AbortSignal }), TypeError, "signal");
    assert(p.alive);
    await p.kill();
    assertEquals((await other)?.code, -9);
  },
);

// Python: ValueError. Ours never rejects, as no close() does.
everywhere("[PROC-21] close() of a running process closes the object, and the process goes on", async (placement) => {
  const words = new Queue<string | null>();
  const loud = new Queue<string>();
  const p = new Process(shout, [words, loud], { placement });
  await p.start();
  await p.close();
  await p.close();
  await assertRejects(() => p.start(), ClosedError, "closed");
  await assertRejects(() => p.join(), ClosedError, "closed");
  await assertRejects(() => p.send("hello"), ClosedError, "closed");
  await assertRejects(() => p.interrupt(), ClosedError, "closed");
  await assertRejects(() => p.stop(), ClosedError, "closed");
  await assertRejects(() => p.terminate(), ClosedError, "closed");
  await assertRejects(() => p.kill(), ClosedError, "closed");
  await p[Symbol.asyncDispose]();
  await words.put("still there");
  assertEquals(await loud.get(), "STILL THERE");
  // What can be read can still be read, and is true.
  assertEquals([p.alive, p.exitCode, p.name], [true, undefined, activeChildren()[0].name]);
  await words.put(null);
  assertEquals(await p.exited, { code: 0, reason: "normal" });
  assertEquals([p.alive, p.exitCode, await p.result], [false, 0, undefined]);
});

everywhere(
  "[PROC-23] close() of a process that was not started is fine; start() then is a ClosedError",
  async (placement) => {
    const p = new Process(nothing, [], { placement });
    await p.close();
    await p.close();
    await assertRejects(() => p.start(), ClosedError, "closed");
    await assertRejects(() => p.join(), ClosedError, "closed");
    assertEquals([p.alive, activeChildren()], [false, []]);
    // Others may have its handle, and must not wait for ever.
    assertEquals(await peek(p.exited), { code: 0, reason: "stopped" });
    await assertRejects(() => p.result, ActorExitedError, "has ended");
  },
);

// Python: ValueError. Ours is a promise that is there from the first.
everywhere("[PROC-24] exited and result of a process that was not started are pending", async (placement) => {
  const p = new Process(nothing, [], { placement });
  assertEquals([await peek(p.exited), await peek(p.result)], ["pending", "pending"]);
  await p.start();
  assertEquals([await p.exited, await p.result], [{ code: 0, reason: "normal" }, undefined]);
});

everywhere("[PROC-25] exited is not ready while the process runs, and stays ready once it ended", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(answerOnce, [said], { placement });
  await p.start();
  await said.get();
  assertEquals([await peek(p.exited), await p.join({ timeoutMs: 0 })], ["pending", undefined]);
  await p.send("go");
  const exit = await p.exited;
  assertEquals([await peek(p.exited), await peek(p.exited)], [exit, exit]);
  assertEquals(await p.join({ timeoutMs: 0 }), exit);
});

everywhere("[PROC-26] activeChildren() gives a list of the caller's own", async (placement) => {
  assertEquals(activeChildren(), []);
  activeChildren().push(new Process(nothing));
  assertEquals(activeChildren(), []);
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  await p.start();
  activeChildren().length = 0;
  assertEquals(activeChildren(), [p]);
  assertNotStrictEquals(activeChildren(), activeChildren());
  await p.kill();
});

everywhere("[PROC-27] processes that ended are no active children, though nobody joined them", async (placement) => {
  const all = Array.from({ length: 3 }, () => new Process(nothing, [], { placement }));
  await Promise.all(all.map((p) => p.start()));
  await Promise.all(all.map((p) => p.exited));
  assertEquals(activeChildren(), []);
});

everywhere("activeChildren() never lists a process that is not alive", async (placement) => {
  const said = new Queue<Portrait>();
  const p = new Process(sleep, [said], { placement });
  await p.start();
  const killed = p.kill();
  for (const child of activeChildren()) assert(child.alive);
  await killed;
});

bounded("[PROC-29] the program itself is main, has no parent, and is no process", async () => {
  const { name, parent, placement, self } = current();
  assertEquals([name, parent, placement, self.alive], ["main", undefined, "inline", true]);
  await Promise.resolve();
});

// Ours is false unless given, also in a daemon.
everywhere("[PROC-32] a process is no daemon unless it is made one", async (placement) => {
  const flags = [{}, { daemon: undefined }, { daemon: false }, { daemon: true }];
  const all = flags.map((flag) => new Process(nothing, [], { placement, ...flag }));
  assertEquals(all.map((p) => p.daemon), [false, false, false, true]);
  assertThrows(() => new Process(nothing, [], { placement, daemon: 1 as unknown as boolean }), TypeError, "daemon");
  await Promise.all(all.map((p) => p.close()));
});

everywhere("[PROC-33] daemon, name, pid and exitCode of a process cannot be set", async (placement) => {
  const p = new Process(nothing, [], { placement });
  await p.start();
  const writable = p as unknown as Record<string, unknown>;
  for (const property of ["daemon", "name", "pid", "exitCode", "alive"]) {
    assertThrows(() => writable[property] = true, TypeError);
  }
  await p.join();
});

everywhere(
  "[PROC-37] many processes at once: all end with 0; as many sleeping ones are all terminated",
  async (placement) => {
    const count = placement === "inline" ? 100 : 5;
    const short = Array.from({ length: count }, () => new Process(nothing, [], { placement }));
    await Promise.all(short.map((p) => p.start()));
    await Promise.all(short.map((p) => p.join()));
    assertEquals(short.map((p) => p.exitCode), Array(count).fill(0));

    const said = new Queue<Portrait>();
    const sleeping = Array.from({ length: count }, () => new Process(sleep, [said], { placement }));
    await Promise.all(sleeping.map((p) => p.start()));
    for (let waiting = 0; waiting < count; waiting++) await said.get();
    assertEquals(activeChildren().length, count);
    await Promise.all(sleeping.map((p) => p.terminate()));
    assertEquals(sleeping.map((p) => p.exitCode), Array(count).fill(-15));
    assertEquals(activeChildren(), []);
  },
);

everywhere("[PROC-38] a process works on what comes by queue, and a last message ends it with 0", async (placement) => {
  const words = new Queue<string | null>();
  const loud = new Queue<string>();
  const p = new Process(shout, [words, loud], { placement });
  await p.start();
  await words.put("hello");
  await words.put("world");
  assertEquals([await loud.get(), await loud.get()], ["HELLO", "WORLD"]);
  await words.put(null);
  await p.join();
  assertEquals(p.exitCode, 0);
});

everywhere("[PROC-39] the name must be a string that is not empty", async (placement) => {
  for (const name of [1, null, {}, ""]) {
    assertThrows(() => new Process(nothing, [], { placement, name: name as string }), TypeError, "name");
  }
  const twins = [1, 2].map(() => new Process(nothing, [], { placement, name: "twin" }));
  assertEquals(twins.map((p) => p.name), ["twin", "twin"]);
  await Promise.all(twins.map((p) => p.close()));
});

everywhere("[PROC-46] a process shows its stage: made, running, ended and how, closed", async (placement) => {
  const stages: string[] = [];
  const show = (p: Process) => stages.push(Deno.inspect(p).replace(/^Process\(shown \S+, (.*)\)$/, "$1"));
  const options = { placement, name: "shown" };
  const said = new Queue<Portrait>();

  const p = new Process(answerOnce, [said], options);
  show(p);
  await p.start();
  await said.get();
  show(p);
  await p.send("go");
  await p.join();
  show(p);
  await p.close();
  show(p);
  const killed = new Process(sleep, [said], options);
  await killed.start();
  await killed.kill();
  show(killed);
  const expected = ["made", "running", "ended: normal, code 0", "closed", "ended: killed by SIGKILL"];
  assertEquals(stages, expected.map((stage) => `${placement}, ${stage}`));
});

everywhere("spawn() of a task gives a started process, a daemon unless told otherwise", async (placement) => {
  const said = new Queue<Portrait>();
  const p = await spawn(answerOnce, [said], { placement });
  assertInstanceOf(p, Process);
  assertEquals([p.alive, p.daemon, activeChildren()], [true, true, [p]]);
  await assertRejects(() => p.start(), TypeError, "was started already");
  await p.send("go");
  assertEquals([await p.result, p.exitCode], ["go", 0]);
  const other = await spawn(nothing, [], { placement, daemon: false });
  assertEquals(other.daemon, false);
  await other.join();
});

everywhere(
  "a process is made of a registered function, a list of arguments and options: else TypeError",
  async (placement) => {
    class Unregistered {}
    const unregistered = () => {};
    const make = (task: unknown, args: unknown = [], options: unknown = { placement }) =>
      new Process(task as () => void, args as [], options as ProcessOptions);
    assertThrows(() => make(unregistered), TypeError, "call task(import.meta.url, unregistered)");
    assertThrows(() => make(Unregistered), TypeError, "call actor(import.meta.url, Unregistered)");
    assertThrows(() => make("nothing"), TypeError, "not string");
    assertThrows(() => make(null), TypeError, "not null");
    assertThrows(() => make(nothing, "args"), TypeError, "must be an array");
    assertThrows(() => make(nothing, [], null), TypeError, "must be an object");
    assertThrows(() => make(nothing, [], { placement, handleSignals: 1 }), TypeError, "handleSignals");
    assertThrows(() => make(nothing, [], { placement: "fork" }), TypeError, '"thread", "process" or "inline"');
    assertEquals(activeChildren(), []);
    await Promise.resolve();
  },
);

bounded("[PROC-48] cpuCount() is a whole number of at least 1", async () => {
  assert(Number.isInteger(cpuCount()) && cpuCount() >= 1);
  await Promise.resolve();
});
