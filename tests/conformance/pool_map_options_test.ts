/** The options of maps: running items again, limits of time, moving instead of copying, going on after errors. */

import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { delay } from "@std/async";
import {
  ActorExitedError,
  NotSerializableError,
  Pool,
  PoolClosedError,
  Queue,
  SharedArray,
  TimeoutError,
} from "../../mod.ts";
import { oneTest, PLACEMENTS, rejection, within } from "./actor_contract.ts";
import {
  byteLength,
  dieOver,
  dieOverQuickly,
  failAt,
  holdUntilAborted,
  type Mortal,
  same,
  spin,
  square,
  tellOrHold,
  wait,
} from "./fixtures/pool_tasks.ts";
import { below, eachPool, eachPoolApart } from "./pool_everywhere.ts";

type Indexed = Error & { index: number };

/** Items of which these end their worker so many times. */
function mortals(count: number, deaths: Record<number, number>): { items: Mortal[]; begun: SharedArray<"int32"> } {
  const begun = new SharedArray("int32", count);
  return { begun, items: below(count).map((n) => ({ begun, n, deaths: deaths[n] ?? 0 })) };
}

/** How often each item was begun. */
function timesOf(begun: SharedArray<"int32">): number[] {
  return [...begun.view];
}

for (const chunkSize of [1, 4, 20]) {
  eachPoolApart(`retries runs the item again in whose worker died, and no other (chunks of ${chunkSize})`, {
    size: 2,
  }, async (pool) => {
    for (const run of [all, allUnordered] as const) {
      const { items, begun } = mortals(20, { 3: 1, 4: 2, 17: 1 });
      assertEquals((await within(run(pool, items, chunkSize, 2))).toSorted((a, b) => a - b), below(20));
      assertEquals(timesOf(begun), below(20).map((n) => n === 4 ? 3 : n === 3 || n === 17 ? 2 : 1));
    }
  });

  eachPoolApart(`an item whose worker dies more often than retries says is lost (chunks of ${chunkSize})`, {
    size: 2,
  }, async (pool) => {
    const { items, begun } = mortals(20, { 7: 2, 9: 100 });
    const settled = await within(pool.mapSettled(dieOver, items, { chunkSize, retries: 2 }));
    for (const [n, outcome] of settled.entries()) {
      if (n !== 9) assertEquals(outcome, { status: "fulfilled", value: n });
      else assertInstanceOf((outcome as PromiseRejectedResult).reason, ActorExitedError);
    }
    assertEquals(timesOf(begun), below(20).map((n) => n === 7 || n === 9 ? 3 : 1));

    const error = await within(rejection(pool.map(dieOver, mortals(20, { 9: 2 }).items, { chunkSize, retries: 1 })));
    assertInstanceOf(error, ActorExitedError);
    assertEquals((error as Error as Indexed).index, 9);
    const none = await within(rejection(pool.starmap(dieOver, [[mortals(1, { 0: 1 }).items[0]]], { chunkSize })));
    assertInstanceOf(none, ActorExitedError);
  });
}

eachPoolApart("of quick items that were in hand together each is run again as often as retries says", {
  size: 1,
}, async (pool) => {
  // Known to be quick by now, many are in hand at a time.
  await pool.map(dieOverQuickly, below(5000), { chunkSize: 1000 });
  const { items, begun } = mortals(3, { 0: 2, 1: 1, 2: 3 });
  const mixed = below(900).map((n) => n === 100 ? items[0] : n === 101 ? items[1] : n === 600 ? items[2] : n);
  const settled = await within(pool.mapSettled(dieOverQuickly, mixed, { chunkSize: 900, retries: 2 }));
  for (const [n, outcome] of settled.entries()) {
    if (n === 600) assertInstanceOf((outcome as PromiseRejectedResult).reason, ActorExitedError);
    else assertEquals(outcome, { status: "fulfilled", value: n === 100 ? 0 : n === 101 ? 1 : n });
  }
  // Items that were in hand with the first one, begun or not, have one life less.
  const [first, second, third] = timesOf(begun);
  assertEquals([first, second], [3, 2]);
  assert(third === 2 || third === 3);
});

eachPool("timeoutMs is about the whole map: what has begun is asked to stop, and nothing more begins", {
  size: 1,
}, async (pool) => {
  await pool.start();
  const told = new Queue<string>();
  const items = below(3).map((n): [Queue<string>, number] => [told, n]);
  const error = await within(rejection(pool.starmap(holdUntilAborted, items, { timeoutMs: 300, chunkSize: 1 })));
  assertInstanceOf(error, TimeoutError);
  assertEquals(error.timeoutMs, 300);
  assertEquals(error.message, "Cannot map holdUntilAborted: it was not done after 300 ms");
  assertEquals([await within(told.get()), await within(told.get())], ["begun 0", "aborted 0"]);
  assertEquals(await pool.map(square, below(5), { timeoutMs: 20_000 }), below(5).map(square));
  assertEquals(await told.size(), 0);
});

