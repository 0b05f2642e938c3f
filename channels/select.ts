import type { Connection, Receiver } from "./connection.ts";
import { ClosedError, DisconnectedError, TimeoutError } from "./errors.ts";
import type { Exit } from "./exit.ts";
import { keepAlive } from "./kernel/keep_alive.ts";
import { type Patience, patience, type WaitOptions } from "./kernel/wait.ts";
import { wheel } from "./kernel/wheel.ts";
import type { Queue } from "./queue.ts";
import type { Listener } from "./remote/listener.ts";
import { type Source, sourceOf } from "./source.ts";
import type { EventFlag } from "./sync/event_flag.ts";

/** What ends at some time and tells how: a process, a ref. */
export interface Ending {
  /** How it ended. */
  readonly exited: Promise<Exit>;
}

/** What one can select from. */
// deno-lint-ignore no-explicit-any -- any other item type would refuse sources of some
export type SelectSource = Receiver<any> | Connection<any, any> | Queue<any> | EventFlag | Ending | Listener<any, any>;

/** What is taken from a source. */
export type Taken<S> = S extends Queue<infer T> ? T
  : S extends Listener<infer Out, infer In> ? Connection<Out, In>
  : S extends Receiver<infer In> ? In
  : S extends EventFlag ? true
  : S extends { readonly exited: Promise<infer E> } ? E
  : never;

/** What `select` gives: the key of one source with what was taken from it. The key tells the type of the value. */
export type Selected<S> = { [K in keyof S]: { readonly key: K; readonly value: Taken<S[K]> } }[keyof S];

let turn = 0;

/**
 * Waits for several things at once and takes exactly one item from exactly one of them.
 *
 * - **Sources**: queues and ends of pipes give an item, an event flag gives true while it is set, a process or ref
 *   gives how it ended, a listener gives a connection.
 * - **Fairness**: when several are ready they take turns.
 * - **Ends**: a source that is closed and drained, or whose peer is gone, is passed over.
 * - **Cancellation**: what was not chosen is not taken, and nothing is when time runs out or the signal aborts.
 *
 * @param sources what to wait for, each under a key
 * @throws {ClosedError} If all have ended, or a handle was closed by its own holder.
 * @throws {TimeoutError} If nothing came in time.
 * @throws {TypeError} If something cannot be selected from.
 *
 * @example Whichever comes first
 * ```ts
 * import { EventFlag, Queue, select } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const jobs = new Queue<number>();
 * const stop = new EventFlag();
 * await jobs.put(7);
 * assertEquals(await select({ jobs, stop }), { key: "jobs", value: 7 });
 * ```
 */
export async function select<S extends Readonly<Record<string, SelectSource>>>(
  sources: S,
  options?: WaitOptions,
): Promise<Selected<S>> {
  const wait = patience("select", options);
  const entries = entriesOf("select", sources);
  const chosen = wait.once ? await selectOnce(entries) : await selectOne(entries, wait);
  if (chosen === undefined) throw late(wait.timeoutMs);
  return chosen as Selected<S>;
}

/**
 * Waits until at least one of several things is ready, and gives the keys of all that are. Takes nothing.
 *
 * What is closed and drained, or whose peer is gone, counts as ready: one would not have to wait to learn it. (Python's
 * `multiprocessing.connection.wait`.) When one thing stands under several keys only the first is given.
 *
 * @param sources what to wait for, each under a key
 * @returns the keys; none when time ran out
 * @throws {ClosedError} If a handle was closed by its own holder.
 * @throws {TypeError} If something cannot be waited for.
 *
 * @example See who has sent something
 * ```ts
 * import { pipe, ready } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = pipe();
 * await a.send("hello");
 * assertEquals(await ready({ a, b }), ["b"]);
 * ```
 */
