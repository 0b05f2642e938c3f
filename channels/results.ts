import { Decision } from "./decision.ts";
import { TimeoutError } from "./errors.ts";
import { Deque } from "./kernel/deque.ts";
import { eventLoop } from "./kernel/event_loop.ts";
import { isThenable } from "./kernel/look.ts";
import type { OptionNames } from "./kernel/options.ts";
import { brief } from "./kernel/show.ts";
import { type Patience, patience, WAIT_OPTIONS, type WaitOptions } from "./kernel/wait.ts";
import { Settling } from "./settling.ts";

/** What became of one result, as `Promise.allSettled` says it, and which one it is. */
export type Completed<T> = PromiseSettledResult<T> & {
  /** Its index among the results that were given. */
  readonly index: number;
};

/** What `wait` takes. */
export interface WaitUntilOptions extends WaitOptions {
  /**
   * What ends the wait: `"all"`, when left out, that every result is settled; `"first"` that one is; `"first-error"` that
   * one is rejected, or every one fulfilled.
   */
  readonly until?: "all" | "first" | "first-error" | undefined;
}

/** The promises that `wait` was given, in their order. */
export interface Waited<P> {
  /** The promises that are settled. */
  readonly done: P[];
  /** The other promises. */
  readonly pending: P[];
}

const WAIT_UNTIL_OPTIONS: OptionNames<WaitUntilOptions> = { ...WAIT_OPTIONS, until: true };
const ENOUGH: readonly string[] = ["all", "first", "first-error"];

/**
 * Gives results in the order in which they come. (Python's `concurrent.futures.as_completed`.)
 *
 * - **Errors** are settlings like others: a rejected result ends nothing.
 * - **Time**: `timeoutMs` is for all results together, and counts from the call.
 * - **Twice**: a promise that was given twice comes twice, with both indexes.
 * - **Leaving** the loop changes nothing for the results that are pending, and leaves nothing behind on their promises.
 *
 * @param results promises, such as `pool.run` and `Process.result` give
 * @throws {TypeError} At once, if one is no promise or an option has the wrong type.
 * @throws {TimeoutError} If they had not all come in time.
 * @throws The signal's reason, when it aborts.
 *
 * @example Whichever comes first
 * ```ts
 * import { asCompleted, Pool, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function wait(ms: number): Promise<number> {
 *   await new Promise((resolve) => setTimeout(resolve, ms));
 *   return ms;
 * }
 * task(import.meta.url, wait);
 *
 * await using pool = new Pool({ size: 2, placement: "inline" });
 * const came: number[] = [];
 * for await (const one of asCompleted([pool.run(wait, [200]), pool.run(wait, [1])])) came.push(one.index);
 * assertEquals(came, [1, 0]);
 * ```
 */
export function asCompleted<P extends PromiseLike<unknown>>(
  results: Iterable<P>,
  options?: WaitOptions,
): AsyncGenerator<Completed<Awaited<P>>, void> {
  const wait = patience("go through results", options);
  const settlings = settlingsOf("go through results", results).map(([, settling]) => settling);
  return completed(settlings, wait, performance.now() + wait.timeoutMs) as AsyncGenerator<Completed<Awaited<P>>, void>;
}

/**
 * Waits for results, and says which are settled. It throws nothing when the time runs out: the others are `pending` then.
 * (Python's `concurrent.futures.wait`.)
 *
 * Giving up changes nothing for the results that are pending, and leaves nothing behind on their promises. So a wait for one
 * result with `timeoutMs` leaves its task running, which `timeoutMs` of `Pool.run` does not.
 *
 * @param results promises, such as `pool.run` and `Process.result` give
 * @throws {TypeError} If one is no promise or an option has the wrong type.
 * @throws The signal's reason, when it aborts.
 *
 * @example Look after a while, and wait for the rest
 * ```ts
 * import { wait } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const slow = Promise.withResolvers<void>();
 * const quick = Promise.resolve();
 * const { done, pending } = await wait([slow.promise, quick], { timeoutMs: 50 });
 * assertEquals([done, pending], [[quick], [slow.promise]]);
 * slow.resolve();
 * assertEquals((await wait(pending)).pending, []);
 * ```
 */
