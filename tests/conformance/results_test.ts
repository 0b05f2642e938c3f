/** Waiting for results in any number, and giving up without ending what makes them. */

import { assert, assertEquals, assertInstanceOf, assertLess, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  ActorExitedError,
  asCompleted,
  type Completed,
  EventFlag,
  type PlacementName,
  Pool,
  Process,
  Queue,
  TimeoutError,
  wait,
} from "../../mod.ts";
import { cpuMs, growth } from "../cpu_time.ts";
import { eachPlacement, oneTest, rejection, within } from "./actor_contract.ts";
import { turns } from "./bounded.ts";
import { failAt, hold } from "./fixtures/pool_tasks.ts";
import { APART } from "./pool_everywhere.ts";

/** Tasks that go on until they are let go: two of a pool and one of a process of its own. */
async function held(placement: PlacementName) {
  const stack = new AsyncDisposableStack();
  const pool = stack.use(new Pool({ size: 2, placement }));
  const begun = new Queue<number>();
  const flags = [new EventFlag(), new EventFlag(), new EventFlag()];
  const process = stack.use(new Process(hold, [begun, flags[2], 2], { placement }));
  await process.start();
  const results = [pool.run(hold, [begun, flags[0], 0]), pool.run(hold, [begun, flags[1], 1]), process.result];
  for (const _ of results) await within(begun.get());
  return {
    pool,
    process,
    results,
    letGo: (n: number) => flags[n].set(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

eachPlacement("asCompleted() gives results of pools and processes as they come, errors included", async (placement) => {
  await using tasks = await held(placement);
  const outcomes = asCompleted([...tasks.results, tasks.pool.run(failAt, [13])]);
  for (const n of [2, 0]) {
    await tasks.letGo(n);
    assertEquals((await within(outcomes.next())).value, { status: "fulfilled", value: n, index: n });
  }
  const { value: failed } = await within(outcomes.next());
  assert(failed?.status === "rejected" && failed.reason instanceof RangeError && failed.index === 3);
  await tasks.letGo(1);
  assertEquals((await within(outcomes.next())).value, { status: "fulfilled", value: 1, index: 1 });
  assertEquals((await within(outcomes.next())).done, true);
});

for (const placement of APART) {
  oneTest(`the death of a result's maker is an outcome like others (${placement})`, async () => {
    await using tasks = await held(placement);
    const waiting = wait(tasks.results, { until: "first-error" });
    const outcomes = asCompleted(tasks.results);
    await tasks.process.kill();
    const { value: first } = await within(outcomes.next());
    assert(first?.status === "rejected" && first.reason instanceof ActorExitedError && first.index === 2);
    assertEquals(await within(waiting), { done: [tasks.results[2]], pending: tasks.results.slice(0, 2) });
    await tasks.pool.terminate();
    for await (const { status } of outcomes) assertEquals(status, "rejected");
    assertEquals((await within(wait(tasks.results))).done, tasks.results);
  });
}

eachPlacement(
  "wait() ends with the first, at the first error, when all are settled, or with its time",
  async (placement) => {
    await using tasks = await held(placement);
    const [a, b, c] = tasks.results;
    assertEquals(await within(wait([a, b, c], { timeoutMs: 20 })), { done: [], pending: [a, b, c] });
    const first = wait([a, b, c], { until: "first" });
    const all = wait([a, b, c]);
    const noError = wait([a, b, c], { until: "first-error" });
    await tasks.letGo(1);
    assertEquals(await within(first), { done: [b], pending: [a, c] });
    assertEquals(await within(wait([a, b, c], { until: "all", timeoutMs: 20 })), { done: [b], pending: [a, c] });
    const bad = tasks.pool.run(failAt, [13]);
    assertEquals(await within(wait([a, bad, b], { until: "first-error" })), { done: [bad, b], pending: [a] });
    // Results whose wait has ended go on as before.
    for (const n of [0, 2]) await tasks.letGo(n);
    assertEquals(await within(all), { done: [a, b, c], pending: [] });
    assertEquals(await within(noError), { done: [a, b, c], pending: [] });
    assertEquals(await Promise.all(tasks.results), [0, 1, 2]);
  },
);

eachPlacement(
  "asCompleted() gives up in time, by its signal, and when the loop is left; what is pending goes on",
  async (placement) => {
    await using tasks = await held(placement);
    await tasks.letGo(0);
    const seen: number[] = [];
    const error = await within(rejection((async () => {
      for await (const one of asCompleted(tasks.results, { timeoutMs: 200 })) seen.push(one.index);
    })()));
    assertInstanceOf(error, TimeoutError);
    assertEquals([seen, error.timeoutMs, error.message], [
      [0],
      200,
      "Cannot go through results: 2 of 3 had not come after 200 ms",
    ]);
    const controller = new AbortController();
    const waits = [
      rejection(wait(tasks.results, { signal: controller.signal })),
      rejection(asCompleted(tasks.results.slice(1), { signal: controller.signal }).next()),
    ];
    await turns();
    controller.abort("enough");
    assertEquals(await within(Promise.all(waits)), ["enough", "enough"]);
    for await (const one of asCompleted(tasks.results)) {
      assertEquals(one.index, 0);
      break;
    }
    for (const n of [1, 2]) await tasks.letGo(n);
    assertEquals(await Promise.all(tasks.results), [0, 1, 2]);
  },
);

oneTest("a signal that aborts between two results ends asCompleted(), whatever has come", async () => {
  const controller = new AbortController();
  const outcomes = asCompleted([Promise.resolve(1), Promise.resolve(2)], { signal: controller.signal });
  await outcomes.next();
  controller.abort("enough");
  assertEquals(await rejection(outcomes.next()), "enough");
  assertEquals((await outcomes.next()).done, true);
});

oneTest("results that are settled already come in the order in which they were seen to be", async () => {
  const [a, b, c] = [1, 2, 3].map(() => Promise.withResolvers<string>());
  const all = [a.promise, b.promise, c.promise];
  const waiting = wait(all);
  b.resolve("b");
  await turns();
  c.reject("c");
  await turns();
  a.resolve("a");
  await waiting;
  assertEquals((await Array.fromAsync(asCompleted(all))).map(({ index }) => index), [1, 2, 0]);
  // Nothing of it counts on who waits when.
  const late = asCompleted(all.map((promise) => promise.then(String)), { timeoutMs: 1000 });
  await turns();
  assertEquals((await Array.fromAsync(late)).length, 3);
});

oneTest("a time of 0 looks at what is there, and waits for nothing", async () => {
  const [there, failed, pending] = [Promise.resolve(1), Promise.reject(2), new Promise<number>(() => {})];
  assertEquals(await wait([there, failed, pending], { timeoutMs: 0 }), { done: [there, failed], pending: [pending] });
  const seen: unknown[] = [];
  const looking = async () => {
    for await (const one of asCompleted([pending, there], { timeoutMs: 0 })) seen.push(one);
  };
  await assertRejects(looking, TimeoutError, "1 of 2 had not come after 0 ms");
  assertEquals(seen, [{ status: "fulfilled", value: 1, index: 1 }]);
});

oneTest("any iterable of anything that has a then() will do, none of it, and the same one twice", async () => {
  for (const until of ["all", "first", "first-error"] as const) {
    assertEquals(await wait([], { until }), { done: [], pending: [] });
  }
  assertEquals(await Array.fromAsync(asCompleted([])), []);
  const thenable: PromiseLike<string> = Promise.resolve("then");
  const own = { then: thenable.then.bind(thenable) } as PromiseLike<string>;
  function* results(): Generator<PromiseLike<string>> {
    yield own;
    yield own;
  }
  assertEquals(await wait(results()), { done: [own, own], pending: [] });
  assertEquals((await Array.fromAsync(asCompleted(results()))).map(({ index }) => index), [0, 1]);
});

oneTest("rejections of results that were handed over are never unhandled, also where nobody goes on", async () => {
  const controller = new AbortController();
  void asCompleted([Promise.reject(new Error("never read"))]);
  void rejection(wait([Promise.reject(new Error("never read"))], { signal: controller.signal }));
  controller.abort();
  await turns();
});

oneTest("wrong results and options are refused at the call", async () => {
  const wrong = (results: unknown, options?: unknown): [() => unknown, () => Promise<unknown>] => [
    () => asCompleted(results as never, options as never),
    () => wait(results as never, options as never),
  ];
  for (const results of [undefined, null, 7, Promise.resolve([])]) {
    const [going, waiting] = wrong(results);
    assertThrows(going, TypeError, "Cannot go through results: they must be iterable, not ");
    await assertRejects(waiting, TypeError, "Cannot wait for results: they must be iterable, not ");
  }
  for (const [going, waiting] of [wrong([Promise.resolve(), 7])]) {
    assertThrows(going, TypeError, "number 1 must be a promise, not 7");
    await assertRejects(waiting, TypeError, "number 1 must be a promise, not 7");
  }
  for (const [going, waiting] of [wrong([], { timeoutMs: "1" })]) {
    assertThrows(going, TypeError, 'timeoutMs must be a number of milliseconds, not "1"');
    await assertRejects(waiting, TypeError, 'timeoutMs must be a number of milliseconds, not "1"');
  }
  await assertRejects(
    () => wait([], { until: "last" as never }),
    TypeError,
    'Cannot wait for results: until must be one of all, first, first-error, not "last"',
  );
  const signal = AbortSignal.abort("over");
  assertEquals(await rejection(wait([], { signal })), "over");
});

oneTest("results are gone through at the same cost each, however many they are", async () => {
  const cost = (count: number) => {
    const gates = Array.from({ length: count }, () => Promise.withResolvers<number>());
    const outcomes = asCompleted(gates.map(({ promise }) => promise));
    return cpuMs(async () => {
      const first = outcomes.next();
      for (const [n, gate] of gates.entries()) gate.resolve(n);
      let next = (await first).done ? 0 : 1;
      for await (const { index } of outcomes) if (index !== next++) assertEquals(index, next - 1);
      assertEquals(next, count);
    });
  };
  await cost(25_000);
  assertLess(await growth(25_000, cost), 10);
});

Deno.test("wait() and asCompleted() have the types of the results", () => {
  async function _use(pool: Pool, texts: Promise<string>[]): Promise<void> {
    for await (const one of asCompleted(texts)) {
      assertType<IsExact<typeof one, Completed<string>>>(true);
      if (one.status === "fulfilled") assertType<IsExact<typeof one.value, string>>(true);
    }
    for await (const one of asCompleted([pool.run(failAt, [1]), texts[0]])) {
      assertType<IsExact<typeof one, Completed<string | number>>>(true);
    }
    const { done, pending } = await wait(texts, { until: "first", timeoutMs: 1 });
    assertType<IsExact<typeof done, Promise<string>[]>>(true);
    assertType<IsExact<typeof pending, Promise<string>[]>>(true);
    const submitted = pool.submit(failAt, [1]);
    assertType<IsExact<typeof submitted.result, Promise<number>>>(true);
    // @ts-expect-error -- what is waited for are the results of tasks, and no tasks
    await wait([submitted]);
    // @ts-expect-error -- there is no such end of a wait
    await wait(texts, { until: "last" });
    // @ts-expect-error -- the arguments are the task's
    pool.submit(failAt, ["1"]);
  }
});
