/** What the suites of pools share. */

import { type PlacementName, Pool, type PoolOptions } from "../../mod.ts";
import { eachPlacement, oneTest, PLACEMENTS } from "./actor_contract.ts";

/** Where a worker's death is no other's. */
export const APART: readonly PlacementName[] = PLACEMENTS.filter((placement) => placement !== "inline");

/** Registers a test of a pool in every placement; the pool must be over at the end, by whatever the body did. */
export function eachPool(
  name: string,
  options: PoolOptions,
  body: (pool: Pool, placement: PlacementName) => Promise<void>,
): void {
  eachPlacement(name, (placement) => withPool({ ...options, placement }, (pool) => body(pool, placement)));
}

/** The same for the placements in which workers can die. */
export function eachPoolApart(
  name: string,
  options: PoolOptions,
  body: (pool: Pool, placement: PlacementName) => Promise<void>,
): void {
  for (const placement of APART) {
    oneTest(`${name} (${placement})`, () => withPool({ ...options, placement }, (pool) => body(pool, placement)));
  }
}

async function withPool(options: PoolOptions, body: (pool: Pool) => Promise<void>): Promise<void> {
  const pool = new Pool(options);
  try {
    await body(pool);
    await pool.close();
    await pool.join();
  } finally {
    // After a failure nothing of it may make others fail.
    await pool.terminate();
  }
}

/** The numbers below `n`. */
export function below(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
