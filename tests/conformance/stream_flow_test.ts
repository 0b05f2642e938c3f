import { assert, assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { holders } from "../../channels/kernel/holder.ts";
import { ActorExitedError, EmptyError, Queue, spawn, TimeoutError } from "../../mod.ts";
import { readMany, readUpTo, Source } from "./fixtures/flowing.ts";
import { callsOf, ELSEWHERE, everywhere, range, rejection, turns, until } from "./pipe_everywhere.ts";

const PROMPT_MS = 2000;

everywhere("a generator makes one item for each that is asked for, be it sync or async", async (world) => {
  for (const method of ["count", "countLater"] as const) {
    const source = callsOf(await world.spawn(Source, []));
    const items = source[method](1000)[Symbol.asyncIterator]();
    assertEquals(await source.made(), 0);
    for (const n of range(5)) {
      assertEquals(await items.next(), { done: false, value: n });
      assertEquals(await source.made(), n + 1);
    }
    await items.return!();
    assertEquals(await items.next(), { done: true, value: undefined });
    assertEquals(await source.made(), 5);
  }
});

everywhere(
  "leaving the loop, in whatever way, has run the generator's finally, on behalf of its actor",
  async (world) => {
    const ref = await world.spawn(Source, []);
    const source = callsOf(ref);
    const ended = new Queue<string>();
    for await (const n of source.forEver(ended)) if (n === 2) break;
    assertEquals(await ended.tryGet(), { value: ref.name });
    try {
      for await (const _ of source.forEver(ended)) throw new RangeError("in the loop");
    } catch (error) {
      assertInstanceOf(error, RangeError);
    }
    assertEquals(await ended.tryGet(), { value: ref.name });
    const returning = async () => {
      for await (const n of source.forEver(ended)) if (n === 1) return n;
      return NaN;
    };
    assertEquals([await returning(), await ended.tryGet()], [1, { value: ref.name }]);
  },
);

everywhere("a generator whose reader is killed is ended: its finally runs, on behalf of its actor", async (world) => {
  // Both ways round: the reader there with the source here, and the source there.
  for (const placement of ["inline", world.placement] as const) {
    const source = await spawn(Source, [], { placement });
    const [got, ended] = [new Queue<number>(), new Queue<string>()];
    const reader = await world.start(readUpTo, source, 2, got, ended);
    assertEquals([await got.get(), await got.get(), await got.get()], [0, 1, 2]);
    await reader.kill();
    assertEquals(await deadline(ended.get(), PROMPT_MS), source.name);
    // It took no step more than it was asked for.
    assertEquals(await source.call.made(), 3);
  }
});

everywhere(
  "the reader of an actor that is killed, whatever its generator waits for, rejects with ActorExitedError",
  async (world) => {
    const ref = await world.spawn(Source, []);
    const source = callsOf(ref);
    const [stalled, between] = [source.stall(), source.stall()].map((items) => items[Symbol.asyncIterator]());
    assertEquals([(await stalled.next()).value, (await between.next()).value], ["first", "first"]);
    const waiting = rejection<ActorExitedError>(stalled.next(), ActorExitedError);
    await source.made();
    await ref.kill();
    const errors = await deadline(
      Promise.all([waiting, rejection<ActorExitedError>(between.next(), ActorExitedError)]),
      PROMPT_MS,
    );
    assertEquals(errors.map((error) => error.exit.reason), ["killed", "killed"]);
  },
);

everywhere("a reader that ran out of time has left: nothing more is heard of it when the actor ends", async (world) => {
  const ref = await world.spawn(Source, []);
  const items = ref.with({ timeoutMs: 100 }).call.stall()[Symbol.asyncIterator]();
  assertEquals((await items.next()).value, "first");
  const error = await rejection<TimeoutError>(items.next(), TimeoutError);
  assertEquals([error.timeoutMs, await items.next()], [100, { done: true, value: undefined }]);
  // Were anything left to reject, it would now, and nobody would handle it.
  await ref.kill();
  await turns();
});

everywhere("a time-out that the generator itself throws arrives like any other error", async (world) => {
  const source = callsOf(await world.spawn(Source, []));
  const items = source.runOut(new Queue<number>())[Symbol.asyncIterator]();
  assertEquals(await items.next(), { done: false, value: 1 });
  assertEquals((await rejection<EmptyError>(items.next(), EmptyError)).timeoutMs, 1);
  assertEquals(await items.next(), { done: true, value: undefined });
  assertEquals(await source.made(), 0);
});

everywhere("an item may take any time where timeoutMs is more than a timer can count", async (world) => {
  const ref = await world.spawn(Source, []);
  for (const timeoutMs of [Infinity, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    const got = await Array.fromAsync(ref.with({ timeoutMs }).call.slowly(20));
    assertEquals(got, ["first", "second"]);
  }
});

everywhere("handles come with the items of a stream, and are given back", async (world) => {
  const source = callsOf(await world.spawn(Source, []));
  const queue = new Queue<number>();
  for await (const handle of source.handles(queue, 5)) await handle.put(1);
  assertEquals(await queue.size(), 5);
});

everywhere("a stream that is over has left nothing behind where it was made", async (world) => {
  const source = await spawn(Source, [], { placement: "inline" });
  const done = new Queue<number>();
  const reader = await world.start(readMany, source, 50, done);
  assertEquals(await done.get(), 150);
  const [isolate, slot] = reader.address.split("#");
  const { leases } = holders.get(isolate, Number(slot));
  // What it still has: the queue.
  await until(() => leases.size < 10, `no more than a few leases are left of ${leases.size}`, PROMPT_MS);
  assertLess(leases.size, 10);
}, { placements: ELSEWHERE });

everywhere(
  "the wrong use of a call is a TypeError: a value is not iterated, a generator not awaited",
  async (world) => {
    const source = callsOf(await world.spawn(Source, []));
    const iterated = async () => {
      for await (const _ of source.notMany() as unknown as AsyncIterable<number>);
    };
    await rejection(iterated(), TypeError);
    await rejection(source.count(3) as unknown as Promise<unknown>, TypeError);
    assert(await source.made() === 0);
  },
);
