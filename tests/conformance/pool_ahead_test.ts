/** What workers are given before they are done with what they have: that it costs nothing, and keeps nobody idle. */

import { assert, assertEquals, assertInstanceOf, assertLess } from "@std/assert";
import { ActorExitedError, EventFlag, type PlacementName, Pool, Queue, SharedValue } from "../../mod.ts";
import { eachPlacement, oneTest, PLACEMENTS, rejection, until, within } from "./actor_contract.ts";
import { DYING, enter, HELD, quick, SPINNING } from "./fixtures/pool_ahead_tasks.ts";
import { dieAt, failAt, hold } from "./fixtures/pool_tasks.ts";
import { APART, below } from "./pool_everywhere.ts";

/** How those in front of the others keep their worker; computing would keep everybody in this isolate. */
const WAYS: readonly (readonly [PlacementName, number])[] = [
  ...PLACEMENTS.map((placement) => [placement, HELD] as const),
  ["thread", SPINNING],
];

/** Two workers, one of them busy with something else; the other has been given `ahead` behind one that is held. */
interface Scene {
  readonly pool: Pool;
  readonly held: Promise<number>;
  readonly ahead: Promise<number>[];
  /** How often `quick` has run before, and how many deaths there were. */
  readonly runs: number;
  readonly deaths: number;
  /** How often it has. */
  readonly ran: SharedValue<"int32">;
  /** Lets the first worker go on. */
  free(): Promise<void>;
  /** Lets the one go that is held. */
  letGo(): Promise<void>;
}

async function inScene(
  placement: PlacementName,
  first: number,
  body: (scene: Scene) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const [ran, stop, flag] = [new SharedValue("int32", 0), new SharedValue("int32", 0), new EventFlag()];
  const [begun, freed] = [new Queue<number>(), new EventFlag()];
  const pool = new Pool({ size: 2, placement, initializer: enter, initializerArgs: [ran, flag, stop] });
  try {
    await pool.start();
    const busy = pool.run(hold, [begun, freed, 0]);
    await within(begun.get());
    const letGo = async () => {
      await Promise.all([flag.set(), stop.set(1)]);
    };
    let [runs, deaths] = [0, 0];
    while (true) {
      // On a busy machine what is quick may look slow for a while, and then nothing is given ahead.
      for (const n of below(50)) await pool.run(quick, [n]);
      const held = pool.run(quick, [first]);
      const ahead = below(5).map((n) => pool.run(quick, [n], { signal }));
      runs += 50;
      if ((await pool.stats()).queued === 0) {
        const free = async () => {
          await freed.set();
          await within(busy);
        };
        await body({ pool, held, ahead, runs, deaths, ran, free, letGo });
        break;
      }
      assert(runs < 5000, "nothing is given ahead");
      await letGo();
      const outcomes = await within(Promise.allSettled([held, ...ahead]));
      deaths += outcomes.filter(({ status }) => status === "rejected").length;
      await Promise.all([flag.clear(), stop.set(0)]);
      runs += 5;
    }
    await freed.set();
    await pool.close();
    await within(pool.join());
  } finally {
    await pool.terminate();
  }
}

for (const [placement, way] of WAYS) {
  const how = `${placement}, ${way === HELD ? "waiting" : "computing"}`;

  oneTest(
    `who is idle takes what another was given and has not begun, and it runs once (${how})`,
    () =>
      inScene(placement, way, async ({ pool, held, ahead, runs, ran, free, letGo }) => {
        await free();
        assertEquals(await within(Promise.all(ahead)), below(5));
        assertEquals(await Promise.race([held, Promise.resolve("pending")]), "pending");
        await letGo();
        assertEquals(await within(held), way);
        await pool.close();
        await within(pool.join());
        assertEquals(await ran.get(), runs + 5);
        assertEquals((await pool.stats()).failed, 0);
      }),
  );

  oneTest(`what was given ahead and is called off is never begun (${how})`, async () => {
    const controller = new AbortController();
    await inScene(placement, way, async ({ pool, held, ahead, runs, ran, letGo }) => {
      const errors = ahead.map((call) => rejection(call));
      controller.abort("no");
      assertEquals(await within(Promise.all(errors)), Array(5).fill("no"));
      await letGo();
      assertEquals(await within(held), way);
      assertEquals(await within(Promise.resolve(pool.run(quick, [7]))), 7);
      assertEquals(await ran.get(), runs + 1);
    }, controller.signal);
  });
}

