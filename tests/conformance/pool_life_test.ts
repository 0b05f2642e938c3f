/** How pools and their workers begin and end. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  ActorExitedError,
  EventFlag,
  type PlacementName,
  Pool,
  PoolClosedError,
  Queue,
  SharedValue,
  StartError,
} from "../../mod.ts";
import { oneTest, PLACEMENTS, rejection, until, within } from "./actor_contract.ts";
import {
  die,
  failToStart,
  getState,
  hold,
  setState,
  setStateAndCount,
  spinForEver,
  square,
  squareLater,
  sumNested,
  whoRuns,
} from "./fixtures/pool_tasks.ts";
import { APART, below, eachPool, eachPoolApart } from "./pool_everywhere.ts";

/** Registers a test that makes its pools itself. */
function each(name: string, body: (placement: PlacementName) => Promise<void>, placements = PLACEMENTS): void {
  for (const placement of placements) oneTest(`${name} (${placement})`, () => body(placement));
}

oneTest("[POOL-22] [EXEC-05] wrong options of a pool are refused", async () => {
  for (const size of [0, -1, 0.5, Infinity]) assertThrows(() => new Pool({ size }), RangeError, "size");
  for (const maxTasksPerWorker of [0, -1, 0.5]) {
    assertThrows(() => new Pool({ maxTasksPerWorker }), RangeError, "maxTasksPerWorker");
  }
  assertThrows(() => new Pool({ maxTasksPerWorker: "12" as never }), TypeError, "maxTasksPerWorker");
  assertThrows(() => new Pool({ size: "2" as never }), TypeError, "size");
  assertThrows(() => new Pool({ initializer: 7 as never }), TypeError, "function");
  assertThrows(() => new Pool({ initializer: () => {} }), TypeError, "not registered");
  assertThrows(() => new Pool({ initializerArgs: 7 as never }), TypeError, "array");
  assertThrows(() => new Pool({ placement: "moon" as never }), TypeError, "placement");
  assertThrows(() => new Pool({ maxHeapMb: 64 }), StartError, "maxHeapMb");
  assertThrows(() => new Pool(7 as never), TypeError, "options");
  await Promise.resolve();
});

each(
  "[POOL-23] [POOL-24] [POOL-25] [EXEC-16] [EXEC-17] a closed pool does what it was given, takes nothing new, and can be joined, an open one not",
  async (placement) => {
    const pool = new Pool({ size: 2, placement });
    const given = below(50).map((n) => pool.run(squareLater, [n]));
    await assertRejects(() => pool.join(), TypeError, "open");
    await pool.close();
    await pool.close();
    for (
      const refused of [
        () => pool.run(square, [1]),
        () => pool.map(square, [1]),
        () => pool.starmap(square, [[1]]),
        () => pool.mapSettled(square, [1]),
        () => pool.imap(square, [1]).next(),
        () => pool.imapUnordered(square, [1]).next(),
        () => pool.start(),
      ]
    ) await assertRejects(refused, PoolClosedError);
    await within(pool.join());
    assertEquals((await pool.stats()).workers, 0);
    assertEquals(await Promise.all(given), below(50).map(square));
    await pool.join();
    await pool.terminate();
  },
);

each(
  "[POOL-28] `await using` closes and joins: the results are there, and nothing can be done with the pool any more",
  async (placement) => {
    let [pool, result]: [Pool?, Promise<number>?] = [];
    {
      await using inner = new Pool({ size: 1, placement });
      pool = inner;
      result = pool.run(squareLater, [3]);
    }
    assertEquals(await Promise.race([result, Promise.resolve("pending")]), 9);
    await assertRejects(() => pool.run(square, [1]), PoolClosedError);
    await pool[Symbol.asyncDispose]();
  },
);

