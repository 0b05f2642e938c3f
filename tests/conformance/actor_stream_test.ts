import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { ActorExitedError, NotSerializableError, Queue, spawn, TimeoutError } from "../../mod.ts";
import { eachPlacement, occupy, oneTest, rejection, until, within } from "./actor_contract.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { Streamer } from "./fixtures/streamer.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

eachPlacement("the call of a generator method gives its items", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  assertEquals(await all(streamer.call.count(3)), [0, 1, 2]);
  assertEquals(await all(streamer.call.countLater(3)), [0, 1, 2]);
  assertEquals(await all(streamer.call.count(0)), []);
});

eachPlacement("a generator makes an item only when it is asked for one", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const items = streamer.call.countLater(100)[Symbol.asyncIterator]();
  await items.next();
  await items.next();
  assertEquals(await streamer.call.log(), ["made 0", "made 1"]);
  await items.return(undefined);
  assertEquals(await streamer.call.log(), ["made 0", "made 1", "countLater ended"]);
});

eachPlacement("leaving the loop runs the generator's finally", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  for await (const item of streamer.call.count(100)) {
    if (item === 1) break;
  }
  assertEquals(await streamer.call.log(), ["count ended"]);
});

eachPlacement("a stream has all that a generator has: return, throw, disposal, the last value", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  {
    await using items = streamer.call.countLater(100);
    assertEquals(await items.next(), { done: false, value: 0 });
  }
  assertEquals(await streamer.call.log(), ["made 0", "countLater ended"]);
  const thrown = streamer.call.countLater(100);
  await thrown.next();
  const reason = new RangeError("mine");
  assertStrictEquals(await rejection(thrown.throw(reason)), reason);
  assertEquals(await thrown.next(), { done: true, value: undefined });
  assertEquals((await streamer.call.log()).at(-1), "countLater ended");
  const counted = streamer.call.count(1);
  assertEquals(await counted.next(), { done: false, value: 0 });
  assertEquals(await counted.next(), { done: true, value: "counted 1" });
});

eachPlacement("an actor handles other messages between the items of a stream", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const doubles: number[] = [];
  for await (const item of streamer.call.count(3)) doubles.push(await streamer.call.double(item));
  assertEquals(doubles, [0, 2, 4]);
});

eachPlacement("several streams of one actor do not disturb each other", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const lists = await Promise.all([1, 2, 3, 4].map((n) => all(streamer.call.countLater(n))));
  assertEquals(lists, [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]);
});

eachPlacement("what a generator throws rejects the reader's next item, and the actor lives", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const items = streamer.call.fail();
  assertEquals(await items.next(), { done: false, value: 1 });
  const error = await rejection(items.next());
  assertInstanceOf(error, RangeError);
  assertEquals((error as Error).message, "no more");
  assertEquals(await items.next(), { done: true, value: undefined });
  assertEquals(await streamer.call.double(1), 2);
});

eachPlacement("an item that cannot travel rejects with NotSerializableError and ends the stream", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const items = streamer.call.giveFunction();
  const error = await rejection(items.next());
  assertInstanceOf(error, NotSerializableError);
  assertEquals(await items.next(), { done: true, value: undefined });
  assertEquals(await streamer.call.log(), ["giveFunction ended"]);
});

// -- The wrong use --

eachPlacement(
  "awaiting the call of a generator method rejects with TypeError, and the generator is ended",
  async (placement) => {
    await using streamer = await spawn(Streamer, [], { placement });
    const call = streamer.call.count(3) as unknown as Promise<unknown>;
    const error = await rejection(call);
    assertInstanceOf(error, TypeError);
    assertEquals(
      (error as Error).message,
      `Cannot await ${streamer.name}.count: it is a generator method, iterate its items with for await`,
    );
    assertEquals(await streamer.call.double(2), 4);
  },
);

eachPlacement("iterating the call of an ordinary method rejects with TypeError", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const call = streamer.call.double(3) as unknown as AsyncIterable<number>;
  const error = await rejection(all(call));
  assertInstanceOf(error, TypeError);
  assertEquals(
    (error as Error).message,
    `Cannot iterate ${streamer.name}.double: it is no generator method, await its result`,
  );
});

eachPlacement("a generator method that is cast runs nothing", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  streamer.cast.count(3);
  streamer.cast.countLater(3);
  assertEquals(await streamer.call.begun(), 0);
});

// -- Time --

