import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ActorExitedError, type ErrorDecision, Queue, spawn, StartError, TimeoutError } from "../../mod.ts";
import { eachPlacement, occupy, rejection, within } from "./actor_contract.ts";
import { Decider, NonStarter, Starter, Undecided } from "./fixtures/hooked.ts";

async function drain(log: Queue<string>): Promise<string[]> {
  const lines: string[] = [];
  for (let line = await log.tryGet(); line !== undefined; line = await log.tryGet()) lines.push(line.value);
  return lines;
}

// -- onStart --

eachPlacement("onStart runs after the constructor, with the context, before spawn() resolves", async (placement) => {
  const log = new Queue<string>();
  await using actor = await spawn(Starter, [log, "it"], { placement, name: "starter" });
  assertEquals(await drain(log), ["it starts"]);
  assertEquals(await actor.call.note("a"), ["starter", placement, actor.address, undefined]);
  assertEquals(await drain(log), ["it: a"]);
});

for (const where of ["constructor", "onStart"] as const) {
  eachPlacement(`what the ${where} throws rejects spawn() with StartError, and nothing is left`, async (placement) => {
    const log = new Queue<string>();
    const error = await rejection(spawn(NonStarter, [log, where], { placement }));
    assertInstanceOf(error, StartError);
    assertEquals(error.code, "start");
    assertInstanceOf(error.cause, RangeError);
    assertEquals((error.cause as Error).message, where === "constructor" ? "in the constructor" : "in onStart");
    assert(error.message.startsWith("Cannot start NonStarter-"), error.message);
    assertEquals(await drain(log), []);
  });
}

eachPlacement("an onStart that does not end fails to start after startTimeoutMs", async (placement) => {
  const log = new Queue<string>();
  const error = await rejection(spawn(NonStarter, [log, "never"], { placement, startTimeoutMs: 1500 }));
  assertInstanceOf(error, StartError);
  assert(/^Cannot start NonStarter-\d+: it was not ready after 1500 ms$/.test(error.message), error.message);
  assertInstanceOf(error.cause, TimeoutError);
});

eachPlacement("aborting the signal of spawn() rejects it with the reason, and nothing is left", async (placement) => {
  const log = new Queue<string>();
  const controller = new AbortController();
  const started = rejection(spawn(NonStarter, [log, "never"], { placement, signal: controller.signal }));
  const reason = new Error("never mind");
  controller.abort(reason);
  assertStrictEquals(await within(started), reason);
});

// -- Without onError --

eachPlacement("without onError a call's error means nothing more to the actor", async (placement) => {
  await using actor = await spawn(Undecided, [], { placement });
  for (const method of ["fail", "failLater"] as const) {
    const error = await rejection(actor.call[method]("x"));
    assertInstanceOf(error, RangeError);
  }
  assertEquals(await actor.call.count(), 1);
});

for (const method of ["fail", "failLater", "leaveRejection"] as const) {
  eachPlacement(`without onError ${method}() in a cast ends the actor`, async (placement) => {
    const actor = await spawn(Undecided, [], { placement });
    actor.cast[method]("boom");
    const exit = await within(actor.exited);
    assertEquals([exit.code, exit.reason, exit.signal], [1, "error", undefined]);
    assertInstanceOf(exit.error, RangeError);
    assertEquals(exit.error.message, "boom");
  });
}

eachPlacement("what is queued behind a crash is not handled: calls reject with the actor's exit", async (placement) => {
  const actor = await spawn(Undecided, [], { placement });
  const busy = await occupy(actor);
  actor.cast.fail("boom");
  const queued = rejection(actor.call.count());
  await busy.end();
  const error = await within(queued);
  assertInstanceOf(error, ActorExitedError);
  assertEquals(error.exit.reason, "error");
  assertInstanceOf(error.cause, RangeError);
  await actor.exited;
});

eachPlacement("a rejection that a call leaves behind is a crash, though the call has its answer", async (placement) => {
  const actor = await spawn(Undecided, [], { placement });
  await actor.call.leaveRejection("boom");
  const exit = await within(actor.exited);
  assertEquals(exit.reason, "error");
  assertEquals((exit.error as Error).message, "boom");
});

// -- Decisions --

for (const method of ["fail", "failLater"] as const) {
  eachPlacement(`onError "resume": the actor goes on after ${method}() in a call and in a cast`, async (placement) => {
    const log = new Queue<string>();
    await using actor = await spawn(Decider, [log, "resume"], { placement });
    assertInstanceOf(await rejection(actor.call[method]("a")), RangeError);
    actor.cast[method]("b");
    assertEquals(await actor.call.count(), 1);
    assertEquals(await drain(log), [`onError: a in ${method} (call)`, `onError: b in ${method} (cast)`]);
  });
}

eachPlacement(`onError "resume": the actor goes on after a rejection that nobody caught`, async (placement) => {
  const log = new Queue<string>();
  await using actor = await spawn(Decider, [log, "resume"], { placement });
  actor.cast.leaveRejection("loose");
  assertEquals(await within(log.get()), "onError: loose in a promise (rejection)");
  assertEquals(await actor.call.count(), 1);
});

eachPlacement("nothing else is handled until onError has decided", async (placement) => {
  const log = new Queue<string>();
  const actor = await spawn(Decider, [log, "stop"], { placement, mailbox: { capacity: 10 } });
  const busy = await occupy(actor);
  actor.cast.fail("a");
  const counted = actor.call.count();
  await busy.end();
  // Asked to stop, it still handles what was queued before.
  assertEquals(await within(counted), 1);
  assertEquals((await within(actor.exited)).reason, "stopped");
  assertEquals(await drain(log), ["onError: a in fail (cast)", "onStop: stopped"]);
});

for (const [method, kind] of [["fail", "call"], ["fail", "cast"]] as const) {
  eachPlacement(`onError "stop" stops the actor in order (${kind})`, async (placement) => {
    const log = new Queue<string>();
    const actor = await spawn(Decider, [log, "stop"], { placement });
    if (kind === "call") assertInstanceOf(await rejection(actor.call[method]("a")), RangeError);
    else actor.cast[method]("a");
    assertEquals(await within(actor.exited), { code: 0, reason: "stopped" });
    assertEquals(await drain(log), [`onError: a in fail (${kind})`, "onStop: stopped"]);
  });

  for (const decision of ["restart", "escalate", "throw"] as const) {
    eachPlacement(`onError "${decision}" ends an actor that has no supervisor (${kind})`, async (placement) => {
      const log = new Queue<string>();
      const actor = await spawn(Decider, [log, decision], { placement });
      // The caller is told what the handler threw in any case.
      if (kind === "call") assertInstanceOf(await rejection(actor.call[method]("a")), RangeError);
      else actor.cast[method]("a");
      const exit = await within(actor.exited);
      assertEquals([exit.code, exit.reason], [1, "error"]);
      assertEquals((exit.error as Error).message, "a");
      assertEquals(await drain(log), [`onError: a in fail (${kind})`]);
    });
  }
}

eachPlacement("an onError that decides nothing leaves it as it would be without", async (placement) => {
  const log = new Queue<string>();
  const actor = await spawn(Decider, [log, undefined], { placement });
  assertInstanceOf(await rejection(actor.call.fail("a")), RangeError);
  assertEquals(await actor.call.count(), 1);
  actor.cast.fail("b");
  assertEquals((await within(actor.exited)).reason, "error");
});

Deno.test("the decisions that a program may take are these four", () => {
  const decisions: Record<ErrorDecision, true> = { resume: true, restart: true, stop: true, escalate: true };
  assertEquals(Object.keys(decisions).length, 4);
});
