/** How many calls wait in a pool: what becomes of more, and how a program hears of room. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  DisconnectedError,
  EventFlag,
  FullError,
  logger,
  type LogRecord,
  manage,
  Pool,
  PoolClosedError,
  Queue,
  spawn,
  TimeoutError,
} from "../../mod.ts";
import { QueueBound } from "../../actors/pool/queue_bound.ts";
import { eachPlacement, oneTest, rejection, within } from "./actor_contract.ts";
import { hold, same, square } from "./fixtures/pool_tasks.ts";
import { FillsPool } from "./fixtures/fills_pool.ts";
import { below, eachPool } from "./pool_everywhere.ts";

/** Calls that hold their workers until they are let go. */
class Holding {
  readonly #begun = new Queue<number>();
  readonly #letGo = new EventFlag();
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  call(n: number): Promise<number> {
    return this.#pool.run(hold, [this.#begun, this.#letGo, n]);
  }

  async begun(count: number): Promise<void> {
    for (let n = 0; n < count; n++) await within(this.#begun.get());
  }

  async letGo(): Promise<void> {
    await this.#letGo.set();
  }
}

eachPool("a call beyond maxQueue is refused, and those before it are done", {
  size: 2,
  maxQueue: 3,
  overflow: "reject",
}, async (pool) => {
  const holding = new Holding(pool);
  // Before a worker has started two may have one, and three wait.
  const calls = below(5).map((n) => holding.call(n));
  const text = /^Cannot run hold: as many calls wait for a worker of pool as its maxQueue allows: 3$/;
  const refused = [await rejection(holding.call(5))];
  await holding.begun(2);
  refused.push(await rejection(holding.call(6)), await rejection(pool.submit(square, [1]).result));
  for (const error of refused) {
    assert(error instanceof FullError);
    assertEquals([error.code, error.timeoutMs], ["full", 0]);
  }
  assert(text.test((refused[1] as Error).message), (refused[1] as Error).message);
  assertEquals((await pool.stats()).queued, 3);
  await holding.letGo();
  assertEquals(await Promise.all(calls), below(5));
  assertEquals(await pool.run(square, [7]), 49);
});

eachPool("with maxQueue 0 a call is taken that a worker can begin, and no other; maps are not counted", {
  size: 1,
  maxQueue: 0,
  overflow: "reject",
}, async (pool) => {
  assertEquals(await pool.map(square, below(50), { chunkSize: 1 }), below(50).map((n) => n * n));
  const holding = new Holding(pool);
  const call = holding.call(1);
  await assertRejects(() => pool.run(square, [1]), FullError);
  await holding.begun(1);
  await assertRejects(() => pool.run(square, [1]), FullError);
  const map = pool.map(square, [1, 2, 3], { chunkSize: 1 });
  await holding.letGo();
  assertEquals([await call, await map], [1, [1, 4, 9]]);
  assertEquals(await pool.run(square, [3]), 9);
});

eachPool("ready() resolves when there is room, and nothing is refused where more wait", {
  size: 1,
  maxQueue: 2,
}, async (pool) => {
  await pool.ready();
  const holding = new Holding(pool);
  const calls = below(5).map((n) => holding.call(n));
  await holding.begun(1);
  await assertRejects(
    () => pool.ready({ timeoutMs: 0 }),
    TimeoutError,
    "Cannot wait for room in a pool: there was none",
  );
  await assertRejects(() => pool.ready({ timeoutMs: 1 }), TimeoutError, "there was none for 1 ms");
  const [aborting, reason] = [new AbortController(), new Error("no more")];
  const aborted = pool.ready({ signal: aborting.signal });
  aborting.abort(reason);
  assertEquals(await rejection(aborted), reason);
  let isReady = false;
  const ready = pool.ready().then(() => isReady = true);
  assertEquals([(await pool.stats()).queued, isReady], [4, false]);
  await holding.letGo();
  await within(ready);
  assertEquals(await Promise.all(calls), below(5));
  await pool.ready({ timeoutMs: 0 });
});

for (const way of ["close", "terminate"] as const) {
  eachPool(`ready() rejects when there will be no room (${way})`, { size: 1, maxQueue: 0 }, async (pool) => {
    const holding = new Holding(pool);
    const call = holding.call(1).catch(() => {});
    await holding.begun(1);
    const waiting = rejection(pool.ready());
    // It has been asked for: what one asks is heard in order.
    await pool.stats();
    const over = pool[way]();
    for (const error of [await within(waiting), await rejection(pool.ready())]) {
      assert(error instanceof PoolClosedError);
      assertEquals(error.message, "Cannot wait for room in pool: it is closed");
    }
    await holding.letGo();
    await Promise.all([over, call]);
  });
}

eachPlacement("ready() of a pool rejects when the pool's home dies", async (placement) => {
  const manager = await manage({}, { placement });
  const pool = await manager.pool({ size: 1, maxQueue: 0, placement: "inline" });
  const holding = new Holding(pool);
  const call = rejection(holding.call(1));
  await holding.begun(1);
  const waiting = rejection(pool.ready());
  await pool.stats();
  await manager.kill();
  const error = await within(waiting) as Error;
  assert(placement === "inline" || error instanceof DisconnectedError, error.message);
  await call;
});

eachPlacement(
  "a loop that waits for room, and for no result, never has more calls waiting (used from)",
  async (where) => {
    await using pool = new Pool({ size: 2, maxQueue: 5, placement: "inline" });
    await using user = await spawn(FillsPool, [], { placement: where });
    const { most, sum } = await within(user.with({ timeoutMs: Infinity }).call.fill(pool, 300));
    assertEquals(sum, below(300).reduce((sum, n) => sum + n, 0));
    assert(most <= 5, `${most}`);
  },
);

oneTest("a call that is refused gives back what was in its arguments", async () => {
  await using pool = new Pool({ size: 1, maxQueue: 0, overflow: "reject", placement: "inline" });
  const holding = new Holding(pool);
  const call = holding.call(1);
  await holding.begun(1);
  const queue = new Queue<number>();
  {
    using producer = await queue.producer();
    await assertRejects(() => pool.run(same, [producer]), FullError);
  }
  // It ends with its last producer.
  assertEquals(await within(Array.fromAsync(queue)), []);
  await holding.letGo();
  await call;
});

oneTest("the log tells once of a pool in which 65,536 calls wait, and again when none did meanwhile", async () => {
  const records: LogRecord[] = [];
  const { write } = logger;
  logger.write = (record) => void records.push(record);
  try {
    const pool = new Pool({ size: 1, placement: "inline", name: "crowd" });
    const holding = new Holding(pool);
    const call = holding.call(1);
    await holding.begun(1);
    const many = Array.from({ length: 65_537 }, () => pool.run(square, [1]).catch(() => {}));
    many.push(call.then(() => {}, () => {}));
    await pool.terminate();
    await Promise.all(many);
    assertEquals(records.map(({ event, level }) => `${level} ${event}`), ["warn queue-filling"]);
    const text = "crowd has 65536 calls waiting, whose arguments it keeps: maxQueue bounds that";
    assertEquals(records[0].message, text);
    const bound = new QueueBound({ name: "crowd", maxQueue: Infinity, overflow: "wait" });
    for (const calls of [65_535, 65_536, 65_537, 65_536]) bound.check(calls, 0, "");
    assertEquals(records.length, 2);
    bound.empty();
    bound.check(65_536, 0, "");
    assertEquals(records.map(({ message }) => message), [text, text, text]);
  } finally {
    logger.write = write;
  }
});

Deno.test("a bound that is none is refused", () => {
  for (const maxQueue of [-1, 1.5]) assertThrows(() => new Pool({ maxQueue }), RangeError, "maxQueue must be");
  for (const maxQueue of ["3", NaN, null]) {
    assertThrows(() => new Pool({ maxQueue: maxQueue as number }), TypeError, "maxQueue must be a number");
  }
  assertThrows(
    () => new Pool({ overflow: "drop" as "wait" }),
    TypeError,
    'overflow must be "wait" or "reject", not "drop"',
  );
});