eachPool("[POOL-26] [EXEC-31] terminate() ends 10,000 calls at once, those that run included, and join() returns", {
  size: 2,
}, async (pool, placement) => {
  await pool.terminate();
  const busy = new Pool({ size: 2, placement });
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const calls = below(10_000).map((n) => rejection(busy.run(hold, [begun, letGo, n])));
  await within(begun.get());
  if (placement !== "inline") {
    // The hardest case for it is one that heeds nothing.
    calls.push(rejection(busy.run(spinForEver, [begun], { priority: 1 })));
  }
  const began = performance.now();
  await within(busy.terminate());
  await within(busy.join());
  assertLess(performance.now() - began, 5000);
  for (const error of await within(Promise.all(calls))) assertInstanceOf(error, PoolClosedError);
  await assertRejects(() => busy.run(square, [1]), PoolClosedError);
  await busy.terminate();
});

each(
  "[POOL-31] [EXEC-13] [EXEC-14] with `maxTasksPerWorker` no result is lost, whatever the backlog, also once the pool is closed",
  async (placement) => {
    for (const [size, maxTasksPerWorker, count] of [[1, 1, 6], [1, 2, 6], [2, 2, 8]]) {
      const pool = new Pool({ size, maxTasksPerWorker, placement });
      const calls = below(count).map((n) => pool.run(squareLater, [n]));
      void pool.close();
      assertEquals(await within(Promise.all(calls)), below(count).map(square));
      await within(pool.join());
      const { started } = await pool.stats();
      // The last of each line of workers may have had fewer.
      assert(started >= count / maxTasksPerWorker && started < count / maxTasksPerWorker + size);
    }
  },
);

eachPool(
  "[EXEC-12] a worker is replaced after `maxTasksPerWorker` calls",
  { size: 1, maxTasksPerWorker: 3 },
  async (pool) => {
    const names = [];
    for (const _ of below(4)) names.push(await pool.run(whoRuns, [0]));
    assertEquals(new Set(names.slice(0, 3)).size, 1);
    assertNotEquals(names[3], names[2]);
  },
);

eachPool(
  "[EXEC-10] [EXEC-11] workers are started when they are needed, and used again: one for calls one after another, `size` for many",
  { size: 3 },
  async (pool) => {
    for (const n of below(20)) await pool.run(square, [n]);
    assertEquals((await pool.stats()).started, 1);
    const [begun, letGo] = [new Queue<number>(), new EventFlag()];
    const calls = below(45).map((n) => pool.run(hold, [begun, letGo, n]));
    for (const _ of below(3)) await within(begun.get());
    assertEquals(await begun.tryGet(), undefined);
    const { started, workers, busy, queued } = await pool.stats();
    assertEquals({ started, workers, busy, queued }, { started: 3, workers: 3, busy: 3, queued: 42 });
    await letGo.set();
    assertEquals(await within(Promise.all(calls)), below(45));
    assertEquals((await pool.stats()).started, 3);
  },
);

each(
  "[POOL-32] [EXEC-23] the initializer runs once in each worker, before its first task, with its arguments as they were",
  async (placement) => {
    const starts = new SharedValue("int32", 0);
    const args: [typeof starts, string] = [starts, "ready"];
    await using pool = new Pool({ size: 2, placement, initializer: setStateAndCount, initializerArgs: args });
    args[1] = "changed";
    await pool.start();
    assertEquals(new Set(await pool.map(getState, below(20).map(() => 2), { chunkSize: 1 })), new Set(["ready"]));
    assertEquals(await starts.get(), 2);
  },
);

each(
  "[BEAT-16] [EXEC-22] an initializer that throws rejects start(), and what is pending, within 2 s and few starts; later calls too",
  async (placement) => {
    const starts = new SharedValue("int32", 0);
    const pool = new Pool({ size: 2, placement, initializer: failToStart, initializerArgs: [starts, 0] });
    const began = performance.now();
    const error = await assertRejects(() => within(pool.start()), StartError);
    assertLess(performance.now() - began, 2000);
    assertEquals((error.cause as Error).message, "cannot initialize");
    const pending = [pool.run(square, [1]), pool.run(square, [2]), pool.map(square, below(10))];
    for (const call of pending) assertInstanceOf(await within(rejection(call)), StartError);
    await assertRejects(() => pool.run(square, [3]), StartError);
    assertLess(await starts.get(), 10);
    assertEquals((await pool.stats()).workers, 0);
    await pool.close();
    await within(pool.join());
  },
);

