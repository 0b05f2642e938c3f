import { assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { holders } from "../../channels/kernel/holder.ts";
import {
  ActorExitedError,
  DisconnectedError,
  NotSerializableError,
  Pool,
  Queue,
  spawn,
  TimeoutError,
} from "../../mod.ts";
import { hearInPool, lend, Lender, lendOften, lendSignal, lendToPool, Sink } from "./fixtures/flowing.ts";
import { callsOf, ELSEWHERE, everywhere, rejection, turns, until } from "./pipe_everywhere.ts";

const PROMPT_MS = 2000;

/** Counts, and notes what becomes of it. */
function counting(to = Infinity): { items: AsyncGenerator<number>; log: string[] } {
  const log: string[] = [];
  async function* items(): AsyncGenerator<number> {
    try {
      for (let n = 0; n < to; n++) {
        log.push(`made ${n}`);
        yield n;
      }
    } finally {
      await Promise.resolve();
      log.push("ended");
    }
  }
  return { items: items(), log };
}

/** One item, and then never another one. */
async function* stalling(ended: () => void): AsyncGenerator<string> {
  try {
    yield "first";
    await new Promise<never>(() => {});
  } finally {
    ended();
  }
}

everywhere("a signal among the arguments aborts at the handler with the caller's reason", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  const waiting = new Queue<string>();
  const reasons: unknown[] = [new RangeError("enough"), "a word", { code: 7 }, undefined];
  for (const reason of reasons) {
    const controller = new AbortController();
    const answer = sink.reasonOf(controller.signal, waiting);
    await waiting.get();
    controller.abort(reason);
    const got = await answer as Error;
    if (reason === undefined) assertEquals([got.name, got instanceof DOMException], ["AbortError", true]);
    else if (reason instanceof Error) assertEquals([got instanceof RangeError, got.message], [true, "enough"]);
    else assertEquals(got as unknown, reason);
  }
});

everywhere("a signal that has a deadline aborts at the handler when that is reached", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  assertEquals((await sink.reasonOf(AbortSignal.timeout(20)) as Error).name, "TimeoutError");
});

everywhere("one signal that is given twice is one at the handler", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  const { signal } = new AbortController();
  assertEquals(await sink.same(signal, signal), true);
  assertEquals(await sink.same(signal, new AbortController().signal), false);
});

everywhere(
  "an iterable among the arguments makes an item when the handler asks for one, and ends with the loop",
  async (world) => {
    const sink = callsOf(await world.spawn(Sink, []));
    const whole = counting(4);
    assertEquals(await sink.sum(whole.items), 6);
    assertEquals(whole.log, ["made 0", "made 1", "made 2", "made 3", "ended"]);
    const left = counting();
    assertEquals(await sink.takeOne(left.items), 0);
    assertEquals(left.log, ["made 0", "ended"]);
  },
);

everywhere("several iterables of one call do not disturb each other", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  const [first, second] = [counting(3), counting(2)];
  assertEquals(await sink.takeAfter(first.items, second.items), [0, 1, 2]);
  assertEquals([first.log.at(-1), second.log.at(-1)], ["ended", "ended"]);
});

everywhere("what an iterable throws arrives at the handler", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new RangeError("no more");
  }
  const error = await sink.failureOf(failing()) as Error;
  assertEquals([error instanceof RangeError, error.message], [true, "no more"]);
  async function* unfit(): AsyncGenerator<unknown> {
    yield () => 1;
  }
  const refused = await sink.failureOf(unfit()) as NotSerializableError;
  assertEquals([refused instanceof NotSerializableError, refused.kind], [true, "function"]);
});

