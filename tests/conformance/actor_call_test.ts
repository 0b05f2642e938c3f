import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { ActorExitedError, NotSerializableError, type Ref, spawn } from "../../mod.ts";
import { eachPlacement, occupy, rejection, until, within } from "./actor_contract.ts";
import { Diary } from "./fixtures/diary.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { Thrower } from "./fixtures/thrower.ts";

// -- Calls --

eachPlacement("Ref.call resolves with what a synchronous or asynchronous method returned", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  assertEquals(await diary.call.write("a"), 1);
  assertEquals(await diary.call.writeLater("b"), 2);
  assertEquals(await diary.call.read(), ["a", "b"]);
});

eachPlacement("Ref.call gives undefined and -0 as they are", async (placement) => {
  await using thrower = await spawn(Thrower, [], { placement });
  assertStrictEquals(await thrower.call.giveNothing(), undefined);
  assert(Object.is(await thrower.call.giveMinusZero(), -0));
});

eachPlacement("Ref.call takes a snapshot of its arguments when it is made", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const entry = { n: 1 };
  const written = diary.call.write(entry);
  entry.n = 2;
  await written;
  assertEquals(await diary.call.read(), [{ n: 1 }]);
});

eachPlacement("Ref.call gives a copy of the result, so that the actor's state stays its own", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  await diary.call.write("a");
  (await diary.call.read()).push("not in the diary");
  assertEquals(await diary.call.read(), ["a"]);
});

eachPlacement("Ref.call rejects with what the handler threw, and the actor lives", async (placement) => {
  await using thrower = await spawn(Thrower, [], { placement });
  const thrown = await rejection(thrower.call.throwError("too far"));
  assertInstanceOf(thrown, RangeError);
  assertEquals(thrown.message, "too far");
  assertEquals(thrown.cause, { code: 7 });
  const rejected = await rejection(thrower.call.rejectLater("later"));
  assertInstanceOf(rejected, RangeError);
  assertEquals(rejected.message, "later");
  assertEquals(await rejection(thrower.call.throwValue({ any: "value" })), { any: "value" });
  assertStrictEquals(await rejection(thrower.call.throwValue(undefined)), undefined);
  assertEquals(await thrower.call.calls(), 1);
  assert(thrower.alive);
});

eachPlacement("Ref.call rejects with NotSerializableError when an argument cannot travel", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const error = await rejection(diary.call.write({ list: [1, () => {}] }));
  assertInstanceOf(error, NotSerializableError);
  assertEquals(error.path, "args[0].list[1]");
  assertEquals(await diary.call.read(), []);
});

eachPlacement("Ref.call rejects with NotSerializableError when the result cannot travel", async (placement) => {
  await using thrower = await spawn(Thrower, [], { placement });
  const error = await rejection(thrower.call.giveFunction());
  assertInstanceOf(error, NotSerializableError);
  assertEquals(error.path, "result.deep[0]");
  assertEquals(await thrower.call.calls(), 1);
});

eachPlacement("Ref.call rejects with ActorExitedError when the actor had ended before", async (placement) => {
  const diary = await spawn(Diary, [], { placement });
  await diary.stop();
  const error = await rejection(diary.call.read());
  assertInstanceOf(error, ActorExitedError);
  assertEquals(error.exit.reason, "stopped");
  assertEquals(error.address, diary.address);
});

eachPlacement("Ref.call gives a promise in every way: then, catch, finally, Promise.all", async (placement) => {
  await using thrower = await spawn(Thrower, [], { placement });
  assertEquals(await thrower.call.calls().then((n) => n + 1), 2);
  assertEquals(await thrower.call.throwError("x").catch((error) => (error as Error).message), "x");
  let told = false;
  await thrower.call.calls().finally(() => told = true);
  assert(told);
  assertEquals(await Promise.all([thrower.call.calls(), thrower.call.calls()]), [3, 4]);
});

// -- Casts --

eachPlacement("Ref.cast returns nothing, and the message is handled", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  assertStrictEquals(diary.cast.write("a") as unknown, undefined);
  diary.cast.writeLater("b");
  assertEquals(await diary.call.read(), ["a", "b"]);
});

eachPlacement("Ref.cast takes a snapshot of its arguments when it is made", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const entry = { n: 1 };
  diary.cast.write(entry);
  entry.n = 2;
  assertEquals(await diary.call.read(), [{ n: 1 }]);
});

eachPlacement("Ref.cast throws NotSerializableError at once when a value cannot travel", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const error = assertThrows(() => diary.cast.write([Symbol("s")]), NotSerializableError);
  assertEquals(error.path, "args[0][0]");
  // A signal and an async iterable live as long as a call, and a cast is none.
  assertThrows(() => diary.cast.write(AbortSignal.timeout(0)), NotSerializableError);
  assertThrows(() => diary.cast.write((async function* () {})()), NotSerializableError);
  assertEquals(await diary.call.read(), []);
});

// -- Order --

eachPlacement("what one sender calls and casts is handled in the order in which it was sent", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const calls: PromiseLike<unknown>[] = [];
  for (let i = 0; i < 200; i++) {
    if (i % 3 === 0) diary.cast.write(i);
    else if (i % 3 === 1) calls.push(diary.with({ timeoutMs: 10_000 }).call.write(i));
    else calls.push(diary.call.writeLater(i));
  }
  await Promise.all(calls);
  assertEquals(await diary.call.read(), Array.from({ length: 200 }, (_, i) => i));
});

eachPlacement("the order is kept also when the sender is far ahead of the actor", async (placement) => {
  await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 10 } });
  const busy = await occupy(diary);
  const calls: PromiseLike<unknown>[] = [];
  for (let i = 0; i < 5000; i++) {
    if (i % 2 === 0) diary.cast.write(i);
    else calls.push(diary.with({ timeoutMs: Infinity }).call.write(i));
  }
  await busy.end();
  await Promise.all(calls);
  assertEquals(await diary.call.read(), Array.from({ length: 5000 }, (_, i) => i));
});

// -- Concurrency --

eachPlacement("an actor handles one message at a time unless it is told otherwise", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const latch = newLatch();
  const held = Array.from({ length: 4 }, () => diary.call.hold(latch));
  for (let i = 0; i < 4; i++) {
    await within(latch.entered.get());
    assertEquals(await latch.entered.size(), 0);
    await open(latch);
  }
  await Promise.all(held);
  assertEquals(await diary.call.mostInside(), 1);
});

eachPlacement("with concurrency n an actor handles n messages at a time and no more", async (placement) => {
  await using diary = await spawn(Diary, [], { placement, concurrency: 3 });
  const latch = newLatch();
  const held = Array.from({ length: 8 }, (_, i) => diary.call.hold(latch, String(i)));
  const entered = [];
  for (let i = 0; i < 3; i++) entered.push(await within(latch.entered.get()));
  assertEquals(entered, ["0", "1", "2"]);
  for (let i = 0; i < 8; i++) await open(latch);
  await Promise.all(held);
  assertEquals(await diary.call.mostInside(), 3);
  assertEquals(await diary.call.read(), ["0", "1", "2", "3", "4", "5", "6", "7"]);
});

eachPlacement("a handler that waits does not keep others from a concurrent actor", async (placement) => {
  await using diary: Ref<Diary> = await spawn(Diary, [], { placement, concurrency: Infinity });
  const busy = await occupy(diary);
  assertEquals(await diary.call.write("meanwhile"), 1);
  await busy.end();
});

// -- What a caller does not wait for --

eachPlacement("a call that nobody awaits is handled like any other", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  void diary.call.write("a");
  await until(async () => (await diary.call.read()).length === 1);
});
