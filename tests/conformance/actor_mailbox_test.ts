import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { ActorExitedError, MailboxFullError, type MailboxOptions, Queue, spawn, TimeoutError } from "../../mod.ts";
import { eachPlacement, occupy, rejection, within } from "./actor_contract.ts";
import { Diary } from "./fixtures/diary.ts";
import { Streamer } from "./fixtures/streamer.ts";

/** How many messages an actor takes from one sender before they wait there, and how many may wait. */
const TAKEN = 1024;
const WAITING = 65_536;

// -- overflow --

eachPlacement(`overflow "wait": calls and casts wait at the sender in order, none is lost`, async (placement) => {
  await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 2, overflow: "wait" } });
  const busy = await occupy(diary);
  const calls: PromiseLike<number>[] = [];
  for (let i = 0; i < 20; i += 2) {
    diary.cast.write(i);
    calls.push(diary.call.write(i + 1));
  }
  await busy.end();
  assertEquals(await Promise.all(calls), Array.from({ length: 10 }, (_, i) => 2 * i + 2));
  assertEquals(await diary.call.read(), Array.from({ length: 20 }, (_, i) => i));
});

for (const overflow of ["reject", "drop-newest"] as const) {
  eachPlacement(`overflow "${overflow}": what comes to a full mailbox is refused`, async (placement) => {
    await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 2, overflow } });
    const before = await diary.call.deadLetters();
    const busy = await occupy(diary);
    const kept = diary.call.write("kept call");
    diary.cast.write("kept cast");
    const refused = rejection(diary.call.write("refused call"));
    diary.cast.write("refused cast");
    const error = await within(refused);
    assertInstanceOf(error, MailboxFullError);
    assertEquals(error.code, "mailbox-full");
    await busy.end();
    assertEquals(await kept, 1);
    assertEquals(await diary.call.read(), ["kept call", "kept cast"]);
    assertEquals(await diary.call.deadLetters(), before + 1);
  });
}

eachPlacement(`overflow "drop-oldest": what came first makes room`, async (placement) => {
  await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 2, overflow: "drop-oldest" } });
  const before = await diary.call.deadLetters();
  const busy = await occupy(diary);
  const dropped = rejection(diary.call.write("dropped call"));
  diary.cast.write("dropped cast");
  diary.cast.write("kept cast");
  const kept = diary.call.write("kept call");
  assertInstanceOf(await within(dropped), MailboxFullError);
  await busy.end();
  assertEquals(await kept, 2);
  assertEquals(await diary.call.read(), ["kept cast", "kept call"]);
  assertEquals(await diary.call.deadLetters(), before + 1);
});

eachPlacement("no bound applies to the items that a reader of a stream asks for", async (placement) => {
  await using streamer = await spawn(Streamer, [], {
    placement,
    mailbox: { capacity: 1, overflow: "drop-oldest" },
  });
  const numbers = streamer.call.count(3)[Symbol.asyncIterator]();
  assertEquals(await numbers.next(), { done: false, value: 0 });
  const busy = await occupy(streamer);
  const next = numbers.next();
  // Both are behind the reader's question, which leaves room for one of them.
  const dropped = rejection(streamer.call.double(1));
  const kept = streamer.call.double(2);
  assertInstanceOf(await within(dropped), MailboxFullError);
  await busy.end();
  assertEquals(await within(next), { done: false, value: 1 });
  assertEquals(await kept, 4);
  await numbers.return!();
});

eachPlacement("stop and kill are heard however full the mailbox is", async (placement) => {
  for (const end of ["stop", "kill"] as const) {
    const diary = await spawn(Diary, [], { placement, mailbox: { capacity: 1, overflow: "reject" } });
    const busy = await occupy(diary);
    const settled = Promise.allSettled([busy.call, diary.call.write("queued")]);
    if (end === "stop") {
      const stopped = diary.stop();
      await busy.end();
      assertEquals((await within(stopped)).reason, "stopped");
      assertEquals((await settled).map(({ status }) => status), ["fulfilled", "fulfilled"]);
    } else {
      assertEquals((await within(diary.kill())).reason, "killed");
      assertEquals((await within(settled)).map(({ status }) => status), ["rejected", "rejected"]);
    }
  }
});

eachPlacement("spawn() refuses a mailbox that cannot be", async (placement) => {
  const start = (mailbox: unknown) => () => spawn(Diary, [], { placement, mailbox: mailbox as MailboxOptions });
  await assertRejects(start({ capacity: 0 }), RangeError, "mailbox.capacity must be a whole number of at least 1");
  await assertRejects(start({ capacity: 1.5 }), RangeError);
  await assertRejects(start({ capacity: NaN }), TypeError);
  await assertRejects(start({ capacity: "1" }), TypeError);
  await assertRejects(start({ overflow: "explode" }), TypeError, 'not "explode"');
  await assertRejects(start(7), TypeError);
});

// -- The outbox --