each(
  "[POOL-34] when one of the workers cannot start, start() rejects, and the others are stopped",
  async (placement) => {
    const starts = new SharedValue("int32", 0);
    const pool = new Pool({ size: 5, placement, initializer: failToStart, initializerArgs: [starts, 3] });
    await assertRejects(() => within(pool.start()), StartError, "cannot initialize");
    assertEquals((await pool.stats()).workers, 0);
    await pool.terminate();
  },
);

each("[EXEC-15] when the successor of a dead worker cannot start, what waits fails at once", async (placement) => {
  const starts = new SharedValue("int32", 0);
  const pool = new Pool({ size: 1, placement, initializer: failToStart, initializerArgs: [starts, 2] });
  await pool.start();
  const dying = rejection(pool.run(die));
  const waiting = below(5).map((n) => rejection(pool.run(square, [n])));
  assertInstanceOf(await within(dying), ActorExitedError);
  for (const error of await within(Promise.all(waiting))) assertInstanceOf(error, StartError);
  assertLess(await starts.get(), 10);
  await pool.terminate();
}, APART);

eachPool(
  "[EXEC-20] [EXEC-21] what is aborted while it waits or runs rejects with the reason, and does not hold up the end",
  { size: 1 },
  async (pool) => {
    const [begun, letGo] = [new Queue<number>(), new EventFlag()];
    const controller = new AbortController();
    const running = rejection(pool.run(hold, [begun, letGo, 1], { signal: controller.signal }));
    await within(begun.get());
    const waiting = rejection(pool.run(square, [1], { signal: controller.signal }));
    controller.abort("cancelled");
    await pool.close();
    assertEquals([await running, await waiting], ["cancelled", "cancelled"]);
    await letGo.set();
    await within(pool.join());
  },
);

each("work that terminate() ends rejects as terminate() resolves, and the error names the task", async (placement) => {
  const pool = new Pool({ size: 1, placement, name: "crew" });
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const results = [
    pool.run(hold, [begun, letGo, 1]),
    pool.run(square, [1]),
    pool.submit(square, [1]).result,
    pool.map(square, below(3)),
  ];
  await within(begun.get());
  await within(pool.terminate());
  // A rejection that nobody had looked at before this would be an uncaught error.
  const outcomes = await within(Promise.allSettled(results));
  const texts = outcomes.map((outcome) => outcome.status === "rejected" && String(outcome.reason));
  const text = (task: string) => `PoolClosedError: Cannot run ${task}: crew was terminated`;
  assertEquals(texts, [text("hold"), text("square"), text("square"), text("square")]);
});

each("[EXEC-31] a pool that was never started, or is over, can be terminated", async (placement) => {
  const pool = new Pool({ placement });
  await pool.terminate();
  await pool.join();
  await assertRejects(() => pool.run(square, [1]), PoolClosedError);
});

eachPoolApart("an idle worker that dies is replaced by the next use at the latest", { size: 1 }, async (pool) => {
  assertEquals(await pool.run(getState), "none");
  await pool.run(setState, ["mine"]);
  assertEquals(await pool.run(getState), "mine");
  await rejection(pool.run(die));
  assertEquals(await within(pool.run(getState)), "none");
});

each(
  "[BEAT-24] pools within pools, three deep, give the right sum, and are all gone with the first",
  async (placement) => {
    await using pool = new Pool({ size: 1, placement });
    assertEquals(await within(pool.run(sumNested, [2, 10]), 15_000), 44);
  },
);

each("join() gives up when it is told to, and changes nothing by that", async (placement) => {
  const pool = new Pool({ size: 1, placement });
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const held = pool.run(hold, [begun, letGo, 1]);
  await within(begun.get());
  await pool.close();
  await assertRejects(() => pool.join({ timeoutMs: 10 }), Error, "10 ms");
  assertEquals(await rejection(pool.join({ signal: AbortSignal.abort("no") })), "no");
  await letGo.set();
  await within(pool.join());
  assertEquals(await held, 1);
  assert((await pool.stats()).done === 1);
  await until(async () => (await pool.stats()).workers === 0);
});
