/**
 * Pools of two workers, beside those of npm and of Python.
 *
 * @module
 */

import { Pool } from "../../mod.ts";
import { type Absent, type Alternative, atATime, oneByOne, quick } from "./harness.ts";
import { byteLength, countPrimes, same } from "./pool_functions.ts";
import { startPeers, WORKERS } from "./pool_peers.ts";
import { suite } from "./suite.ts";

const PYTHON = [["multiprocessing.Pool", "pool"], ["ProcessPoolExecutor", "executor"]] as const;

await suite(import.meta.main, async ({ compare, python, stack }) => {
  const pools = (["thread", "process"] as const).map((placement) => ({
    name: `Troupe, ${placement}`,
    pool: stack.use(new Pool({ size: WORKERS, placement })),
  }));
  const peers = startPeers().map((peer) => stack.use(peer));
  const other = await python("pool_peer.py");
  for (const { pool } of pools) await pool.start();

  function ours(run: (pool: Pool, count: number) => Promise<unknown>): Alternative[] {
    return pools.map(({ name, pool }) => ({ name, run: async (count) => void await run(pool, count) }));
  }

  function theirs(run: (call: (typeof peers)[number]["run"], count: number) => Promise<unknown>): Alternative[] {
    return peers.map(({ name, run: call }) => ({ name, run: async (count) => void await run(call, count) }));
  }

  function pythons(work: string): (Alternative | Absent)[] {
    return PYTHON.map(([name, which]) => other.alternative(name, `${which} ${work}`));
  }

  await compare({
    title: "One task at a time",
    show: "time",
    batch: 100,
    alternatives: [
      ...ours((pool, count) => oneByOne(count, (n) => pool.run(same, [n]))),
      ...theirs((call, count) => oneByOne(count, (n) => call("same", n))),
      ...pythons("one"),
    ],
  });
  await compare({
    title: "Tasks, 10,000 outstanding",
    unhurried: true,
    show: "rate",
    batch: 10_000,
    roundMs: quick ? 100 : 300,
    alternatives: [
      ...ours((pool, count) => atATime(10_000, count, (n) => pool.run(same, [n]))),
      ...theirs((call, count) => atATime(10_000, count, (n) => call("same", n))),
      ...pythons("many"),
    ],
  });
  await compare({
    title: "Map, chunk 1; those that have no map: all at once",
    show: "rate",
    batch: 1000,
    alternatives: [
      ...ours((pool, count) => pool.map(same, below(count), { chunkSize: 1 })),
      ...theirs((call, count) => Promise.all(below(count).map((n) => call("same", n)))),
      ...pythons("chunk 1"),
    ],
  });
  const items = below(100_000);
  await compare({
    title: "Map of 100,000 small items, default chunk",
    show: "time",
    alternatives: [
      ...ours((pool, count) => oneByOne(count, () => pool.map(same, items))),
      ...pythons("map"),
    ],
  });
  {
    const alone = stack.use(new Pool({ size: 1 }));
    const work = (pool: Pool, count: number) => pool.map(countPrimes, starts(count), { chunkSize: 1 });
    await compare({
      title: "Counting primes, a few milliseconds each",
      unhurried: true,
      show: "time",
      roundMs: quick ? 60 : 200,
      alternatives: [
        ...ours(work),
        { name: "Troupe, one thread", run: async (count) => void await work(alone, count) },
        {
          name: "no pool",
          run(count) {
            for (const start of starts(count)) countPrimes(start);
            return Promise.resolve();
          },
        },
        ...theirs((call, count) => Promise.all(starts(count).map((start) => call("countPrimes", start)))),
        ...pythons("primes"),
      ],
    });
  }
  const mebibyte = new Uint8Array(1 << 20);
  await compare({
    title: "1 MiB of arguments, one at a time",
    unhurried: true,
    show: "time",
    alternatives: [
      ...ours((pool, count) => oneByOne(count, () => pool.run(byteLength, [mebibyte]))),
      ...theirs((call, count) => oneByOne(count, () => call("byteLength", mebibyte))),
      ...pythons("bytes"),
    ],
  });

  function below(n: number): number[] {
    return Array.from({ length: n }, (_, i) => i);
  }

  function starts(count: number): number[] {
    return below(count).map((i) => 1_000_000 + 5000 * i);
  }
});
