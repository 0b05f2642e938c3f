import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, NotSerializableError, Queue, spawn, TimeoutError } from "../../mod.ts";
import { eachPlacement, occupy, oneTest, PLACEMENTS, rejection, within } from "./actor_contract.ts";
import { Diary } from "./fixtures/diary.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { Witness } from "./fixtures/witness.ts";

// -- timeoutMs --

oneTest("a call that is not told otherwise rejects with TimeoutError after 5000 ms (every placement)", async () => {
  await Promise.all(PLACEMENTS.map(async (placement) => {
    await using diary = await spawn(Diary, [], { placement });
    const latch = newLatch();
    const began = performance.now();
    const error = await rejection(diary.call.hold(latch));
    const waited = performance.now() - began;
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.code, "timeout");
    assertEquals(error.timeoutMs, 5000);
    assertEquals(error.message, `Cannot call ${diary.name}.hold: no answer came in 5000 ms`);
    assert(waited >= 4990, `it rejected after ${waited} ms`);
    await open(latch);
  }));
});

eachPlacement("with({ timeoutMs }) bounds the wait for the result, and the actor lives", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const latch = newLatch();
  const began = performance.now();
  const error = await rejection(diary.with({ timeoutMs: 50 }).call.hold(latch));
  assertInstanceOf(error, TimeoutError);
  assertEquals(error.timeoutMs, 50);
  assert(performance.now() - began >= 49);
  await open(latch);
  assertEquals(await diary.call.write("after"), 1);
});

eachPlacement("with({ timeoutMs }) of 0 and below rejects with TimeoutError and sends nothing", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  for (const timeoutMs of [0, -1, -Infinity]) {
    const error = await rejection(diary.with({ timeoutMs }).call.write("never"));
    assertInstanceOf(error, TimeoutError);
    assertEquals(error.timeoutMs, timeoutMs);
  }
  assertEquals(await diary.call.read(), []);
});

eachPlacement(
  "with({ timeoutMs }) of Infinity, and of 2^31-1 and above, waits for as long as it takes",
  async (placement) => {
    await using diary = await spawn(Diary, [], { placement, concurrency: 4 });
    const latch = newLatch();
    const held = [Infinity, 2 ** 31 - 1, 2 ** 31, Number.MAX_VALUE].map((timeoutMs) =>
      diary.with({ timeoutMs }).call.hold(latch)
    );
    for (const _ of held) await within(latch.entered.get());
    // By the time that this one has timed out a deadline that overflowed would have passed too.
    await assertRejects(() => diary.with({ timeoutMs: 30 }).call.write("queued"), TimeoutError);
    for (const _ of held) await open(latch);
    await Promise.all(held);
  },
);

eachPlacement("with() throws TypeError for a timeout that is NaN or no number", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  assertThrows(() => diary.with({ timeoutMs: NaN }), TypeError, "timeoutMs must be a number of milliseconds, not NaN");
  assertThrows(() => diary.with({ timeoutMs: "5" as unknown as number }), TypeError, "timeoutMs");
  assertThrows(() => diary.with(null as unknown as object), TypeError, "the options must be an object, not null");
});

eachPlacement("the time of a call counts while it waits behind others", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const busy = await occupy(diary);
  const error = await rejection(diary.with({ timeoutMs: 50 }).call.write("never"));
  assertInstanceOf(error, TimeoutError);
  await busy.end();
  assertEquals(await diary.call.read(), []);
});

// -- Late replies --

eachPlacement("a late reply is dropped: it settles nothing, and the next call gets its own", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const latch = newLatch();
  const controller = new AbortController();
  const late = rejection(diary.with({ signal: controller.signal }).call.echoLater(latch, "late"));
  await within(latch.entered.get());
  controller.abort("given up");
  assertEquals(await within(late), "given up");
  await open(latch);
  assertEquals(await diary.call.write("a"), 1);
});

eachPlacement("a handle in a late reply is given back", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const latch = newLatch();
  const queue = new Queue<string>();
  const producer = await queue.producer();
  const controller = new AbortController();
  const late = rejection(witness.with({ signal: controller.signal }).call.giveLate(latch, producer));
  await within(latch.entered.get());
  controller.abort("given up");
  await within(late);
  await open(latch);
  // Behind the late reply, on the same way.
  await witness.call.hasCall();
  await witness.stop();
  producer[Symbol.dispose]();
  // The one producer that is left would be the one in the reply: without it the queue closes.
  const error = await within(rejection(queue.get()));
  assertInstanceOf(error, ClosedError);
});

// -- transfer --

eachPlacement("with({ transfer }) moves an ArrayBuffer, which is detached here", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const buffer = new ArrayBuffer(1 << 20);
  assertEquals(await witness.with({ transfer: [buffer] }).call.measure(buffer), 1 << 20);
  assert(buffer.detached);
  const view = new Uint8Array(8);
  witness.with({ transfer: [view.buffer] }).cast.measure(view);
  assert(view.buffer.detached);
});

eachPlacement("a buffer in transfer stays as it is when the arguments cannot travel", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const buffer = new ArrayBuffer(8);
  const error = await rejection(diary.with({ transfer: [buffer] }).call.write([buffer, () => {}]));
  assertInstanceOf(error, NotSerializableError);
  assert(!buffer.detached);
});

eachPlacement("a buffer that was detached before cannot be transferred", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  const error = await rejection(witness.with({ transfer: [buffer] }).call.measure(buffer));
  assertInstanceOf(error, NotSerializableError);
  assertEquals(error.path, "transfer[0]");
});

eachPlacement("a MessagePort moves within the program, and cannot leave it", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  const { port1, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  port1.onmessage = ({ data }) => resolve(data);
  const call = witness.with({ transfer: [port2] }).call.answerOn(port2, "hello");
  if (placement === "process") {
    const error = await rejection(call);
    assertInstanceOf(error, NotSerializableError);
    assertEquals(error.path, "transfer[0]");
    port2.close();
  } else {
    await call;
    assertEquals(await within(promise), "hello");
  }
  port1.close();
});

eachPlacement("with() throws TypeError when transfer is no array", async (placement) => {
  await using witness = await spawn(Witness, [], { placement });
  assertThrows(() => witness.with({ transfer: {} as unknown as [] }), TypeError, "transfer must be an array");
});

// -- retries --

eachPlacement("with({ retries }) takes a count that is not negative", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  assertEquals(await diary.with({ retries: 0 }).call.write("a"), 1);
  assertEquals(await diary.with({ retries: 3 }).call.write("b"), 2);
  assertThrows(() => diary.with({ retries: -1 }), RangeError, "retries must be a whole number of at least 0");
  assertThrows(() => diary.with({ retries: NaN }), TypeError, "retries must be a number");
  assertThrows(() => diary.with({ retries: "1" as unknown as number }), TypeError, "retries must be a number");
});

// -- Options last --

eachPlacement("what with() gives can be kept and used again, and the ref itself is as before", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const never = diary.with({ timeoutMs: 0 });
  await assertRejects(async () => await never.call.write("no"), TimeoutError);
  await assertRejects(async () => await never.call.write("no"), TimeoutError);
  never.cast.write("a cast has no time to run out");
  assertEquals(await diary.call.read(), ["a cast has no time to run out"]);
});
