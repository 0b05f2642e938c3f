/** What the suites' tests have in common: each has a bound, after which nothing may be left. */

import { deadline } from "@std/async/deadline";
import { assertRejects } from "@std/assert";
import { delay } from "@std/async";
import { currentActor } from "../../actors/context.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { leaveOtherProgram } from "./other_program.ts";

/** No test takes longer, on a loaded machine, unless it says so: a hang is a failure. */
export const BOUND_MS = 20_000;

/** Registers a test that fails when it takes too long or leaves anything behind. */
export function bounded(name: string, test: () => Promise<void>, boundMs: number = BOUND_MS): void {
  Deno.test(name, async () => {
    try {
      await within(boundMs, test());
      assertNothingLeft();
    } finally {
      // What a failed test leaves must not fail the next one.
      await killChildren();
      await leaveOtherProgram();
    }
  });
}

/** The same for a test whose children, here and in another program, end with it. */
export function boundedWithChildren(name: string, test: () => Promise<void>, boundMs?: number): void {
  const ending = async () => {
    try {
      await test();
    } finally {
      await killChildren();
      await leaveOtherProgram();
    }
  };
  bounded(name, ending, boundMs);
}

/** Ends the children of this program, in whatever state they are, but for one of that name. */
export async function killChildren(but?: string): Promise<void> {
  const children = [...currentActor().children].filter(({ name }) => name !== but);
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
}

/** The promise, which must settle in time. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return deadline(promise, ms);
}

/** Waits for a fact that nobody announces. */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what: string,
  boundMs: number = BOUND_MS,
): Promise<void> {
  for (const end = performance.now() + boundMs; !await fact();) {
    if (performance.now() > end) throw new Error(`It did not come true within ${boundMs} ms: ${what}`);
    await delay(2);
  }
}

/** Lets everything happen that does not wait for somebody elsewhere. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What came first: the promise, or `"pending"` if only turns of the event loop have passed. */
export async function peek<T>(promise: Promise<T>): Promise<T | "pending"> {
  return await Promise.race([promise, turns().then(() => "pending" as const)]);
}

/** The error that a promise rejects with, expected from now on: it may reject before anybody waits for it. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  // deno-lint-ignore no-explicit-any -- of whatever arguments it is made
  Class: abstract new (...args: any[]) => E,
): Promise<E> {
  return await assertRejects(() => promise, Class);
}

/** The numbers from `from`, or 0, up to, and without, `to`. */
export function range(...bounds: [to: number] | [from: number, to: number]): number[] {
  const [from, to] = bounds.length === 1 ? [0, ...bounds] : bounds;
  return Array.from({ length: to - from }, (_, index) => from + index);
}
