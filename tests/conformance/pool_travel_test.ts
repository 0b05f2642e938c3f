/** Pools that are sent to others, tasks of several modules, and pools whose maker ends. */

import { assertEquals, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { DisconnectedError, Pool, PoolClosedError, Process, spawn, task } from "../../mod.ts";
import { eachPair, eachPlacement, rejection, until, within } from "./actor_contract.ts";
import { hold, square, squareIn, whoRuns } from "./fixtures/pool_tasks.ts";
import { cube, PoolOwner } from "./fixtures/pool_user.ts";
import { below, eachPool, eachPoolApart } from "./pool_everywhere.ts";
import { EventFlag, Queue } from "../../mod.ts";

eachPair("[POOL-41] a pool works where it was sent", async (placement, child) => {
  await using pool = new Pool({ size: 1, placement });
  const process = new Process(squareIn, [pool, 5], { placement: child });
  await process.start();
  assertEquals(await within(process.result), 28);
});

eachPool("a pool works in its own tasks", { size: 2 }, async (pool) => {
  assertEquals(await within(pool.run(squareIn, [pool, 4])), 19);
});

eachPool("tasks of any module can be mixed", { size: 1 }, async (pool) => {
  assertEquals(await pool.run(square, [3]), 9);
  assertEquals(await pool.run(cube, [3]), 27);
  assertEquals(await pool.map(square, below(10)), below(10).map(square));
  assertEquals(await pool.map(cube, below(10)), below(10).map(cube));
});

/** Registered here alone, and not by the module that it names. */
const elsewhere = task(new URL("./fixtures/latch.ts", import.meta.url).href, function elsewhere(): void {});

eachPoolApart(
  "a task that its module does not register in workers is an error, and no worker is started for it again and again",
  { size: 1 },
  async (pool) => {
    await assertRejects(() => within(pool.run(elsewhere)), Error, "did not register elsewhere");
    assertEquals(await pool.run(square, [3]), 9);
    assertLess((await pool.stats()).started, 4);
  },
);

eachPlacement("a pool that was lent ends with its maker, and says so to those who have it", async (placement) => {
  const owner = await spawn(PoolOwner, [], { placement });
  assertEquals(await owner.call.open(placement), 9);
  const pool = await owner.call.lend();
  assertEquals(await within(pool.run(square, [6])), 36);
  assertEquals(await within(pool.map(square, below(30))), below(30).map(square));
  assertEquals(await within(Array.fromAsync(pool.imap(square, below(30)))), below(30).map(square));
  assertEquals(await pool.run(whoRuns, [0]), `pool of ${owner.name}-1`);
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const pending = rejection(pool.run(hold, [begun, letGo, 1]));
  await within(begun.get());
  await owner.kill();
  // Where the isolate goes on, the pool knows why; else there is nobody left to say so.
  const ended = placement === "inline" ? PoolClosedError : DisconnectedError;
  assertInstanceOf(await within(pending), ended);
  await assertRejects(() => within(pool.run(square, [1])), ended);
});

eachPlacement("whoever has a pool by message gives up, and aborts maps, as its maker does", async (placement) => {
  await using owner = await spawn(PoolOwner, [], { placement });
  await owner.call.open(placement);
  const pool = await owner.call.lend();
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const controller = new AbortController();
  const { signal } = controller;
  const call = rejection(pool.run(hold, [begun, letGo, 1], { signal }));
  await within(begun.get());
  const items = below(10).map((n): [typeof begun, typeof letGo, number] => [begun, letGo, n]);
  const map = rejection(pool.starmap(hold, items, { signal, chunkSize: 2 }));
  controller.abort("enough");
  assertEquals([await within(call), await within(map)], ["enough", "enough"]);
  await letGo.set();
  await until(async () => (await pool.stats()).busy === 0);
  await pool.close();
  await within(pool.join());
});