everywhere(
  "after the call what it lent is dead: the source is ended, no signal aborts, no item comes",
  async (world) => {
    const sink = callsOf(await world.spawn(Sink, []));
    const controller = new AbortController();
    const { items, log } = counting();
    assertEquals(await sink.keep(controller.signal, items), 0);
    await until(() => log.includes("ended"), "the source is ended");
    controller.abort(new Error("too late"));
    assertEquals(await sink.useKept(), { aborted: false, next: { done: true, value: undefined } });
    assertEquals(log, ["made 0", "ended"]);
  },
);

everywhere("a caller that gives up has taken back what it lent", async (world) => {
  const ref = await world.spawn(Sink, []);
  const said = new Queue<string>();
  const ended = Promise.withResolvers<void>();
  const controller = new AbortController();
  const answer = rejection(
    ref.with({ timeoutMs: Infinity, signal: controller.signal }).call
      .tellAll(stalling(ended.resolve), new AbortController().signal, said),
    RangeError,
  );
  assertEquals(await said.get(), "first");
  controller.abort(new RangeError("enough"));
  await answer;
  assertEquals([await said.get(), await said.get()], ["DisconnectedError", "call aborted"]);
  assertEquals(await callsOf(ref).ping(), "pong");

  const { items, log } = counting();
  const slow = ref.with({ timeoutMs: 50 }).call.ignore(items, new AbortController().signal);
  await rejection(slow, TimeoutError);
  await turns();
  // It was never begun, and so has nothing to end.
  assertEquals(log, []);
});

everywhere("a caller that dies has taken back what it lent, and its call's signal aborts", async (world) => {
  const sink = await spawn(Sink, [], { placement: "inline" });
  const said = new Queue<string>();
  const caller = await world.start(lend, sink, said);
  assertEquals(await said.get(), "first");
  await caller.kill();
  const words = [await deadline(said.get(), PROMPT_MS), await deadline(said.get(), PROMPT_MS)];
  assertEquals(words, [new DisconnectedError("").name, "call aborted"]);
});

const ABORTS = "AbortError true";

everywhere("a signal among the arguments aborts with the call's own when the caller gives up", async (world) => {
  const ref = await world.spawn(Sink, []);
  const said = new Queue<string>();
  const { signal } = new AbortController();
  const controller = new AbortController();
  const options = { timeoutMs: Infinity, signal: controller.signal };
  const given = rejection(ref.with(options).call.hearOf(signal, said), RangeError);
  assertEquals(await said.get(), "waiting");
  controller.abort(new RangeError("enough"));
  await given;
  assertEquals(await deadline(said.get(), PROMPT_MS), ABORTS);
});

everywhere("a signal among the arguments of a generator aborts when its reader leaves", async (world) => {
  const ref = await world.spawn(Sink, []);
  const said = new Queue<string>();
  const stream = ref.call.hearOfLater(new AbortController().signal, said);
  assertEquals((await stream.next()).value, 1);
  const next = stream.next();
  assertEquals(await said.get(), "waiting");
  await deadline(Promise.all([stream.return(undefined), next]), PROMPT_MS);
  assertEquals(await said.get(), ABORTS);
});

everywhere("a signal among the arguments aborts with the call's own when the caller dies", async (world) => {
  const sink = await spawn(Sink, [], { placement: "inline" });
  const said = new Queue<string>();
  const caller = await world.start(lendSignal, sink, said);
  assertEquals(await said.get(), "waiting");
  await caller.kill();
  assertEquals(await deadline(said.get(), PROMPT_MS), ABORTS);
  assertEquals(await sink.call.ping(), "pong");
});

everywhere("a signal among the arguments of a pool's task aborts when the caller gives up, or dies", async (world) => {
  await using pool = new Pool({ size: 1, placement: world.placement });
  const said = new Queue<string>();
  const controller = new AbortController();
  const given = rejection(
    pool.run(hearInPool, [new AbortController().signal, said], { timeoutMs: Infinity, signal: controller.signal }),
    RangeError,
  );
  assertEquals(await said.get(), "waiting");
  controller.abort(new RangeError("enough"));
  await given;
  assertEquals(await deadline(said.get(), PROMPT_MS), ABORTS);

  const caller = await world.start(lendToPool, pool, said);
  assertEquals(await said.get(), "waiting");
  await caller.kill();
  assertEquals(await deadline(said.get(), PROMPT_MS), ABORTS);
});

