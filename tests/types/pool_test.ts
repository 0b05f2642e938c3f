/**
 * What types infer of pools. That this compiles is the test; what must not compile is in `refused_test.ts`.
 *
 * @module
 */

import { assertType, type IsExact } from "@std/testing/types";
import { Pool, type PoolStats } from "../../mod.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

function measure(point: Point): number {
  return Math.hypot(point.x, point.y);
}
async function load(url: string, retries: number = 3): Promise<Point> {
  return await Promise.resolve({ x: url.length, y: retries });
}
function tick(): void {}
function refuse(_text: string): never {
  throw new Error("never called");
}

Deno.test("a pool's results are those of the task, awaited, and its arguments are the task's", () => {
  async function _use(pool: Pool): Promise<void> {
    assertType<IsExact<Awaited<ReturnType<typeof pool.stats>>, PoolStats>>(true);
    const length = await pool.run(measure, [{ x: 3, y: 4 }]);
    assertType<IsExact<typeof length, number>>(true);
    const point = await pool.run(load, ["a"], { timeoutMs: 10, retries: 1, priority: 2 });
    assertType<IsExact<typeof point, Point>>(true);
    await pool.run(load, ["a", 2] as const);
    const nothing = await pool.run(tick);
    assertType<IsExact<typeof nothing, void>>(true);
    await pool.run(tick, [], { timeoutMs: 10 });
    const never = pool.run(refuse, ["no"]);
    assertType<IsExact<typeof never, Promise<never>>>(true);

    const lengths = await pool.map(measure, [{ x: 3, y: 4 }], { chunkSize: 1 });
    assertType<IsExact<typeof lengths, number[]>>(true);
    // What has more than the task asks for will do, and so will any iterable.
    await pool.map(measure, new Set([{ x: 3, y: 4, label: "more" }]));
    const points = await pool.map(load, ["a", "b"]);
    assertType<IsExact<typeof points, Point[]>>(true);
    const more = await pool.starmap(load, [["a"], ["b", 2]]);
    assertType<IsExact<typeof more, Point[]>>(true);
    const settled = await pool.mapSettled(load, ["a"]);
    assertType<IsExact<typeof settled, PromiseSettledResult<Point>[]>>(true);

    async function* urls(): AsyncGenerator<string> {
      yield await Promise.resolve("a");
    }
    for await (const point of pool.imap(load, urls())) assertType<IsExact<typeof point, Point>>(true);
    for await (const point of pool.imapUnordered(load, ["a"])) assertType<IsExact<typeof point, Point>>(true);
    const thrown = { window: 3, onError: "throw" } as const;
    for await (const point of pool.imap(load, ["a"], thrown)) assertType<IsExact<typeof point, Point>>(true);
    type Outcome = PromiseSettledResult<Point>;
    const yielded = { window: 3, onError: "yield" } as const;
    for await (const one of pool.imap(load, urls(), yielded)) assertType<IsExact<typeof one, Outcome>>(true);
    for await (const one of pool.imapUnordered(load, ["a"], yielded)) assertType<IsExact<typeof one, Outcome>>(true);
    // The type of the option decides the type of the items; a call that leaves it open does not type-check.
    const either: { onError: "throw" | "yield" } = yielded;
    // @ts-expect-error -- it may be both
    pool.imap(load, ["a"], either);
  }
});

Deno.test("a pool's initializer and its arguments", () => {
  function _use(): void {
    void new Pool({ initializer: load, initializerArgs: ["a", 1] });
    void new Pool({ size: 1, placement: "inline", maxTasksPerWorker: Infinity, name: "workers" });
    void new Pool({ maxQueue: 100, overflow: "reject" });
    // @ts-expect-error -- what is older is not dropped
    void new Pool({ maxQueue: 100, overflow: "drop-oldest" });
    void new Pool();
  }
});
