import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { ActorExitedError, type Exit, Queue, type Ref, spawn } from "../../mod.ts";
import { eachPair, eachPlacement, occupy, oneTest, PLACEMENTS, rejection, until, within } from "./actor_contract.ts";
import { BadLoser, Chronicler, Dawdler } from "./fixtures/chronicler.ts";
import { Diary } from "./fixtures/diary.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { Parent } from "./fixtures/parent.ts";

const STOPPED: Exit = { code: 0, reason: "stopped" };
const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };

async function drain(log: Queue<string>): Promise<string[]> {
  const lines: string[] = [];
  for (let line = await log.tryGet(); line !== undefined; line = await log.tryGet()) lines.push(line.value);
  return lines;
}

// -- stop --

eachPlacement("stop() ends an actor in order: exit code 0, reason stopped, alive turns false", async (placement) => {
  const diary = await spawn(Diary, [], { placement });
  assert(diary.alive);
  const exited = diary.exited;
  assertEquals(await diary.stop(), STOPPED);
  assertEquals(await exited, STOPPED);
  assertEquals(diary.alive, false);
  assertEquals(await diary.stop(), STOPPED);
});

eachPlacement(
  "stop() lets the actor handle what is queued, then runs onStop, and takes nothing new",
  async (placement) => {
    const log = new Queue<string>();
    const actor = await spawn(Chronicler, [log], { placement });
    const busy = await occupy(actor);
    actor.cast.note("queued cast");
    const queued = actor.call.note("queued call");
    const stopped = actor.stop();
    const before = deadLetters.count;
    const refused = rejection(actor.call.note("new call"));
    actor.cast.note("new cast");
    const error = await within(refused);
    assertInstanceOf(error, ActorExitedError);
    await busy.end();
    await within(queued);
    assertEquals(await within(stopped), STOPPED);
    assertEquals(await drain(log), ["queued cast", "queued call", "it stops: stopped"]);
    if (placement === "inline") assertEquals(deadLetters.count, before + 1);
  },
);

eachPlacement("stop() aborts current().signal of the actor at once", async (placement) => {
  const log = new Queue<string>();
  const actor = await spawn(Chronicler, [log], { placement });
  const latch = newLatch();
  const watching = actor.call.watchSignal(latch);
  await within(latch.entered.get());
  const stopped = actor.stop();
  assertEquals(await within(log.get()), "signal: AbortError");
  await open(latch);
  await watching;
  await stopped;
});

eachPair("stop() stops the actor's children first, whose own onStop runs", async (parent, child) => {
  const log = new Queue<string>();
  const actor = await spawn(Parent, [log], { placement: parent, name: "parent" });
  const one = await actor.call.bear("one", child, log);
  const two = await actor.call.bear("two", child, log);
  assertEquals(await within(actor.stop()), STOPPED);
  const lines = await drain(log);
  assertEquals(lines.slice(0, 2).sort(), ["one stops: stopped", "two stops: stopped"]);
  assertEquals(lines.slice(2), ["parent stops"]);
  assertInstanceOf(await rejection(one.call.note("")), ActorExitedError);
  await within(one.exited);
  await within(two.exited);
});

eachPlacement("an actor that is not done after the grace is killed", async (placement) => {
  const diary = await spawn(Diary, [], { placement });
  const busy = await occupy(diary);
  const began = performance.now();
  const exit = await within(diary.stop({ graceMs: 50 }));
  assert(performance.now() - began >= 49);
  assertEquals(exit, KILLED);
  assertInstanceOf(await rejection(busy.call), ActorExitedError);
});

eachPlacement("an actor whose onStop does not end is killed after the grace", async (placement) => {
  const dawdler = await spawn(Dawdler, [], { placement });
  assertEquals(await within(dawdler.stop({ graceMs: 50 })), KILLED);
});

eachPlacement("stop({ graceMs: 0 }) kills", async (placement) => {
  const diary = await spawn(Diary, [], { placement });
  assertEquals(await within(diary.stop({ graceMs: 0 })), KILLED);
});