for (const placement of APART) {
  oneTest(
    `a worker's death costs what it ran, and nothing that it was given ahead (${placement})`,
    () =>
      inScene(placement, DYING, async ({ pool, held, ahead, runs, deaths, ran, letGo }) => {
        const dead = rejection(held);
        await letGo();
        assertInstanceOf(await within(dead), ActorExitedError);
        assertEquals(await within(Promise.all(ahead)), below(5));
        await until(async () => await ran.get() === runs + 5);
        const { failed, started } = await pool.stats();
        assertEquals({ failed, started }, { failed: deaths + 1, started: deaths + 3 });
      }),
  );
}

/** A pool to which a task is known as quick, so that its pieces go together. */
async function withQuick(
  placement: PlacementName,
  task: (n: number) => number | Promise<number>,
  body: (pool: Pool, letGo: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const [ran, stop, flag] = [new SharedValue("int32", 0), new SharedValue("int32", 0), new EventFlag()];
  const pool = new Pool({ size: 2, placement, initializer: enter, initializerArgs: [ran, flag, stop] });
  try {
    await pool.start();
    const some = below(3000).map((n) => n + 100);
    assertEquals(await within(pool.map(task, some, { chunkSize: 1 })), some);
    await body(pool, async () => void await Promise.all([flag.set(), stop.set(1)]));
    await pool.close();
    await within(pool.join());
  } finally {
    await pool.terminate();
  }
}

for (const [placement, way] of WAYS) {
  oneTest(
    `one piece of a map keeps its worker; all others are done meanwhile (${placement}, ${
      way === HELD ? "waiting" : "computing"
    })`,
    () =>
      withQuick(placement, quick, async (pool, letGo) => {
        const items = below(300).map((n) => n === 150 ? way : n);
        let done = 0;
        const map = pool.map(quick, items, { chunkSize: 1, onProgress: (progress) => done = progress.done });
        // In its own report, the items before it in hand come with it.
        await until(() => done >= 268);
        await letGo();
        assertEquals(await within(map), items);
      }),
  );
}

eachPlacement(
  "pieces of a quick task fail, and stop the map, as if each went alone",
  (placement) =>
    withQuick(placement, failAt, async (pool) => {
      for (const chunkSize of [1, 3]) {
        const error = await within(rejection(pool.map(failAt, below(300), { chunkSize }))) as RangeError & {
          index: number;
        };
        assertEquals([error.message, error.index], ["thirteen", 13]);
        const outcomes = await within(pool.mapSettled(failAt, below(300), { chunkSize }));
        assertEquals(outcomes.flatMap(({ status }, n) => status === "rejected" ? [n] : []), [13]);
      }
    }),
);

for (const placement of APART) {
  oneTest(
    `of pieces that go together a death costs none that had not begun (${placement})`,
    () =>
      withQuick(placement, dieAt, async (pool) => {
        const outcomes = await within(pool.mapSettled(dieAt, below(300), { chunkSize: 1 }));
        const lost = outcomes.flatMap(({ status }, n) => status === "rejected" ? [n] : []);
        assert(lost.includes(13));
        // Those before it had run, and were to be told of with it.
        if (placement === "thread") assertEquals(lost.at(-1), 13);
        assertLess(lost.length, 33);
        for (const [n, outcome] of outcomes.entries()) {
          if (outcome.status === "fulfilled") assertEquals(outcome.value, n);
        }
      }),
  );
}