eachPool("a map whose time is over before it begins rejects, and runs nothing", { size: 1 }, async (pool) => {
  const begun = new SharedArray("int32", 2);
  const items = below(2).map((n): Mortal => ({ begun, n, deaths: 0 }));
  for (const timeoutMs of [0, -1]) {
    await assertRejects(() => pool.map(dieOver, items, { timeoutMs }), TimeoutError);
    await assertRejects(() => pool.mapSettled(dieOver, items, { timeoutMs }), TimeoutError);
    await assertRejects(() => pool.imap(dieOver, items, { timeoutMs }).next(), TimeoutError);
  }
  await pool.run(square, [1]);
  assertEquals(timesOf(begun), [0, 0]);
});

eachPool("timeoutMs of imap() is about each result, from when it is asked for", { size: 2 }, async (pool) => {
  await pool.start();
  const told = new Queue<string>();
  const items = below(3).map((n) => ({ told, n }));
  const results = pool.imap(tellOrHold, items, { timeoutMs: 400 });
  assertEquals(await within(results.next()), { done: false, value: 0 });
  // The reader's own time does not count.
  await delay(500);
  const began = performance.now();
  const error = await within(rejection(results.next()));
  assertInstanceOf(error, TimeoutError);
  assertEquals(error.message, "Cannot imap tellOrHold: the next result took more than 400 ms");
  assert(performance.now() - began >= 395);
  assertEquals(await results.next(), { done: true, value: undefined });
  assertEquals(await Array.fromAsync(pool.imap(wait, [0, 0, 1], { timeoutMs: 20_000 })), [0, 0, 1]);
});

eachPool("a source that is too slow is a TimeoutError of imap(), too", { size: 1 }, async (pool) => {
  await pool.start();
  async function* slow(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => {});
  }
  const timer = setInterval(() => {}, 1000);
  const results = pool.imapUnordered(square, slow(), { timeoutMs: 400 });
  assertEquals(await within(results.next()), { done: false, value: 1 });
  assertInstanceOf(await within(rejection(results.next())), TimeoutError);
  clearInterval(timer);
});

eachPool("transfer moves what the items name: it is detached here, and arrives", { size: 2 }, async (pool) => {
  for (const chunkSize of [1, 3, 10]) {
    const buffers = below(10).map((n) => new Uint8Array(1000 + n));
    const transfer = buffers.map(({ buffer }) => buffer);
    const lengths = await within(pool.map(byteLength, buffers, { chunkSize, transfer }));
    assertEquals(lengths, below(10).map((n) => 1000 + n));
    assert(transfer.every(({ detached }) => detached));
  }
  const copied = new Uint8Array(5);
  assertEquals(await pool.map(byteLength, [copied, new Uint8Array(6)], { transfer: [] }), [5, 6]);
  assertEquals(copied.byteLength, 5);
});

eachPool("when an item cannot travel nothing is moved", { size: 2 }, async (pool) => {
  const buffers = below(4).map(() => new ArrayBuffer(8));
  const items: unknown[] = [...buffers, () => {}];
  const error = await rejection(pool.map(same, items, { chunkSize: 1, transfer: buffers }));
  assertInstanceOf(error, NotSerializableError);
  assertEquals(error.path, "items[4]");
  assert(buffers.every(({ detached }) => !detached));
  const twice = await rejection(pool.map(same, [buffers[0], 1, buffers[0]], { chunkSize: 1, transfer: [buffers[0]] }));
  assertInstanceOf(twice, NotSerializableError);
  assertEquals(twice.message, "Cannot send items[2]: it is in two of the lists, and moves with one");
  assert(!buffers[0].detached);
});

eachPool("onError yield gives every outcome, and goes on", { size: 2 }, async (pool) => {
  for (const chunkSize of [1, 4, 7]) {
    const outcomes = await within(
      Array.fromAsync(pool.imap(failAt, below(40), { chunkSize, window: 8, onError: "yield" })),
    );
    for (const [n, outcome] of outcomes.entries()) {
      if (n !== 13) assertEquals(outcome, { status: "fulfilled", value: n });
      else {
        const { reason } = outcome as PromiseRejectedResult;
        assertInstanceOf(reason, RangeError);
        assertEquals((reason as Error as Indexed).index, 13);
      }
    }
    assertEquals(outcomes.length, 40);
    const unordered = pool.imapUnordered(failAt, below(40), { chunkSize, window: 8, onError: "yield" });
    const statuses = (await within(Array.fromAsync(unordered))).map(({ status }) => status);
    assertEquals([statuses.length, statuses.filter((status) => status === "rejected").length], [40, 1]);
  }
});