export async function wait<P extends PromiseLike<unknown>>(
  results: Iterable<P>,
  options: WaitUntilOptions = {},
): Promise<Waited<P>> {
  const action = "wait for results";
  const limits = patience(action, options, Infinity, WAIT_UNTIL_OPTIONS);
  const { until = "all" } = options;
  if (!ENOUGH.includes(until)) {
    throw new TypeError(`Cannot ${action}: until must be one of ${ENOUGH.join(", ")}, not ${brief(until)}`);
  }
  const all = settlingsOf(action, results);
  await enough(new Set(all.map(([, settling]) => settling)), until, limits);
  const isDone = ([, { result }]: readonly [P, Settling]) => result !== undefined;
  const promises = (some: (readonly [P, Settling])[]) => some.map(([promise]) => promise);
  return { done: promises(all.filter(isDone)), pending: promises(all.filter((one) => !isDone(one))) };
}

async function enough(
  settlings: ReadonlySet<Settling>,
  until: NonNullable<WaitUntilOptions["until"]>,
  limits: Patience,
): Promise<void> {
  // What is settled already says so at the next turn.
  if (limits.once) return await eventLoop.settle();
  const decision = new Decision<void>();
  let pending = settlings.size;
  const note = ({ result }: Settling) => {
    pending--;
    const isEnough = pending === 0 || until === "first" || (until === "first-error" && result!.status === "rejected");
    if (isEnough && decision.make()) decision.resolve();
  };
  for (const settling of settlings) settling.add(note);
  if (settlings.size === 0 && decision.make()) decision.resolve();
  try {
    await decision.within(limits);
  } finally {
    for (const settling of settlings) settling.delete(note);
  }
}

async function* completed(
  settlings: readonly Settling[],
  limits: Patience,
  endMs: number,
): AsyncGenerator<Completed<unknown>, void> {
  const { timeoutMs, once, signal } = limits;
  const indexes = new Map<Settling, number[]>();
  for (const [index, settling] of settlings.entries()) {
    const known = indexes.get(settling);
    if (known === undefined) indexes.set(settling, [index]);
    else known.push(index);
  }
  const settled = new Deque<Settling>();
  let arrived = () => {};
  const note = (settling: Settling) => {
    settled.push(settling);
    arrived();
  };
  const early = [...indexes.keys()].filter(({ result }) => result !== undefined);
  for (const settling of early.sort((a, b) => a.order - b.order)) settled.push(settling);
  for (const settling of indexes.keys()) if (settling.result === undefined) settling.add(note);
  try {
    if (once) await eventLoop.settle();
    for (let left = indexes.size; left > 0; left--) {
      signal?.throwIfAborted();
      if (settled.size === 0) {
        const decision = new Decision<true>();
        arrived = () => decision.make() && decision.resolve(true);
        if (await decision.within({ ...limits, once: false, timeoutMs: endMs - performance.now() }) === undefined) {
          const message = `Cannot go through results: ${left} of ${indexes.size} had not come after ${timeoutMs} ms`;
          throw new TimeoutError(message, { timeoutMs });
        }
      }
      const settling = settled.shift()!;
      for (const index of indexes.get(settling)!) yield { ...settling.result!, index };
    }
  } finally {
    for (const settling of indexes.keys()) settling.delete(note);
  }
}

/** Each of the results with what is known of it. */
function settlingsOf<P extends PromiseLike<unknown>>(
  action: string,
  results: Iterable<P>,
): (readonly [P, Settling])[] {
  if (typeof results !== "object" || results === null || typeof results[Symbol.iterator] !== "function") {
    throw new TypeError(`Cannot ${action}: they must be iterable, not ${brief(results)}`);
  }
  const all = [...results];
  const wrong = all.findIndex((one) => !isThenable(one));
  if (wrong >= 0) throw new TypeError(`Cannot ${action}: number ${wrong} must be a promise, not ${brief(all[wrong])}`);
  return all.map((promise) => [promise, Settling.of(promise)] as const);
}
