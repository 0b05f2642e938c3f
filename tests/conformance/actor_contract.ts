/**
 * How the suites of actors register their tests: one for each placement, each with a bound, after which nothing is left.
 *
 * @module
 */

import { deadline } from "@std/async";
import type { PlacementName, Ref } from "../../mod.ts";
import { bounded as oneTest, until as untilFact } from "./bounded.ts";
import { type Latch, newLatch, open } from "./fixtures/latch.ts";
import { PLACEMENTS } from "./place.ts";

export { oneTest, PLACEMENTS };

/** Registers a test of what holds wherever an actor lives. */
export function eachPlacement(name: string, body: (placement: PlacementName) => Promise<void>): void {
  for (const placement of PLACEMENTS) oneTest(`${name} (${placement})`, () => body(placement));
}

/** Registers a test for each ordered pair of placements. */
export function eachPair(name: string, body: (one: PlacementName, other: PlacementName) => Promise<void>): void {
  for (const one of PLACEMENTS) {
    for (const other of PLACEMENTS) oneTest(`${name} (${one}, ${other})`, () => body(one, other));
  }
}

/** Registers a test for pairs of placements, among which each is once the one and once the other. */
export function eachMixed(name: string, body: (one: PlacementName, other: PlacementName) => Promise<void>): void {
  for (const [at, one] of PLACEMENTS.entries()) {
    const other = PLACEMENTS[(at + 1) % PLACEMENTS.length];
    oneTest(`${name} (${one}, ${other})`, () => body(one, other));
  }
}

/** Fails when something that should come does not. */
export async function within<T>(promise: Promise<T>, ms: number = 10_000): Promise<T> {
  return await deadline(promise, ms);
}

/** Resolves when a condition holds that nobody announces. */
export async function until(condition: () => boolean | Promise<boolean>, ms: number = 10_000): Promise<void> {
  await untilFact(condition, String(condition), ms);
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`It was not rejected, but resolved with ${Deno.inspect(value)}`);
}

/** Keeps an actor in a handler, from now until `end` is called; `call` settles when it is out of it. */
export async function occupy(
  ref: Ref<{ hold(latch: Latch): Promise<void> }>,
): Promise<{ readonly call: Promise<void>; end(): Promise<void> }> {
  const latch = newLatch();
  const call = ref.with({ timeoutMs: Infinity }).call.hold(latch);
  // A test that fails meanwhile is to be told of that, and not of the call that its end cuts off.
  call.catch(() => {});
  await within(latch.entered.get());
  return {
    call,
    async end() {
      await open(latch);
      await call;
    },
  };
}