eachPool("an item that cannot travel is one outcome of imap(), and costs no other", { size: 2 }, async (pool) => {
  const items: unknown[] = [0, 1, () => {}, 3, 4];
  for (const chunkSize of [1, 3, 5]) {
    const settled = await within(
      Array.fromAsync(pool.imap(same, items, { chunkSize, window: 5, onError: "yield" })),
    );
    assertEquals(settled.map((outcome) => outcome.status === "fulfilled" ? outcome.value : "failed"), [
      0,
      1,
      "failed",
      3,
      4,
    ]);
    const reason = (settled[2] as PromiseRejectedResult).reason;
    assertInstanceOf(reason, NotSerializableError);
    assertEquals([reason.path, (reason as Error as Indexed).index], ["items[2]", 2]);

    const values: unknown[] = [];
    const error = await within(rejection((async () => {
      for await (const value of pool.imap(same, items, { chunkSize, window: 5 })) values.push(value);
    })()));
    assertEquals([values, (error as Indexed).index], [[0, 1], 2]);
  }
});

eachPoolApart("a worker's death is one outcome of imap()", { size: 2 }, async (pool) => {
  const outcomes = await within(
    Array.fromAsync(pool.imap(dieOver, mortals(6, { 2: 1, 4: 1 }).items, { onError: "yield" })),
  );
  assertEquals(outcomes.map(({ status }) => status === "fulfilled"), [true, true, false, true, false, true]);
});

eachPool("a failure that is no item's ends imap() whatever onError says", { size: 1 }, async (pool) => {
  function* failing(): Generator<number> {
    yield 1;
    throw new Error("no more");
  }
  const values = pool.imap(square, failing(), { onError: "yield" });
  assertEquals(await within(values.next()), { done: false, value: { status: "fulfilled", value: 1 } });
  await assertRejects(() => within(values.next()), Error, "no more");
  const closed = pool.imap(square, below(3), { onError: "yield" });
  await pool.close();
  await assertRejects(() => within(closed.next()), PoolClosedError);
});

eachPool("a map that has begun is done to its end when the pool is closed", { size: 1 }, async (pool) => {
  await pool.start();
  // More than the pool is given at once.
  const all = pool.map(square, below(2000), { chunkSize: 1 });
  const late = pool.close().then(() => rejection(pool.map(square, [1])));
  assertEquals((await within(all)).length, 2000);
  assertInstanceOf(await late, PoolClosedError);
  await within(pool.join());
});

eachPool("a map that was given up does not keep a closed pool open", { size: 1 }, async (pool) => {
  await pool.start();
  const told = new Queue<string>();
  const controller = new AbortController();
  const items = below(500).map((n): [Queue<string>, number] => [told, n]);
  const map = rejection(pool.starmap(holdUntilAborted, items, { chunkSize: 1, signal: controller.signal }));
  assertEquals(await within(told.get()), "begun 0");
  await pool.close();
  controller.abort("enough");
  assertEquals(await within(map), "enough");
  await within(pool.join());
});

for (const placement of PLACEMENTS) {
  oneTest(
    `a map whose pieces go back and forth ends well though the pool is closed, or it is aborted (${placement})`,
    async () => {
      for (const round of below(6)) {
        const pool = new Pool({ size: 2, placement });
        // Known to be quick by now, its pieces go together, and those that would wait are given back.
        await pool.map(square, below(3000), { chunkSize: 1 });
        const controller = new AbortController();
        const items = below(3000).map((n) => n % 500 === 499 ? 3 : 0);
        const map = pool.map(spin, items, { chunkSize: 1, signal: controller.signal });
        const closed = pool.close();
        if (round % 2 === 1) {
          const given = rejection(map);
          setTimeout(() => controller.abort("enough"), round);
          assertEquals(await within(given), "enough");
        } else assertEquals(await within(map), items);
        await closed;
        await within(pool.join());
      }
    },
  );
}

oneTest("maps refuse options that are wrong", async () => {
  await using pool = new Pool({ size: 1, placement: "inline" });
  const buffer = new ArrayBuffer(1);
  await assertRejects(
    () => pool.map(same, [buffer], { transfer: [buffer], retries: 1 }),
    RangeError,
    "without retries",
  );
  await assertRejects(() => pool.map(same, [], { retries: -1 }), RangeError, "retries");
  await assertRejects(() => pool.map(same, [], { timeoutMs: NaN }), TypeError, "timeoutMs");
  await assertRejects(() => pool.map(same, [], { transfer: 5 as never }), TypeError, "transfer");
  assertThrows(() => pool.imap(same, [], { retries: 0.5 }), RangeError, "retries");
  assertThrows(() => pool.imap(same, [], { timeoutMs: "1" as never }), TypeError, 'not "1"');
  assertThrows(
    () => pool.imap(same, [], { onError: "skip" as never }),
    TypeError,
    'onError must be "throw" or "yield"',
  );
  assert(!buffer.detached);
});

function all(pool: Pool, items: Mortal[], chunkSize: number, retries: number): Promise<number[]> {
  return pool.map(dieOver, items, { chunkSize, retries });
}

function allUnordered(pool: Pool, items: Mortal[], chunkSize: number, retries: number): Promise<number[]> {
  return Array.fromAsync(pool.imapUnordered(dieOver, items, { chunkSize, window: 20, retries }));
}
