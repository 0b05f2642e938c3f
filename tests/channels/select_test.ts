/** What `select` and `ready` decide, and when; the sources are the test's own, or queues of this isolate. */

import { assertEquals, assertRejects } from "@std/assert";
import { ClosedError, TimeoutError } from "../../channels/errors.ts";
import { EventFlag, Queue, ready, select } from "../../mod.ts";
import { endingSource, selectable, type Source, sourceOf } from "../../channels/source.ts";
import { assertNothingLeft } from "../../actors/testing.ts";

/** Something to select from whose every answer the test gives. */
class Told {
  readonly takes: { claim(): boolean; resolve(value: unknown): void; reject(error: unknown): void }[] = [];
  over: AbortSignal | undefined;

  constructor(
    readonly readyNow: () => Promise<boolean> = () => Promise.resolve(false),
    readonly readySoon: () => Promise<void> = () => new Promise(() => {}),
  ) {
    selectable(this, {
      assertOpen() {},
      take: ({ signal, claim }) => {
        const { promise, resolve, reject } = Promise.withResolvers<unknown>();
        this.over = signal;
        this.takes.push({ claim, resolve, reject });
        return promise;
      },
      tryTake: () => Promise.resolve(undefined),
      poll: (signal) => {
        this.over = signal;
        return this.readySoon();
      },
      tryPoll: () => this.readyNow(),
    });
  }

  /** As its type is for programs. */
  get face(): EventFlag {
    return this as unknown as EventFlag;
  }
}

Deno.test("an item put in the turn in which time runs out is either selected or still in the queue", async () => {
  for (let round = 0; round < 20; round++) {
    const queue = new Queue<string>();
    // Both deadlines fall in one tick of one timer, this one first.
    const waits = [
      select({ queue }, { timeoutMs: 1 }).then((selected) => selected.value, () => "late"),
      new Queue().get({ timeoutMs: 1 }).catch(() => queue.put("item")),
    ];
    const [outcome] = await Promise.all(waits);
    assertEquals(await queue.size(), outcome === "late" ? 1 : 0);
  }
  assertNothingLeft();
});

Deno.test("an item put in the turn in which the signal aborts stays where it is", async () => {
  const queue = new Queue<string>();
  const controller = new AbortController();
  const selected = assertRejects(() => select({ queue }, { signal: controller.signal }), Error, "enough");
  controller.abort(new Error("enough"));
  await queue.put("item");
  await selected;
  assertEquals(await queue.get(), "item");
});

Deno.test("when a source fails, nothing is taken from another in the same turn", async () => {
  const queue = new Queue<string>();
  const told = new Told();
  const selected = assertRejects(() => select({ told: told.face, queue }), RangeError, "broken");
  told.takes[0].reject(new RangeError("broken"));
  await Promise.resolve();
  await Promise.resolve();
  void queue.put("item");
  await selected;
  assertEquals(await queue.get(), "item");
});

Deno.test("what was claimed before time ran out is given, however long it takes to come", async () => {
  const told = new Told();
  const selected = select({ told: told.face }, { timeoutMs: 1 });
  assertEquals(told.takes[0].claim(), true);
  await assertRejects(() => new Queue().get({ timeoutMs: 20 }), TimeoutError);
  told.takes[0].resolve("come");
  assertEquals(await selected as unknown, { key: "told", value: "come" });
});

Deno.test("only one claim is granted, and who was refused is told to give up", async () => {
  const [a, b] = [new Told(), new Told()];
  const selected = select({ a: a.face, b: b.face });
  assertEquals([b.takes[0].claim(), a.takes[0].claim()], [true, false]);
  b.takes[0].resolve(1);
  assertEquals(await selected as unknown, { key: "b", value: 1 });
  assertEquals([a.over?.aborted, b.over?.aborted], [true, true]);
});

Deno.test("sources that are always ready take turns, also when others select in between", async () => {
  const flags = { a: new EventFlag(), b: new EventFlag(), c: new EventFlag() };
  const others = { d: new EventFlag(), e: new EventFlag() };
  for (const flag of [...Object.values(flags), ...Object.values(others)]) await flag.set();
  const keys: string[] = [];
  for (let round = 0; round < 6; round++) {
    keys.push((await select(flags)).key);
    await select(others);
  }
  assertEquals(keys, ["a", "b", "c", "a", "b", "c"]);
});

Deno.test("ready() goes on waiting when another took what it had seen", async () => {
  let looks = 0;
  const contested = new Told(() => Promise.resolve(++looks > 2), () => Promise.resolve());
  assertEquals(await ready({ contested: contested.face }), ["contested"]);
  assertEquals(looks, 3);
});

Deno.test("ready() does not wait for the word of one whose home is busy", async () => {
  const busy = new Told(() => new Promise(() => {}));
  const flag = new EventFlag();
  await flag.set();
  const start = performance.now();
  assertEquals(await ready({ busy: busy.face, flag }), ["flag"]);
  assertEquals(await ready({ busy: busy.face }, { timeoutMs: 0 }), []);
  assertEquals(performance.now() - start < 10_000, true);
});

Deno.test("an end adds one listener to its promise, however many selects gave up", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  let listeners = 0;
  const then = promise.then.bind(promise);
  promise.then = (...reactions) => {
    listeners++;
    return then(...reactions) as Promise<never>;
  };
  const exited = () => promise;
  const face = {};
  selectable(face, endingSource(exited, () => Promise.resolve(undefined)));
  const ending = sourceOf(face) as Source;
  for (let round = 0; round < 100; round++) {
    const controller = new AbortController();
    const taken = ending.take({ signal: controller.signal, claim: () => true });
    controller.abort();
    await assertRejects(() => taken);
  }
  const last = ending.take({ signal: new AbortController().signal, claim: () => true });
  resolve("ended");
  assertEquals([await last, listeners], ["ended", 1]);
});

Deno.test("select() from nothing, or from what has ended, rejects with ClosedError at once", async () => {
  await assertRejects(() => select({}), ClosedError);
  await assertRejects(() => select({}, { timeoutMs: 0 }), ClosedError);
  const queue = new Queue<number>();
  await queue.close();
  await assertRejects(() => select({ queue }), ClosedError);
  await assertRejects(() => select({ queue }, { timeoutMs: 0 }), ClosedError);
});

Deno.test("one that answers late is asked alone when it was passed over, and a busy one is not waited for", async () => {
  const near = new EventFlag();
  await near.set();
  const far: Told = new Told(async () => {
    await new Promise((resolve) => setImmediate(resolve));
    // Its home answers in order.
    const take = far.takes.pop();
    if (take?.claim()) take.resolve("late");
    return true;
  });
  const keys: string[] = [];
  while (keys.length < 60) keys.push((await select({ near, far: far.face })).key);
  assertEquals(keys.filter((key) => key === "far").length, 20);

  const busy = new Told(() => new Promise(() => {}));
  const start = performance.now();
  for (let time = 0; time < 60; time++) assertEquals((await select({ near, busy: busy.face })).key, "near");
  // A few times 100 ms; without an end to it, once for ever.
  assertEquals(performance.now() - start < 10_000, true);
});

Deno.test("a signal that aborts while one is asked alone ends the wait with its reason", async () => {
  const near = new EventFlag();
  await near.set();
  const far = new Told(() => new Promise(() => {}));
  for (let time = 0; time < 2; time++) await select({ near, far: far.face });
  const controller = new AbortController();
  const selected = assertRejects(() => select({ near, far: far.face }, { signal: controller.signal }), Error, "enough");
  controller.abort(new Error("enough"));
  await selected;
});