eachPlacement("timeoutMs bounds the wait for each item, and not the whole stream", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  // The second item is longer in coming than anyone waits.
  const latch = newLatch();
  const ended = new Queue<string>();
  const items = streamer.with({ timeoutMs: 1000 }).call.stall(latch, ended);
  assertEquals(await items.next(), { done: false, value: "first" });
  const error = await within(rejection(items.next()));
  assertInstanceOf(error, TimeoutError);
  assertEquals((error as TimeoutError).timeoutMs, 1000);
  await open(latch);
  assertEquals(await within(ended.get()), "stall ended");
  assertEquals(await items.next(), { done: true, value: undefined });
});

eachPlacement("a stream without timeoutMs has no bound between its items", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const items = streamer.call.count(2);
  assertEquals((await items.next()).value, 0);
  // Beside it a call with the shortest bound shows that deadlines are kept.
  const busy = await occupy(streamer);
  assertInstanceOf(await rejection(streamer.with({ timeoutMs: 20 }).call.double(1)), TimeoutError);
  await busy.end();
  assertEquals((await items.next()).value, 1);
  assertEquals((await items.next()).done, true);
});

eachPlacement("aborting the signal of a stream's call ends the wait for an item with its reason", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const latch = newLatch();
  const ended = new Queue<string>();
  const controller = new AbortController();
  const items = streamer.with({ signal: controller.signal }).call.stall(latch, ended);
  assertEquals((await items.next()).value, "first");
  const next = rejection(items.next());
  await within(latch.entered.get());
  controller.abort("enough");
  assertEquals(await within(next), "enough");
  await open(latch);
  assertEquals(await within(ended.get()), "stall ended");
});

// -- Ends --

eachPlacement("a reader learns that the actor has ended", async (placement) => {
  const streamer = await spawn(Streamer, [], { placement });
  const items = streamer.call.countLater(1000);
  await items.next();
  await streamer.kill();
  assertInstanceOf(await within(rejection(items.next())), ActorExitedError);
});

eachPlacement(
  "current().call is known in a generator, and its signal aborts when the reader leaves",
  async (placement) => {
    await using streamer = await spawn(Streamer, [], { placement });
    assertEquals(await all(streamer.call.knowsItsCall()), [true, true]);
    const log = new Queue<string>();
    const items = streamer.call.watchReader(log);
    assertEquals((await items.next()).value, "first");
    // The generator now waits for nothing but the reader's leave.
    const next = items.next();
    assertEquals(await within(log.get()), "waiting");
    await within(items.return(undefined));
    assertEquals(await within(log.get()), "aborted");
    assertEquals(await within(log.get()), "ended");
    assertEquals((await within(next)).done, true);
  },
);

eachPlacement("current().call.signal does not abort when a stream ends by itself", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  const log = new Queue<string>();
  assertEquals(await all(streamer.call.endItself(log)), ["only"]);
  await streamer.call.double(1);
  assertEquals(await log.size(), 0);
});

// -- Iterables among the arguments --

eachPlacement("an async iterable among the arguments is read item by item while the call lasts", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  let made = 0;
  let ended = false;
  async function* numbers(n: number): AsyncGenerator<number> {
    try {
      for (made = 1; made <= n; made++) yield made;
    } finally {
      ended = true;
    }
  }
  assertEquals(await streamer.call.sum(numbers(4)), 10);
  assert(ended);
  ended = false;
  assertEquals(await streamer.call.first(numbers(1000)), 1);
  await until(() => ended);
  assert(made <= 2, `${made} were made`);
});

eachPlacement("what the iterable throws arrives at the handler", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  // deno-lint-ignore require-yield -- it fails before its first item
  async function* failing(): AsyncGenerator<number> {
    throw new RangeError("no numbers");
  }
  const error = await rejection(streamer.call.sum(failing()));
  assertInstanceOf(error, RangeError);
  assertEquals((error as Error).message, "no numbers");
});

eachPlacement("a generator method may read an iterable of its caller's", async (placement) => {
  await using streamer = await spawn(Streamer, [], { placement });
  async function* numbers(): AsyncGenerator<number> {
    yield 1;
    yield 2;
  }
  assertEquals(await all(streamer.call.doubled(numbers())), [2, 4]);
});

oneTest(
  "Array.fromAsync() of a stream that is lost rejects, though that leaves the stream for as long as it fails",
  async () => {
    const streamer = await spawn(Streamer, [], { placement: "inline" });
    await streamer.kill();
    assertInstanceOf(await rejection(within(Array.fromAsync(streamer.call.count(3)), 1000)), ActorExitedError);
  },
);
