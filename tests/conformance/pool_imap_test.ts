/** Maps over sources of any length. */

import { assert, assertEquals, assertInstanceOf, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import { EventFlag, Queue } from "../../mod.ts";
import { oneTest, rejection, within } from "./actor_contract.ts";
import { failAt, hold, same, square, squareLater, tellOrHold, wait } from "./fixtures/pool_tasks.ts";
import { below, eachPool } from "./pool_everywhere.ts";

eachPool("[POOL-11] imap() gives the results in order, and then the end", { size: 4 }, async (pool) => {
  const ten = pool.imap(squareLater, below(10));
  for (const n of below(10)) assertEquals(await ten.next(), { done: false, value: n * n });
  assertEquals(await ten.next(), { done: true, value: undefined });
  assertEquals(
    await Array.fromAsync(pool.imap(square, below(1000), { chunkSize: 100, window: 400 })),
    below(1000).map(square),
  );
  // More than the window at once there never is.
  assertEquals(
    await Array.fromAsync(pool.imap(square, below(50), { chunkSize: 100, window: 3 })),
    below(50).map(square),
  );
});

eachPool("[POOL-13] imapUnordered() gives all results, as they come", { size: 2 }, async (pool) => {
  for (const options of [{}, { chunkSize: 100, window: 400 }]) {
    const results = await Array.fromAsync(pool.imapUnordered(square, below(1000), options));
    assertEquals(results.toSorted((a, b) => a - b), below(1000).map(square));
  }
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const slowFirst = pool.imapUnordered(same, [0, 1, 2]);
  const held = pool.run(hold, [begun, letGo, 0]);
  await within(begun.get());
  assertEquals((await Array.fromAsync(slowFirst)).length, 3);
  await letGo.set();
  await held;
});

eachPool("[POOL-44] one worker does its items in order", { size: 1 }, async (pool) => {
  assertEquals(await Array.fromAsync(pool.imapUnordered(squareLater, below(30))), below(30).map(square));
});

eachPool("[POOL-15] [POOL-16] the results before the failed item come first, then its error, and that is the end", {
  size: 2,
}, async (pool) => {
  for (const chunkSize of [1, 3, 4, 7]) {
    const values: number[] = [];
    const results = pool.imap(failAt, below(40), { chunkSize, window: 8 });
    const error = await rejection((async () => {
      for await (const value of results) values.push(value);
    })()) as RangeError & { index: number };
    // Python gives only those of whole chunks.
    assertEquals(values, below(13));
    assertInstanceOf(error, RangeError);
    assertEquals(error.index, 13);
    assertEquals(await results.next(), { done: true, value: undefined });

    const unordered: number[] = [];
    await assertRejects(async () => {
      for await (const value of pool.imapUnordered(failAt, below(40), { chunkSize, window: 8 })) unordered.push(value);
    }, RangeError);
    assertEquals(new Set(unordered).size, unordered.length);
    assert(!unordered.includes(13));
  }
});

eachPool(
  "at most `window` items are taken ahead, of an infinite source too, whose finally runs when its reader leaves",
  { size: 2 },
  async (pool) => {
    for (const window of [1, 4, 9]) {
      let [taken, given] = [0, 0];
      const left = Promise.withResolvers<void>();
      const forEver = async function* (): AsyncGenerator<number> {
        try {
          while (true) {
            assertLessOrEqual(taken - given, window);
            await Promise.resolve();
            yield taken++;
          }
        } finally {
          left.resolve();
        }
      };
      for await (const value of pool.imap(same, forEver(), { window })) {
        assertEquals(value, given);
        assertLessOrEqual(taken - given, window);
        if (++given === 50) break;
      }
      await within(left.promise);
      assertLessOrEqual(taken, given + window);
    }
    let pulls = 0;
    const idle = pool.imap(same, { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: pulls++ }) }) });
    assertEquals(pulls, 0);
    assertEquals(await idle.next(), { done: false, value: 0 });
    assertLessOrEqual(pulls, 4 + 1);
    await idle.return();
  },
);

eachPool("who leaves the loop, or aborts its signal, aborts what runs", { size: 2 }, async (pool) => {
  const told = new Queue<string>();
  function* numbered(): Generator<{ readonly told: Queue<string>; readonly n: number }> {
    for (let n = 0;; n++) yield { told, n };
  }
  const leaving = pool.imapUnordered(tellOrHold, numbered());
  assertEquals(await within(leaving.next()), { done: false, value: 0 });
  assertEquals(await within(told.get()), "begun 1");
  await within(leaving.return());
  while (await within(told.get()) !== "aborted 1");

  const controller = new AbortController();
  const aborting = pool.imap(tellOrHold, numbered(), { signal: controller.signal, window: 2 });
  assertEquals(await within(aborting.next()), { done: false, value: 0 });
  const next = rejection(aborting.next());
  while (await within(told.get()) !== "begun 1");
  controller.abort("enough");
  assertEquals(await within(next), "enough");
  while (await within(told.get()) !== "aborted 1");
});

eachPool(
  "[EXEC-04] the results that are there in time come, then the signal's TimeoutError",
  { size: 2 },
  async (pool) => {
    await pool.start();
    const results = pool.imap(wait, [0, 0, 60_000], { signal: AbortSignal.timeout(1000) });
    assertEquals([await results.next(), await results.next()].map(({ value }) => value), [0, 0]);
    const late = await within(rejection(results.next()));
    assertInstanceOf(late, DOMException);
    assertEquals(late.name, "TimeoutError");
  },
);

eachPool("a source that fails gives the results of what came before, then its error", { size: 2 }, async (pool) => {
  function* failing(): Generator<number> {
    yield* [1, 2, 3];
    throw new Error("no more");
  }
  const values: number[] = [];
  await assertRejects(
    async () => {
      for await (const value of pool.imap(square, failing(), { window: 2 })) values.push(value);
    },
    Error,
    "no more",
  );
  assertEquals(values, [1, 4, 9]);
});

oneTest("imap() refuses wrong arguments at once", async () => {
  const { Pool } = await import("../../mod.ts");
  await using pool = new Pool({ placement: "inline" });
  assertThrows(() => pool.imap(square, 7 as never), TypeError, "iterable");
  assertThrows(() => pool.imap(square, [], { window: 0 }), RangeError, "window");
  assertThrows(() => pool.imap(square, [], { chunkSize: 0 }), RangeError, "chunkSize");
  assertThrows(() => pool.imap((n: number) => n, []), TypeError, "not registered");
});