eachPlacement("stop() may be asked again with less grace", async (placement) => {
  const diary = await spawn(Diary, [], { placement });
  await occupy(diary);
  const first = diary.stop({ graceMs: Infinity });
  assertEquals(await within(diary.stop({ graceMs: 20 })), KILLED);
  assertEquals(await within(first), KILLED);
});

eachPlacement("stop() rejects with TypeError when the grace is no number", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  await assertRejects(() => diary.stop({ graceMs: NaN }), TypeError, "graceMs must be a number of milliseconds");
  await assertRejects(() => diary.stop({ graceMs: "1" as unknown as number }), TypeError);
  assert(diary.alive);
});

eachPlacement("what onStop throws is the actor's exit: reason error, code 1", async (placement) => {
  const actor = await spawn(BadLoser, [], { placement });
  const exit = await within(actor.stop());
  assertEquals([exit.code, exit.reason], [1, "error"]);
  assertInstanceOf(exit.error, RangeError);
});

eachPlacement("an actor may ask itself to stop, and finishes what it does", async (placement) => {
  const log = new Queue<string>();
  const actor = await spawn(Chronicler, [log], { placement });
  assertEquals(await actor.call.stopSelf(), "asked");
  assertEquals(await within(actor.exited), STOPPED);
  assertEquals(await drain(log), ["it stops: stopped"]);
});

// -- kill --

eachPlacement(
  "kill() ends an actor at once: code -9, no onStop, pending and queued calls reject",
  async (placement) => {
    const log = new Queue<string>();
    const actor = await spawn(Chronicler, [log], { placement });
    const busy = await occupy(actor);
    const queued = rejection(actor.call.note("never"));
    const exit = await within(actor.kill());
    assertEquals(exit, KILLED);
    for (const error of [await within(rejection(busy.call)), await within(queued)]) {
      assertInstanceOf(error, ActorExitedError);
      assertEquals(error.exit, KILLED);
      assertEquals(error.address, actor.address);
    }
    assertEquals(actor.alive, false);
    assertEquals(await within(actor.kill()), KILLED);
    assertEquals(await drain(log), []);
  },
);

for (const placement of ["thread", "process"] as const) {
  oneTest(`kill() really ends a busy loop (${placement})`, async () => {
    const log = new Queue<string>();
    const actor = await spawn(Chronicler, [log], { placement });
    const spinning = rejection(actor.with({ timeoutMs: Infinity }).call.spin());
    assertEquals(await within(log.get()), "spins");
    assertEquals(await within(actor.kill(), 5000), KILLED);
    assertInstanceOf(await within(spinning), ActorExitedError);
  });
}

oneTest("kill() of an inline actor drops what its running code still brings", async () => {
  const diary = await spawn(Diary, [], { placement: "inline" });
  const latch = newLatch();
  const late = rejection(diary.call.echoLater(latch, "late"));
  await within(latch.entered.get());
  await diary.kill();
  assertInstanceOf(await within(late), ActorExitedError);
  await open(latch);
});

eachPair("kill() of an actor ends its children, wherever they are", async (parent, child) => {
  const log = new Queue<string>();
  const actor = await spawn(Parent, [], { placement: parent });
  const one = await actor.call.bear("one", child, log);
  await actor.kill();
  await within(one.exited, 5000);
  assertEquals(one.alive, false);
  assertInstanceOf(await within(rejection(one.call.note(""))), ActorExitedError);
});

eachPair("an actor that crashes ends its children, wherever they are", async (parent, child) => {
  const log = new Queue<string>();
  const actor = await spawn(Parent, [], { placement: parent });
  const one = await actor.call.bear("one", child, log);
  actor.cast.crash();
  assertEquals((await within(actor.exited)).reason, "error");
  await within(one.exited, 5000);
  assertInstanceOf(await within(rejection(one.call.note(""))), ActorExitedError);
});

// -- Dispose --

eachPlacement("leaving the scope of a ref that spawn() gave stops the actor", async (placement) => {
  const log = new Queue<string>();
  let kept: Ref<Chronicler>;
  {
    await using actor = await spawn(Chronicler, [log], { placement });
    kept = actor;
  }
  assertEquals(kept.alive, false);
  assertEquals(await kept.exited, STOPPED);
  assertEquals(await drain(log), ["it stops: stopped"]);
  await kept[Symbol.asyncDispose]();
});

