/** Random schedules of all that can happen to a pool: whatever they are, all settles, and nothing is left. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ActorExitedError, type PlacementName, Pool, PoolClosedError, TimeoutError } from "../../mod.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { oneTest, PLACEMENTS, within } from "./actor_contract.ts";
import { die, failAt, spin, square, squareLater, wait } from "./fixtures/pool_tasks.ts";
import { below } from "./pool_everywhere.ts";
import { rounds } from "../soak.ts";

const SEED = 20_261_120;
/** One schedule that has not settled after so long hangs: its tasks take milliseconds, the starts of its workers seconds. */
const SETTLE_MS = rounds(20_000, 60_000);
/** Threads and subprocesses take time to start, and some are killed in every schedule. */
const RUNS: Record<PlacementName, number> = {
  inline: rounds(200, 1000),
  thread: rounds(6, 150),
  process: rounds(4, 150),
};

const timeoutMs = fc.constantFrom(undefined, undefined, 1, 20);
const n = fc.nat(20);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("run" as const), n, timeoutMs, retries: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(20), timeoutMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("spin" as const), ms: fc.nat(10), timeoutMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), n }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("die" as const), retries: fc.nat(1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("map" as const),
      count: fc.nat(40),
      chunkSize: fc.integer({ min: 1, max: 9 }),
      abort: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("imap" as const),
      count: fc.nat(20),
      leave: fc.nat(20),
      ordered: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("abort" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pause" as const), turns: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("terminate" as const) }) },
);
const schedule = fc.record({
  size: fc.integer({ min: 1, max: 3 }),
  maxTasksPerWorker: fc.constantFrom(undefined, 1, 3, 10),
  steps: fc.array(step, { minLength: 5, maxLength: 40, size: "max" }),
});
type Schedule = typeof schedule extends fc.Arbitrary<infer S> ? S : never;

/** What a call may end with, beside its result. */
function isExpected(error: unknown): boolean {
  return error === "aborted" || error instanceof ActorExitedError || error instanceof PoolClosedError ||
    error instanceof TimeoutError || (error instanceof RangeError && error.message === "thirteen");
}

async function play({ size, maxTasksPerWorker, steps }: Schedule, placement: PlacementName): Promise<void> {
  const pool = new Pool({ size, maxTasksPerWorker, placement });
  const settled: Promise<void>[] = [];
  let controller = new AbortController();
  const expect = <T>(call: Promise<T>, check: (value: T) => void) => {
    settled.push(call.then(check, (error) => {
      if (!isExpected(error)) throw error;
    }));
  };
  const equals = (expected: unknown) => (value: unknown) => assertEquals(value, expected);
  for (const step of steps) {
    const { signal } = controller;
    switch (step.do) {
      case "run":
        expect(
          pool.run(square, [step.n], { timeoutMs: step.timeoutMs, retries: step.retries, signal }),
          equals(step.n ** 2),
        );
        break;
      case "wait":
        expect(pool.run(wait, [step.ms], { timeoutMs: step.timeoutMs, signal }), equals(step.ms));
        break;
      case "spin":
        expect(pool.run(spin, [step.ms], { timeoutMs: step.timeoutMs, signal }), equals(step.ms));
        break;
      case "fail":
        expect(pool.run(failAt, [step.n]), equals(step.n));
        break;
      case "die":
        // In this isolate it would end the test.
        if (placement !== "inline") expect(pool.run(die, [], { retries: step.retries }), () => {});
        break;
      case "map": {
        const { count, chunkSize, abort } = step;
        expect(pool.map(failAt, below(count), { chunkSize, ...abort && { signal } }), equals(below(count)));
        break;
      }
      case "imap": {
        const { count, leave, ordered } = step;
        const iterate = async () => {
          const values: number[] = [];
          const results = ordered
            ? pool.imap(squareLater, below(count))
            : pool.imapUnordered(squareLater, below(count));
          for await (const value of results) {
            values.push(value);
            if (values.length >= leave) break;
          }
          return values.toSorted((a, b) => a - b).length;
        };
        expect(iterate(), equals(Math.min(count, Math.max(leave, 1))));
        break;
      }
      case "abort":
        controller.abort("aborted");
        controller = new AbortController();
        break;
      case "pause":
        for (let turn = 0; turn < step.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        break;
      case "close":
        void pool.close();
        break;
      case "terminate":
        void pool.terminate();
        break;
    }
  }
  await pool.close();
  await Promise.all(settled);
  await pool.join();
  const { workers, busy, queued } = await pool.stats();
  assertEquals({ workers, busy, queued }, { workers: 0, busy: 0, queued: 0 });
  assertNothingLeft();
}

for (const placement of PLACEMENTS) {
  oneTest(
    `whatever is submitted, killed, recycled, aborted, closed and terminated, all settles and nothing is left (${placement})`,
    async () => {
      await fc.assert(
        fc.asyncProperty(schedule, (schedule) => within(play(schedule, placement), SETTLE_MS)),
        { numRuns: RUNS[placement], seed: SEED, endOnFailure: true },
      );
    },
    rounds(60_000, 3_000_000),
  );
}