eachPlacement("casts beyond 65,536 that wait become dead letters, those before are all handled", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const busy = await occupy(diary);
  const before = deadLetters.count;
  // The actor took one message, the held one, so it has room for as many others.
  const most = TAKEN + WAITING;
  for (let i = 0; i < most; i++) diary.cast.write(i);
  assert(deadLetters.count - before <= 1, `${deadLetters.count - before} dead letters`);
  const early = deadLetters.count;
  for (let i = 0; i < 10; i++) diary.cast.write("too many");
  assertEquals(deadLetters.count, early + 10);
  await busy.end();
  assertEquals((await diary.with({ timeoutMs: Infinity }).call.read()).length, most - (early - before));
});

eachPlacement(
  "casts beyond 64 MiB that wait become dead letters, and the others when the actor is killed",
  async (placement) => {
    const diary = await spawn(Diary, [], { placement });
    await occupy(diary);
    for (let i = 0; i < TAKEN; i++) diary.cast.write(i);
    const before = deadLetters.count;
    const bytes = new Uint8Array(1024 * 1024);
    // A message is a few bytes longer than what is in it.
    for (let i = 0; i < 63; i++) diary.cast.keep(bytes);
    assertEquals(deadLetters.count, before);
    for (let i = 0; i < 10; i++) diary.cast.keep(bytes);
    assertEquals(deadLetters.count, before + 10);
    await diary.kill();
    assert(deadLetters.count - before >= 73);
  },
);

eachPlacement("a handle in a cast that became a dead letter is given back", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const busy = await occupy(diary);
  const before = deadLetters.count;
  while (deadLetters.count === before) diary.cast.write(0);
  const queue = new Queue<string>();
  const producer = await queue.producer();
  diary.cast.write(producer);
  producer[Symbol.dispose]();
  assertEquals(deadLetters.count, before + 2);
  // The queue closes when nobody has a producer of it any more.
  const closed = rejection(queue.get());
  await busy.end();
  await within(closed);
});

// -- ready --

eachPlacement("ready() resolves while there is room", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  assertStrictEquals(await within(diary.ready()), undefined);
  await within(diary.ready({ timeoutMs: 0 }));
  await within(diary.ready({ timeoutMs: -1 }));
});

eachPlacement("ready() waits while the mailbox is full, until a message is taken", async (placement) => {
  await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 1 } });
  const busy = await occupy(diary);
  diary.cast.write("fills it");
  const order: string[] = [];
  const ready = diary.ready().then(() => order.push("ready"));
  const error = await rejection(diary.ready({ timeoutMs: 30 }));
  assertInstanceOf(error, TimeoutError);
  assertEquals(error.timeoutMs, 30);
  assertEquals(error.message, `Cannot wait for ${diary.name}: there was no room for a message for 30 ms`);
  assertEquals(order, []);
  order.push("open");
  await busy.end();
  await within(ready);
  assertEquals(order, ["open", "ready"]);
});

eachPlacement(
  "ready({ timeoutMs: 0 }) looks once, and rejects with TimeoutError when there is no room",
  async (placement) => {
    await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 1 } });
    const busy = await occupy(diary);
    diary.cast.write("fills it");
    assertInstanceOf(await within(rejection(diary.ready({ timeoutMs: 0 }))), TimeoutError);
    await busy.end();
  },
);

eachPlacement("ready() waits while casts wait here", async (placement) => {
  await using diary = await spawn(Diary, [], { placement });
  const busy = await occupy(diary);
  for (let i = 0; i < 3000; i++) diary.cast.write(i);
  assertInstanceOf(await within(rejection(diary.ready({ timeoutMs: 0 }))), TimeoutError);
  const ready = diary.ready();
  await busy.end();
  await within(ready);
  assertEquals((await diary.call.read()).length, 3000);
});

eachPlacement("ready() rejects with the reason when its signal aborts", async (placement) => {
  await using diary = await spawn(Diary, [], { placement, mailbox: { capacity: 1 } });
  await assertRejects(() => diary.ready({ signal: AbortSignal.abort() }), DOMException);
  const busy = await occupy(diary);
  diary.cast.write("fills it");
  const controller = new AbortController();
  const ready = rejection(diary.ready({ signal: controller.signal }));
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await within(ready), reason);
  await busy.end();
});

eachPlacement("ready() rejects with ActorExitedError when the actor ended, or ends meanwhile", async (placement) => {
  const diary = await spawn(Diary, [], { placement, mailbox: { capacity: 1 } });
  const busy = await occupy(diary);
  diary.cast.write("fills it");
  const waiting = rejection(diary.ready());
  await diary.kill();
  assertInstanceOf(await within(waiting), ActorExitedError);
  assertInstanceOf(await within(rejection(busy.call)), ActorExitedError);
  assertInstanceOf(await within(rejection(diary.ready())), ActorExitedError);
  assertInstanceOf(await within(rejection(diary.ready({ timeoutMs: 0 }))), ActorExitedError);
});