export async function ready<S extends Readonly<Record<string, SelectSource>>>(
  sources: S,
  options?: WaitOptions,
): Promise<(keyof S & string)[]> {
  const wait = patience("wait for what is ready", options);
  const entries = entriesOf("wait for what is ready", sources);
  const now = await readyNow(entries);
  if (now.length > 0 || wait.once) return now;
  const controller = new AbortController();
  const polls = entries.map(([, source]) => source.poll(controller.signal).catch(() => {}));
  try {
    if (!await settledInTime(wait, Promise.race(polls))) return [];
  } finally {
    controller.abort();
  }
  return await readyNow(entries);
}

type Entry = readonly [key: string, source: Source];

interface Choice {
  readonly key: string;
  readonly value: unknown;
}

async function selectOnce(entries: readonly Entry[]): Promise<Choice | undefined> {
  let ended = 0;
  for (const [key, source] of rotated(entries)) {
    try {
      const taken = await source.tryTake();
      if (taken !== undefined) return { key, value: taken.value };
    } catch (error) {
      if (!isEnd(error)) throw error;
      ended++;
    }
  }
  if (ended === entries.length) throw allEnded();
  return undefined;
}

async function selectOne(entries: readonly Entry[], wait: Patience): Promise<Choice | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Choice>();
  promise.catch(() => {});
  const controller = new AbortController();
  let left = entries.length;
  let claimed = false;
  if (left === 0) reject(allEnded());
  for (const [key, source] of rotated(entries)) {
    if (claimed) break;
    // Two may be ready before either promise has run on: the first to claim is the one that is taken.
    let mine = false;
    const claim = () => !claimed && (claimed = mine = true);
    const taken = (value: unknown) => {
      if (mine || claim()) resolve({ key, value });
    };
    source.take({ signal: controller.signal, claim }).then(taken, (error) => {
      if (!isEnd(error)) reject(error);
      else if (--left === 0) reject(allEnded());
    });
  }
  try {
    if (await settledInTime(wait, promise.catch(() => {}), () => claimed)) return await promise;
    claimed = true;
    return undefined;
  } finally {
    controller.abort();
  }
}

/** Whether it settled before time ran out. Throws the signal's reason. */
async function settledInTime(
  wait: Patience,
  settling: Promise<unknown>,
  unlessDecided = () => false,
): Promise<boolean> {
  const { timeoutMs, signal } = wait;
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const aborted = () => unlessDecided() || reject(signal!.reason);
  signal?.addEventListener("abort", aborted, { once: true });
  const deadline = timeoutMs === Infinity ? undefined : wheel.after(timeoutMs, () => unlessDecided() || resolve(false));
  keepAlive.hold();
  void settling.then(() => resolve(true));
  try {
    return await promise;
  } finally {
    keepAlive.release();
    deadline?.cancel();
    signal?.removeEventListener("abort", aborted);
  }
}

async function readyNow(entries: readonly Entry[]): Promise<string[]> {
  const states = await Promise.all(entries.map(([, source]) => source.tryPoll().catch(() => true)));
  return entries.filter((_, index) => states[index]).map(([key]) => key);
}

/** Checks what to wait for; what stands under several keys is there once. */
function entriesOf(action: string, sources: Readonly<Record<string, unknown>>): Entry[] {
  if (typeof sources !== "object" || sources === null) {
    throw new TypeError(`Cannot ${action}: the sources must be an object`);
  }
  const known = new Set<Source>();
  const entries: Entry[] = [];
  for (const [key, face] of Object.entries(sources)) {
    const source = sourceOf(face);
    if (source === undefined) throw new TypeError(`Cannot ${action}: "${key}" is nothing that can be waited for`);
    source.assertOpen();
    if (known.has(source)) continue;
    known.add(source);
    entries.push([key, source]);
  }
  return entries;
}

function rotated(entries: readonly Entry[]): Entry[] {
  const start = entries.length === 0 ? 0 : turn++ % entries.length;
  return [...entries.slice(start), ...entries.slice(0, start)];
}

function isEnd(error: unknown): boolean {
  return error instanceof ClosedError || error instanceof DisconnectedError;
}

function allEnded(): ClosedError {
  return new ClosedError("Cannot select: every source has ended");
}

function late(timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot select: nothing came in ${timeoutMs} ms`, { timeoutMs });
}
