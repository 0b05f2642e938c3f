import type { Connection, Receiver } from "./connection.ts";
import { ClosedError, DisconnectedError, TimeoutError } from "./errors.ts";
import type { Exit } from "./exit.ts";
import { whoActs } from "./kernel/acting.ts";
import { Lease } from "./kernel/holder.ts";
import { keepAlive } from "./kernel/keep_alive.ts";
import { type Patience, patience, type WaitOptions } from "./kernel/wait.ts";
import { wheel } from "./kernel/wheel.ts";
import type { Queue } from "./queue.ts";
import { type Source, sourceOf } from "./source.ts";
import type { EventFlag } from "./sync/event_flag.ts";

/** What ends at some time and tells how: a process, a ref. */
export interface Ending {
  /** How it ended. */
  readonly exited: Promise<Exit>;
}

/** What one can select from. */
// deno-lint-ignore no-explicit-any -- any other item type would refuse sources of some
export type SelectSource = Receiver<any> | Connection<any, any> | Queue<any> | EventFlag | Ending;

/** What is taken from a source. */
export type Taken<S> = S extends Queue<infer T> ? T
  : S extends Receiver<infer In> ? In
  : S extends EventFlag ? true
  : S extends { readonly exited: Promise<infer E> } ? E
  : never;

/** What `select` gives: the key of one source with what was taken from it. The key tells the type of the value. */
export type Selected<S> = { [K in keyof S]: { readonly key: K; readonly value: Taken<S[K]> } }[keyof S];

/**
 * Waits for several things at once and takes exactly one item from exactly one of them.
 *
 * - **Sources**: queues and ends of pipes give an item, an event flag gives true while it is set, a process or ref
 *   gives how it ended.
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
  const chosen = wait.once ? await selectOnce(entries, wait) : await selectOne(entries, wait);
  if (chosen === undefined) throw late(wait.timeoutMs);
  const [key, source, value] = chosen;
  served.set(source, ++servings);
  return { key, value } as Selected<S>;
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
  const action = "wait for what is ready";
  const wait = patience(action, options);
  const entries = entriesOf(action, sources);
  const end = performance.now() + wait.timeoutMs;
  while (true) {
    if (!wait.once && !await pollOne(entries, { ...wait, timeoutMs: end - performance.now() })) return [];
    const now = await readyAmong(entries, wait);
    // Somebody else may have been faster.
    if (now.length > 0 || wait.once) return now.map(([key]) => key);
  }
}

/** How long to wait for the word of those whose home is busy. */
const LOOK_MS = 1000;

/** When something was last taken from a source. */
const served = new WeakMap<Source, number>();
let servings = 0;

type Entry = readonly [key: string, source: Source];
type Choice = readonly [...Entry, value: unknown];

async function selectOnce(entries: readonly Entry[], wait: Patience): Promise<Choice | undefined> {
  let ended = 0;
  for (const [key, source] of inTurn(await readyAmong(entries, wait))) {
    try {
      const taken = await source.tryTake();
      if (taken !== undefined) return [key, source, taken.value];
    } catch (error) {
      if (!isEnd(error)) throw error;
      ended++;
    }
  }
  if (ended === entries.length) throw allEnded();
  return undefined;
}

function selectOne(entries: readonly Entry[], wait: Patience): Promise<Choice | undefined> {
  if (entries.length === 0) throw allEnded();
  const decision = new Decision<Choice>();
  let left = entries.length;
  for (const [key, source] of inTurn(entries)) {
    if (decision.made) break;
    let mine = false;
    // What has been claimed will come, and with it the outcome.
    const claim = () => mine = decision.make();
    source.take({ signal: decision.over, claim }).then(
      (value) => (mine || claim()) && decision.resolve([key, source, value]),
      (error) => {
        if (mine) return decision.reject(error);
        const ended = isEnd(error);
        if (ended && --left > 0) return;
        if (claim()) decision.reject(ended ? allEnded() : error);
      },
    );
  }
  return decision.within(wait);
}

/** Waits until one is ready, and says whether it was so in time. */
async function pollOne(entries: readonly Entry[], wait: Patience): Promise<boolean> {
  const decision = new Decision<true>();
  for (const [, source] of entries) {
    source.poll(decision.over).catch(() => {}).then(() => decision.make() && decision.resolve(true));
  }
  return await decision.within(wait) ?? false;
}

/** All that are ready. Whose home has not said so in a second is not. */
async function readyAmong(entries: readonly Entry[], { signal }: Patience): Promise<Entry[]> {
  const ready = new Set<Entry>();
  const decision = new Decision<void>();
  const looks = entries.map(async (entry) => {
    if (await entry[1].tryPoll().catch(() => true)) ready.add(entry);
  });
  Promise.all(looks).then(() => decision.make() && decision.resolve());
  await decision.within({ timeoutMs: LOOK_MS, once: false, signal });
  return entries.filter((entry) => ready.has(entry));
}

/** A wait that is decided once: by what comes, by an error, by time or by the signal, and nothing is taken after that. */
class Decision<T> {
  readonly #outcome = Promise.withResolvers<T | undefined>();
  readonly #over = new AbortController();
  #made = false;

  /** Whether it is decided, though the outcome may have yet to come. */
  get made(): boolean {
    return this.#made;
  }

  /** Aborts when the wait is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Decides it, unless somebody was faster; who does so tells the outcome. */
  make(): boolean {
    return !this.#made && (this.#made = true);
  }

  resolve(value?: T): void {
    this.#outcome.resolve(value);
  }

  reject(error: unknown): void {
    this.#outcome.reject(error);
  }

  /** The outcome; undefined when time ran out first. The dead do not go on. */
  async within({ timeoutMs, signal }: Patience): Promise<T | undefined> {
    const aborted = () => this.make() && this.reject(signal!.reason);
    const late = () => this.make() && this.resolve();
    signal?.addEventListener("abort", aborted, { once: true });
    if (signal?.aborted) aborted();
    const deadline = timeoutMs === Infinity ? undefined : wheel.after(timeoutMs, late);
    const end = () => {
      if (this.over.aborted) return;
      keepAlive.release();
      deadline?.cancel();
      signal?.removeEventListener("abort", aborted);
      this.#over.abort();
    };
    keepAlive.hold();
    const lease = new Lease(whoActs.holder(), () => {
      this.make();
      end();
    });
    try {
      return await this.#outcome.promise;
    } finally {
      lease.end();
      end();
    }
  }
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

/** Those that have waited longest since something was taken from them come first. */
function inTurn(entries: readonly Entry[]): Entry[] {
  return entries.toSorted(([, a], [, b]) => (served.get(a) ?? 0) - (served.get(b) ?? 0));
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