everywhere("a signal whose reason is too large, or cannot travel, aborts with an error that says so", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  const waiting = new Queue<string>();
  for (const reason of ["x".repeat(1e6), () => 1]) {
    const controller = new AbortController();
    const answer = sink.reasonOf(controller.signal, waiting);
    await waiting.get();
    controller.abort(reason);
    assertInstanceOf(await answer, Error);
  }
});

everywhere(
  "a handler that dies gives back what it was lent: the source is ended, and the call rejects",
  async (world) => {
    const ref = await world.spawn(Sink, []);
    const said = new Queue<string>();
    const { items, log } = counting(1);
    const unending = async function* (): AsyncGenerator<number> {
      yield* items;
      try {
        await said.put("asked for more");
        yield 1;
      } finally {
        log.push("outer ended");
      }
    };
    const answer = rejection(
      ref.with({ timeoutMs: Infinity }).call.tellAll(unending(), new AbortController().signal, said),
      ActorExitedError,
    );
    for (const word of ["0", "asked for more", "1"]) {
      let got = await said.get();
      // The word of the handler and that of the source may come in either order.
      if (got !== word) got = await said.get();
      if (got === "1") break;
    }
    await ref.kill();
    await deadline(answer, PROMPT_MS);
    await until(() => log.includes("outer ended"), "the source is ended", PROMPT_MS);
  },
  { placements: ELSEWHERE },
);

everywhere("the items of an iterable are made on behalf of the caller", async (world) => {
  const sink = await spawn(Sink, [], { placement: "inline" });
  const lender = await world.spawn(Lender, []);
  assertEquals(await lender.call.whoMakes(sink), [lender.name, lender.name]);
});

everywhere("what a generator's call was lent lasts as long as the stream", async (world) => {
  const sink = callsOf(await world.spawn(Sink, []));
  const whole = counting(3);
  assertEquals(await Array.fromAsync(sink.double(whole.items)), [0, 2, 4]);
  assertEquals(whole.log.at(-1), "ended");
  const left = counting();
  for await (const n of sink.double(left.items)) if (n === 4) break;
  await until(() => left.log.includes("ended"), "the source is ended");
  assertEquals(left.log, ["made 0", "made 1", "made 2", "ended"]);
});

everywhere("a call that cannot be sent has lent nothing", async (world) => {
  const ref = await world.spawn(Sink, []);
  const { items, log } = counting();
  const refused = callsOf(ref).takeAfter(items, (() => 1) as never);
  await rejection(refused, NotSerializableError);
  await ref.kill();
  await rejection(ref.call.sum(counting().items), ActorExitedError);
  assertEquals(log, []);
});

everywhere("calls that are over have left nothing behind of what they lent", async (world) => {
  const sink = await spawn(Sink, [], { placement: "inline" });
  const done = new Queue<number>();
  const caller = await world.start(lendOften, sink, 50, done);
  assertEquals(await done.get(), 200);
  const [isolate, slot] = caller.address.split("#");
  const { leases } = holders.get(isolate, Number(slot));
  await until(() => leases.size < 10, `no more than a few leases are left of ${leases.size}`, PROMPT_MS);

  // And the other way round: lent by this isolate.
  const far = await world.spawn(Sink, []);
  const { signal } = new AbortController();
  for (let i = 0; i < 50; i++) assertEquals(await far.call.takeOne(counting().items, signal), 0);
  const [there, at] = far.address.split("#");
  const held = holders.get(there, Number(at)).leases;
  await until(() => held.size < 10, `no more than a few leases are left of ${held.size}`, PROMPT_MS);
  assertLess(held.size, 10);
}, { placements: ELSEWHERE });
