import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { Queue, spawn } from "../../mod.ts";
import { eachPlacement, occupy, oneTest, PLACEMENTS, rejection, within } from "./actor_contract.ts";
import { Caller } from "./fixtures/caller.ts";
import { Diary } from "./fixtures/diary.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { SignalReader } from "./fixtures/signal_reader.ts";
import { Witness } from "./fixtures/witness.ts";

eachPlacement(
  "a call with a signal that is aborted already rejects with its reason and is not sent",
  async (placement) => {
    await using diary = await spawn(Diary, [], { placement });
    const reason = new Error("changed my mind");
    const error = await rejection(diary.with({ signal: AbortSignal.abort(reason) }).call.write("never"));
    assertStrictEquals(error, reason);
    assertEquals(await diary.call.read(), []);
  },
);

eachPlacement("a call rejects with the reason at once when its signal aborts", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const latch = newLatch();
  const controller = new AbortController();
  const held = diary.with({ signal: controller.signal }).call.hold(latch);
  const rejected = rejection(held);
  await within(latch.entered.get());
  const reason = { any: "value" };
  controller.abort(reason);
  // The handler is still held: nothing it does can have brought this about.
  assertStrictEquals(await within(rejected), reason);
  await open(latch);
});

eachPlacement("a queued call whose signal aborts is never run", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const busy = await occupy(diary);
  const controller = new AbortController();
  const { call } = diary.with({ signal: controller.signal });
  const given = [call.write("never 1"), call.writeLater("never 2")].map((call) => rejection(call));
  diary.cast.write("between");
  controller.abort();
  for (const error of await Promise.all(given)) {
    assertInstanceOf(error, DOMException);
    assertEquals(error.name, "AbortError");
  }
  // The next call travels behind the cancellation, so that the actor knows of it when it is let go.
  const last = diary.call.write("last");
  await busy.end();
  await last;
  assertEquals(await diary.call.read(), ["between", "last"]);
});

eachPlacement("a call that still waits at its sender is never sent when its signal aborts", async (placement) => {
  await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 1 } });
  const busy = await occupy(diary);
  const controller = new AbortController();
  for (let i = 0; i < 1500; i++) diary.cast.write(i);
  const given = rejection(diary.with({ signal: controller.signal }).call.write("never"));
  const last = diary.with({ timeoutMs: Infinity }).call.write("last");
  controller.abort();
  await within(given);
  await busy.end();
  await last;
  const entries = await diary.call.read();
  assertEquals(entries.length, 1501);
  assert(!entries.includes("never"));
});

eachPlacement("call.signal aborts in the handler when the caller's signal does", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const log = new Queue<string>();
  const controller = new AbortController();
  const rejected = rejection(witness.with({ signal: controller.signal }).call.watchCaller(log));
  assertEquals(await within(log.get()), "running");
  controller.abort();
  await within(rejected);
  assertEquals(await within(log.get()), "aborted: AbortError");
});

oneTest("call.signal aborts in the handler when the caller's time runs out (every placement)", async () => {
  await Promise.all(PLACEMENTS.map(async (placement) => {
    await using witness = await spawn(Witness, [], { placement });
    const log = new Queue<string>();
    // Long enough for the handler to be entered before, also on a busy machine.
    const rejected = rejection(witness.with({ timeoutMs: 2000 }).call.watchCaller(log));
    assertEquals(await within(log.get()), "running");
    await within(rejected);
    assertEquals(await within(log.get()), "aborted: AbortError");
  }));
});

eachPlacement("call.signal aborts in the handler when the caller is dead", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  for (const callerPlacement of ["inline", "thread", "process"] as const) {
    const caller = await spawn(Caller, [], { placement: callerPlacement });
    const log = new Queue<string>();
    const pending = rejection(caller.call.watch(witness, log));
    assertEquals(await within(log.get()), "running");
    await caller.kill();
    await pending;
    assertEquals(await within(log.get()), "aborted: AbortError", `the caller was ${callerPlacement}`);
  }
});

eachPlacement("call.signal is aborted already for a handler that asks for it late", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const latch = newLatch();
  const log = new Queue<string>();
  const controller = new AbortController();
  const rejected = rejection(witness.with({ signal: controller.signal }).call.askLate(latch, log));
  await within(latch.entered.get());
  controller.abort();
  await rejected;
  await open(latch);
  assertEquals(await within(log.get()), "aborted");
});

eachPlacement("call.signal does not abort by the ordinary end of a call", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const log = new Queue<string>();
  const controller = new AbortController();
  await witness.with({ signal: controller.signal }).call.leaveSignal(log);
  controller.abort();
  assertEquals(await within(log.get()), "not aborted");
});

eachPlacement("a cast has no call, and takes no notice of a signal", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const log = new Queue<string>();
  witness.with({ signal: AbortSignal.abort() }).cast.tellCall(log);
  assertEquals(await within(log.get()), "undefined");
  assertEquals(await witness.call.hasCall(), true);
});

eachPlacement(
  "a signal among the arguments aborts at the handler with its reason, while the call lasts",
  async (placement) => {
    await using reader = await spawn(SignalReader, [], { placement });
    const log = new Queue<string>();
    const controller = new AbortController();
    const read = reader.call.waitFor({ deep: [controller.signal] }, log);
    assertEquals(await within(log.get()), "waiting");
    controller.abort("because");
    assertEquals(await within(read), "because");
    assertEquals(await reader.call.look(AbortSignal.abort("before")), [true, "before"]);
    const kept = new AbortController();
    await reader.call.keep(kept.signal);
    kept.abort();
    assertEquals(await reader.call.isKeptAborted(), false);
  },
);
