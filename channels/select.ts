import type { Connection, Receiver } from "./connection.ts";
import { ClosedError, DisconnectedError, TimeoutError } from "./errors.ts";
import type { Exit } from "./exit.ts";
import { channelWait, type Patience, type WaitOptions } from "./kernel/wait.ts";
import type { Queue } from "./queue.ts";
import { Decision } from "./decision.ts";
import type { Listener } from "./remote/listener.ts";
import { type Source, sourceOf } from "./source.ts";
import { Turn } from "./turn.ts";
import type { EventFlag } from "./sync/event_flag.ts";

/** What ends at some time and tells how: a process, a ref. */
export interface Ending {
  /** How it ended. */
  readonly exited: Promise<Exit>;
}

/** What one can select from. */
export type SelectSource =
  | Receiver<unknown>
  | Connection<unknown>
  | Queue<unknown>
  | EventFlag
  | Ending
  | Listener<unknown>;

/** What is taken from a source. */
export type Taken<S> = S extends Queue<infer T> ? T
  : S extends Listener<infer Out, infer In> ? Connection<Out, In>
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
 *   gives how it ended, a listener gives a connection.
 * - **Fairness**: when several are ready they take turns, also when some answer sooner than others. (What counts is the
 *   handle: keep it from one call to the next.)
 * - **Ends**: a source that is closed and drained, or whose peer is gone, is passed over.
 * - **Cancellation**: what was not chosen is not taken, and nothing is when time runs out, the signal aborts, or the actor
 *   or task that waits is asked to stop: then it rejects with the reason of `current().signal`.
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
  const wait = channelWait("select", options);
  const entries = entriesOf("select", sources);
  const chosen = wait.once ? await selectOnce(entries, wait) : await selectOne(entries, wait);
  if (chosen === undefined) throw late(wait.timeoutMs);
  const [key, source, value] = chosen;
  Turn.of(source).had(true);
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
  const wait = channelWait(action, options);
  const entries = entriesOf(action, sources);
  const end = performance.now() + wait.timeoutMs;
  while (true) {
    if (!wait.once && !await pollOne(entries, { ...wait, timeoutMs: end - performance.now() })) return [];
    const now = await readyAmong(entries, wait, LOOK_MS);
    // Somebody else may have been faster.
    if (now.length > 0 || wait.once) return now.map(([key]) => key);
  }
}

/** How long to wait for the word of those whose home is busy. */
const LOOK_MS = 1000;

/** How long the others wait for the word of one whose turn it is: its home may be busy. */
const FAVOUR_MS = 100;

type Entry = readonly [key: string, source: Source];
type Choice = readonly [...Entry, value: unknown];

async function selectOnce(entries: readonly Entry[], wait: Patience): Promise<Choice | undefined> {
  let ended = 0;
  for (const [key, source] of inTurn(await readyAmong(entries, wait, LOOK_MS))) {
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

async function selectOne(entries: readonly Entry[], wait: Patience): Promise<Choice | undefined> {
  if (entries.length === 0) throw allEnded();
  const decision = new Decision<Choice>();
  const outcome = decision.within(wait);
  // It may come before it is awaited.
  outcome.catch(() => {});
  const order = inTurn(entries);
  const unasked = new Set(order);
  let left = entries.length;
  const ask = (entry: Entry) => {
    if (decision.made || !unasked.delete(entry)) return;
    let mine = false;
    // What has been claimed will come, and with it the outcome.
    const claim = () => mine = decision.make();
    entry[1].take({ signal: decision.over, claim }).then(
      (value) => (mine || claim()) && decision.resolve([...entry, value]),
      (error) => {
        if (mine) return decision.reject(error);
        const ended = isEnd(error);
        if (ended && --left > 0) return;
        if (claim()) decision.reject(ended ? allEnded() : error);
      },
    );
  };
  const due = order.find(([, source]) => Turn.of(source).due);
  if (due !== undefined) await favour(due, ask, wait).catch(() => {});
  for (const entry of order) ask(entry);
  const chosen = await outcome;
  const place = order.findIndex(([, source]) => source === chosen?.[1]);
  for (const [, source] of order.slice(0, Math.max(0, place))) Turn.of(source).passedOver();
  return chosen;
}

/** Asks one before the others, and gives it time to answer. */
async function favour(entry: Entry, ask: (entry: Entry) => void, wait: Patience): Promise<void> {
  const [ready] = await readyAmong([entry], wait, FAVOUR_MS);
  Turn.of(entry[1]).had(ready !== undefined);
  if (ready === undefined) return;
  ask(entry);
  // Its home answers in order: what it has comes before this.
  await readyAmong([entry], wait, FAVOUR_MS);
}

/** Waits until one is ready, and says whether it was so in time. */
async function pollOne(entries: readonly Entry[], wait: Patience): Promise<boolean> {
  const decision = new Decision<true>();
  for (const [, source] of entries) {
    source.poll(decision.over).catch(() => {}).then(() => decision.make() && decision.resolve(true));
  }
  return await decision.within(wait) ?? false;
}

/** All sources that are ready. A source whose home has not answered in time is not. */
async function readyAmong(entries: readonly Entry[], { signal, stop }: Patience, timeoutMs: number): Promise<Entry[]> {
  const ready = new Set<Entry>();
  const decision = new Decision<void>();
  const looks = entries.map(async (entry) => {
    if (await entry[1].tryPoll().catch(() => true)) ready.add(entry);
  });
  Promise.all(looks).then(() => decision.make() && decision.resolve());
  await decision.within({ timeoutMs, once: false, signal, stop });
  return entries.filter((entry) => ready.has(entry));
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

/** The one that has waited longest for its turn comes first. */
function inTurn(entries: readonly Entry[]): Entry[] {
  return entries.toSorted(([, a], [, b]) => Turn.of(a).last - Turn.of(b).last);
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
