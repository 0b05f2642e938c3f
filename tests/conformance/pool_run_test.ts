/** Single calls: results, errors, priorities, what cannot travel. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { EventFlag, NotSerializableError, Pool, Queue } from "../../mod.ts";
import { oneTest, rejection, within } from "./actor_contract.ts";
import {
  awaitAbort,
  byteLength,
  failAt,
  giveFunction,
  giveUnknownHandle,
  hold,
  note,
  same,
  square,
  squareLater,
  throwLong,
  throwOdd,
  wait,
} from "./fixtures/pool_tasks.ts";
import { below, eachPool, eachPoolApart } from "./pool_everywhere.ts";

eachPool(
  "[POOL-05] [POOL-06] [POOL-07] [POOL-10] [POOL-40] [EXEC-34] a result is a promise: got as often as wanted, and what its callbacks throw is theirs",
  { size: 2 },
  async (pool) => {
    const calls: unknown[] = [];
    const good = pool.map(square, [1, 2, 3]);
    const noted = good.then((values) => calls.push(values));
    await noted;
    await good.then((values) => calls.push(values));
    assertEquals(calls, [[1, 4, 9], [1, 4, 9]]);
    assertEquals(await good, await good);

    const bad = pool.run(failAt, [13]);
    const told: unknown[] = [];
    await bad.then(() => told.push("success"), (error) => told.push(error));
    assertEquals(told, [await rejection(bad)]);
    assertEquals(await Promise.allSettled([bad]).then(([{ status }]) => status), "rejected");

    // Python's pool is dead after this.
    const fault = pool.run(square, [2]).then(() => {
      throw new Error("in a callback");
    });
    await assertRejects(() => fault, Error, "in a callback");
    assertEquals(await pool.run(square, [3]), 9);
  },
);

eachPool("[POOL-09] whoever gives up waiting for a result changes nothing for it", { size: 1 }, async (pool) => {
  const [begun, letGo] = [new Queue<number>(), new EventFlag()];
  const held = pool.run(hold, [begun, letGo, 7]);
  await within(begun.get());
  assertEquals(await Promise.race([held, Promise.resolve("pending")]), "pending");
  await letGo.set();
  assertEquals(await within(held), 7);
});

eachPool(
  "[POOL-20] [POOL-21] [EXEC-09] what a task throws arrives with its class, fields, cause, and the stack that it had there",
  { size: 1 },
  async (pool) => {
    const error = await rejection(pool.run(failAt, [13])) as Error;
    // In this isolate too: the same errors everywhere, where Python's in-process pool has the error itself.
    assertInstanceOf(error, RangeError);
    assertEquals([error.name, error.message, error.cause], ["RangeError", "thirteen", "superstition"]);
    assertStringIncludes(error.stack!, "pool_tasks.ts");
    assertStringIncludes(error.stack!, "failAt");
    assertNotStrictEquals(await rejection(pool.run(failAt, [13])), error);
  },
);

eachPool("[POOL-29] huge errors at once harm nobody, nor do odd ones", { size: 2 }, async (pool) => {
  const huge = await rejection(pool.map(throwLong, [1 << 20, 1 << 20], { chunkSize: 1 })) as Error;
  assertEquals(huge.message.length, 1 << 20);
  const odd = async (kind: string) => await rejection(pool.run(throwOdd, [kind]));
  assertEquals(await odd("undefined"), undefined);
  assertEquals(await odd("number"), 5);
  assertInstanceOf(await odd("function"), NotSerializableError);
  assertInstanceOf(await odd("symbol"), NotSerializableError);
  assertInstanceOf(await odd("getter"), NotSerializableError);
  const error = await odd("field") as Error & { plain: number };
  assertEquals([error.message, error.plain], ["has a field", 1]);
  const outcomes = await pool.mapSettled(throwOdd, ["number", "symbol", "undefined", "proxy"]);
  assertEquals(outcomes.map(({ status }) => status), Array(4).fill("rejected"));
  assertEquals(await pool.run(square, [4]), 16);
});

eachPool(
  "[POOL-18] [EXEC-24] a task that is not registered, an argument or a result that cannot travel is that call's error",
  { size: 1 },
  async (pool) => {
    await assertRejects(() => pool.run((n: number) => n, [1]), TypeError, "not registered");
    await assertRejects(() => pool.run(Map as never, []), TypeError);
    const argument = await assertRejects(() => pool.run(same, [{ deep: [() => {}] }]), NotSerializableError);
    assertEquals(argument.path, "args[0].deep[0]");
    const result = await assertRejects(() => pool.run(giveFunction), NotSerializableError);
    assertEquals(result.path, "result");
    const outcomes = await pool.mapSettled(giveFunction as (n: number) => unknown, [1, 2]);
    for (const outcome of outcomes) {
      assert(outcome.status === "rejected");
      assertInstanceOf(outcome.reason, NotSerializableError);
      assertEquals(outcome.reason.path, "result");
    }
    assertEquals(await pool.run(square, [4]), 16);
    assertEquals((await pool.stats()).started, 1);
  },
);

eachPoolApart("[EXEC-27] a result that cannot be read here is that call's error", { size: 1 }, async (pool) => {
  await assertRejects(() => pool.run(giveUnknownHandle), Error, "known-to-workers");
  assertEquals(await pool.run(square, [4]), 16);
});

eachPool("[EXEC-30] hundreds of calls before any worker is up are all done", { size: 2 }, async (pool) => {
  assertEquals(await Promise.all(below(500).map((n) => pool.run(square, [n]))), below(500).map(square));
});

eachPool(
  "[EXEC-33] the first, the first failure, all of them, and each as it comes, or an error when that is late",
  { size: 3 },
  async (pool) => {
    const [begun, letGo] = [new Queue<number>(), new EventFlag()];
    const held = pool.run(hold, [begun, letGo, 7]);
    await within(begun.get());
    assertEquals(await within(Promise.race([held, pool.run(squareLater, [3])])), 9);
    await assertRejects(() => within(Promise.all([held, pool.run(failAt, [13])])), RangeError);
    const settled = Promise.allSettled([held, pool.run(failAt, [13]), pool.run(square, [1])]);
    assertEquals(await Promise.race([settled, pool.run(squareLater, [1])]), 1);
    const controller = new AbortController();
    const asCompleted = pool.imapUnordered(wait, [60_000, 0], { signal: controller.signal });
    assertEquals(await within(asCompleted.next()), { done: false, value: 0 });
    const late = rejection(asCompleted.next());
    controller.abort(new DOMException("late", "TimeoutError"));
    assertEquals((await within(late) as DOMException).name, "TimeoutError");
    await letGo.set();
    assertEquals((await within(settled)).map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  },
);

eachPool("what waits is begun by priority, and first come, first served among equals", { size: 1 }, async (pool) => {
  const [begun, letGo, out] = [new Queue<number>(), new EventFlag(), new Queue<string>()];
  const held = pool.run(hold, [begun, letGo, 0]);
  await within(begun.get());
  const calls = [["low", -1], ["a", 0], ["high", 2.5], ["b", 0], ["higher", 10], ["c", 0]] as const;
  const all = calls.map(([what, priority]) => pool.run(note, [out, what], { priority }));
  await letGo.set();
  await within(Promise.all([held, ...all]));
  const order = [];
  for (const _ of calls) order.push(await out.get());
  assertEquals(order, ["higher", "high", "a", "b", "c", "low"]);
});

eachPool(
  "arguments are read at the call, what is transferred moves, and a signal among them is bridged",
  { size: 1 },
  async (pool) => {
    const argument = { list: [1] };
    const given = pool.run(same, [argument]);
    argument.list.push(2);
    assertEquals(await given, { list: [1] });

    const bytes = new Uint8Array(1000);
    assertEquals(await pool.run(byteLength, [bytes], { transfer: [bytes.buffer] }), 1000);
    assertEquals(bytes.byteLength, 0);

    const begun = new Queue<number>();
    const controller = new AbortController();
    const waiting = pool.run(awaitAbort, [begun, controller.signal]);
    await within(begun.get());
    controller.abort("because");
    assertEquals(await within(waiting), "because");
  },
);

oneTest("wrong options of a call are refused", async () => {
  await using pool = new Pool({ placement: "inline" });
  const bytes = new Uint8Array(1);
  await assertRejects(() => pool.run(square, 7 as never), TypeError, "array");
  await assertRejects(() => pool.run(square, [7], { retries: -1 }), RangeError, "retries");
  await assertRejects(() => pool.run(square, [7], { retries: 1.5 }), RangeError, "retries");
  await assertRejects(() => pool.run(square, [7], { retries: "1" as never }), TypeError, "retries");
  await assertRejects(() => pool.run(square, [7], { priority: NaN }), TypeError, "priority");
  await assertRejects(() => pool.run(square, [7], { timeoutMs: NaN }), TypeError, "timeoutMs");
  await assertRejects(() => pool.run(square, [7], null as never), TypeError, "options");
  await assertRejects(
    () => pool.run(byteLength, [bytes], { retries: 1, transfer: [bytes.buffer] }),
    RangeError,
    "transfer",
  );
  assertEquals((await pool.stats()).started, 0);
});
