/** Workers that die before they have begun anything: they are not replaced without end, and calls that wait for them settle. */

import { assertEquals, assertInstanceOf, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { ActorExitedError, type PlacementName, Pool, Queue, type Ref, SharedValue, StartError } from "../../mod.ts";
import { eachPlacement, oneTest, rejection, until, within } from "./actor_contract.ts";
import { dieLater, show, showThenWait, type Way, WAYS } from "./fixtures/pool_initializers.ts";
import { hoard, square } from "./fixtures/pool_tasks.ts";
import { below } from "./pool_everywhere.ts";

const SIZE = 2;
/** So many in a row at most, and those that were there already. */
const MOST_STARTS = SIZE + 3;

const ITEMS = 5;

/** Calls that wait for workers. */
const WAITS: Record<string, (pool: Pool) => Promise<unknown>> = {
  run: (pool) => pool.run(square, [2]),
  "run with retries": (pool) => pool.run(square, [2], { retries: 1000 }),
  map: (pool) => pool.map(square, below(ITEMS)),
  async mapSettled(pool) {
    const outcomes = await pool.mapSettled(square, below(ITEMS));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  },
  imap: (pool) => Array.fromAsync(pool.imap(square, below(ITEMS))),
  start: (pool) => pool.start(),
};

async function withUnlucky(
  placement: PlacementName,
  way: Way,
  ms: number,
  body: (pool: Pool, starts: SharedValue<"int32">, bad: SharedValue<"int32">) => Promise<void>,
): Promise<void> {
  const [starts, bad] = [new SharedValue("int32", 0), new SharedValue("int32", 1)];
  const initializerArgs: Parameters<typeof dieLater> = [starts, bad, way, ms];
  const pool = new Pool({ size: SIZE, placement, initializer: dieLater, initializerArgs });
  try {
    await body(pool, starts, bad);
    await until(async () => (await pool.stats()).workers === 0);
    await bad.set(0);
    await within(pool.start());
    assertEquals((await pool.stats()).workers, SIZE);
    assertEquals(await within(pool.map(square, below(5))), below(5).map(square));
  } finally {
    await pool.terminate();
  }
}

/** Whether it says how a worker died. */
function tells(error: unknown, way: Way): void {
  assertInstanceOf(error, StartError);
  assertStringIncludes(String(error.cause), WAYS[way]);
}

/** In which ways they die, while what waits for them. */
const CASES: [Way, (keyof typeof WAITS)[]][] = [
  ["a throw in a timer", Object.keys(WAITS)],
  ["a rejection left to nobody", ["run", "start"]],
  ["an exit with 0", ["run", "start"]],
  ["an exit with 3", ["run", "start"]],
];

for (const [way, waits] of CASES) {
  for (const wait of waits) {
    eachPlacement(
      `${wait}() rejects, and the pool works again, when its workers die of ${way} before they are ready`,
      (placement) =>
        withUnlucky(placement, way, 0, async (pool, starts) => {
          tells(await within(rejection(WAITS[wait](pool))), way);
          assertLessOrEqual(await starts.get(), MOST_STARTS);
        }),
    );
  }
}

for (const wait of ["run", "mapSettled", "start"]) {
  // It may have begun something by then, or even be done.
  eachPlacement(
    `${wait}() settles, and the pool works again, when its workers die a moment after they are ready`,
    (placement) =>
      withUnlucky(placement, "a throw in a timer", 2, async (pool, starts) => {
        const error = await within(WAITS[wait](pool).then(() => undefined, (error) => error));
        if (!(error instanceof ActorExitedError) && error !== undefined) tells(error, "a throw in a timer");
        await until(async () => (await pool.stats()).workers === 0);
        assertLessOrEqual(await starts.get(), MOST_STARTS + ITEMS);
      }),
  );
}

eachPlacement("a worker that is killed while its initializer runs fails what waits for it", async (placement) => {
  const [starting, go] = [new Queue<Ref>(), new Queue<void>()];
  const pool = new Pool({ size: 1, placement, initializer: showThenWait, initializerArgs: [starting, go] });
  for (const wait of Object.values(WAITS)) {
    const failed = rejection(wait(pool));
    await (await within(starting.get())).kill();
    assertInstanceOf(await within(failed), StartError);
  }
  await go.put();
  const run = pool.run(square, [3]);
  await within(starting.get());
  assertEquals(await within(run), 9);
  assertEquals((await pool.stats()).started, Object.keys(WAITS).length + 1);
  await pool.terminate();
});

eachPlacement(
  "workers that are killed before they have begun anything are replaced, but no three in a row",
  async (placement) => {
    const starting = new Queue<Ref>();
    const pool = new Pool({ size: 1, placement, initializer: show, initializerArgs: [starting] });
    const killNext = async () => {
      const worker = await within(starting.get());
      // It is ready then.
      await within(pool.start());
      await worker.kill();
    };
    const killAll = async () => {
      for (const _ of below(3)) await killNext();
      await until(async () => (await pool.stats()).workers === 0);
      assertEquals(await starting.tryGet(), undefined);
    };
    await within(pool.start());
    await killAll();
    assertEquals(await within(pool.run(square, [3])), 9);
    // One that has begun something does not count, and those before it do not any more.
    await killNext();
    await killAll();
    assertEquals(await within(pool.run(square, [3])), 9);
    await pool.terminate();
  },
);

oneTest("an initializer that takes more memory than a subprocess may fails what waits for it", async () => {
  const pool = new Pool({ size: 1, placement: "process", maxHeapMb: 64, initializer: hoard });
  const error = await within(rejection(pool.run(square, [3])));
  assertInstanceOf(error, StartError);
  assertStringIncludes(String(error.cause), "out-of-memory");
  assertEquals((await pool.stats()).started, 1);
  await pool.terminate();
});