eachPair("disposing of a ref by another than the spawner leaves the actor alone", async (placement, other) => {
  const log = new Queue<string>();
  await using actor = await spawn(Chronicler, [log], { placement });
  await using stranger = await spawn(Parent, [], { placement: other });
  await stranger.call.dispose(actor);
  await actor.call.note("lives");
  // The other way round: what the stranger spawned is not ours to end.
  const child = await stranger.call.bear("child", placement, log);
  await child[Symbol.asyncDispose]();
  await child.call.note("lives too");
  assertEquals(await drain(log), ["lives", "lives too"]);
});

eachPair("disposing of a ref that came back to the spawner stops the actor", async (placement, other) => {
  const log = new Queue<string>();
  await using stranger = await spawn(Parent, [], { placement: other });
  const child = await stranger.call.bear("child", placement, log);
  await stranger.call.dispose(child);
  assertEquals(await within(child.exited), STOPPED);
});

// -- exited and alive --

eachPlacement("exited is one promise that never rejects, also when the actor ended by an error", async (placement) => {
  const log = new Queue<string>();
  const actor = await spawn(Chronicler, [log], { placement });
  actor.cast.crash("boom");
  const exit = await within(actor.exited);
  assertEquals([exit.code, exit.reason], [1, "error"]);
  assertInstanceOf(exit.error, RangeError);
  assertEquals(exit.error.message, "boom");
  assertEquals(await actor.exited, exit);
  assertEquals(actor.alive, false);
});

eachPair("exited and alive are true for a ref that travelled", async (placement, other) => {
  const log = new Queue<string>();
  await using parent = await spawn(Parent, [], { placement: other });
  const child = await parent.call.bear("child", placement, log);
  assert(child.alive);
  assertEquals(await within(child.stop()), STOPPED);
  assertEquals(await child.exited, STOPPED);
  assertEquals(child.alive, false);
  const again = await parent.call.firstChild();
  await until(() => !again.alive);
  assertEquals(await within(again.exited), STOPPED);
  assertInstanceOf(await within(rejection(again.call.note(""))), ActorExitedError);
});

eachPlacement(
  "a call to an actor that ended elsewhere rejects, however many were sent to it before",
  async (placement) => {
    const log = new Queue<string>();
    await using parent = await spawn(Parent, [], { placement });
    // The child ends, the isolate it lives in goes on.
    const child = await parent.call.bear("child", "inline", log);
    const busy = await occupy(child);
    for (let i = 0; i < 5000; i++) child.cast.note("x");
    await child.kill();
    await within(rejection(busy.call));
    for (let i = 0; i < 3000; i++) child.cast.note("x");
    const error = await within(rejection(child.with({ timeoutMs: Infinity }).call.note("")));
    assertInstanceOf(error, ActorExitedError);
  },
);

// -- exit --

eachPlacement(
  "current().exit(n) in a handler ends the actor with that code, and its call rejects",
  async (placement) => {
    for (const method of ["exitNow", "exitAfterHook"] as const) {
      for (const code of [0, 7]) {
        const log = new Queue<string>();
        const actor = await spawn(Chronicler, [log], { placement });
        const call = rejection(actor.with({ timeoutMs: Infinity }).call[method](code));
        const exit = await within(actor.exited);
        assertEquals([exit.code, exit.reason], [code, code === 0 ? "normal" : "error"]);
        assertInstanceOf(await within(call), ActorExitedError, method);
        assertEquals(await drain(log), method === "exitNow" ? [] : ["exit function"]);
      }
    }
  },
);

oneTest("a ref shows what it is and how its actor ended", async () => {
  for (const placement of PLACEMENTS) {
    const diary = await spawn(Diary, [], { placement, name: "diary" });
    assertEquals(Deno.inspect(diary), `Ref(diary ${diary.address}, ${placement}, alive)`);
    assertEquals([diary.name, diary.placement], ["diary", placement]);
    await diary.stop();
    assertEquals(Deno.inspect(diary), `Ref(diary ${diary.address}, ${placement}, ended: stopped, code 0)`);
  }
});
