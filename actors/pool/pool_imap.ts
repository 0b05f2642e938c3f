import { TimeoutError } from "../../channels/errors.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { brief } from "../../channels/kernel/show.ts";
import type { Patience } from "../../channels/kernel/wait.ts";
import { type Deadline, wheel } from "../../channels/kernel/wheel.ts";
import { assertMayStart } from "../start_guard.ts";
import { STOPS } from "./chunk_plan.ts";
import type { Job, PackedItems, PoolClient } from "./pool_client.ts";
import { unsaid, withIndex } from "./pool_map.ts";
import { checkImapOptions, type ImapOptions } from "./pool_options.ts";
import { nameOf, type TaskName, taskNameOf } from "./task_name.ts";

/** Items that were given to the pool together, and what has come back of them. */
interface Batch {
  readonly values: Deque<unknown>;
  /** How many of its items were taken from the source and not yielded. */
  ahead: number;
  failure: { readonly index: number; readonly error: unknown } | undefined;
  over: boolean;
}

/** Checks the arguments; nothing is taken from the source before the first result is asked for. */
export function imap(
  client: PoolClient,
  task: unknown,
  source: Iterable<unknown> | AsyncIterable<unknown>,
  options: ImapOptions,
  ordered: boolean,
): AsyncGenerator<unknown> {
  const name = taskNameOf("imap", task);
  const wait = checkImapOptions("imap", options);
  assertMayStart("imap");
  return new PoolStream(client, name, iteratorOf(source), options, wait, ordered).results();
}

/** A map over a source that is read no further than its results are wanted. */
class PoolStream {
  readonly #client: PoolClient;
  readonly #source: Iterator<unknown> | AsyncIterator<unknown>;
  readonly #window: number;
  readonly #chunkSize: number;
  readonly #wait: Patience;
  readonly #ordered: boolean;
  /** Failures are results like others. */
  readonly #settles: boolean;
  readonly #job: Job;
  /** In the order of the source; those that are over and empty leave. */
  readonly #batches = new Set<Batch>();
  #taken = 0;
  #ahead = 0;
  #pulling = false;
  #ended = false;
  #left = false;
  /** What the source threw. */
  #broken: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(
    client: PoolClient,
    task: TaskName,
    source: Iterator<unknown> | AsyncIterator<unknown>,
    { window = 2 * client.size, chunkSize = 1, retries = 0, onError }: ImapOptions,
    wait: Patience,
    ordered: boolean,
  ) {
    this.#client = client;
    this.#source = source;
    this.#window = window;
    this.#chunkSize = Math.min(chunkSize, window);
    this.#wait = wait;
    this.#ordered = ordered;
    this.#settles = onError === "yield";
    this.#job = client.newJob(task, this.#settles ? 0 : STOPS, retries, 0);
  }

  async *results(): AsyncGenerator<unknown> {
    const { timeoutMs, signal } = this.#wait;
    const aborted = () => this.#wake();
    signal?.addEventListener("abort", aborted, { once: true });
    let deadline: Deadline | undefined;
    let late = false;
    try {
      while (true) {
        signal?.throwIfAborted();
        void this.#pull();
        const batch = this.#next();
        if (batch !== undefined) {
          deadline?.cancel();
          deadline = undefined;
          late = false;
          if (batch.values.size > 0) {
            yield batch.values.shift();
            // Not before: until its reader is back nothing takes its place.
            batch.ahead--;
            this.#ahead--;
          } else throw withIndex(batch.failure!.error, batch.failure!.index);
        } else if (this.#ended && this.#batches.size === 0) {
          if (this.#broken !== undefined) throw this.#broken.error;
          return;
        } else {
          if (late || this.#wait.once) throw this.#late();
          const woken = new Promise<void>((resolve) => this.#wake = resolve);
          if (timeoutMs !== Infinity) {
            deadline ??= wheel.after(timeoutMs, () => {
              late = true;
              this.#wake();
            });
          }
          await woken;
        }
      }
    } finally {
      deadline?.cancel();
      signal?.removeEventListener("abort", aborted);
      await this.#leave();
    }
  }

  #late(): TimeoutError {
    const { timeoutMs } = this.#wait;
    const message = `Cannot imap ${nameOf(this.#job.task)}: the next result took more than ${timeoutMs} ms`;
    return new TimeoutError(message, { timeoutMs });
  }

  /** A batch that has something to yield or to throw, and whose turn it is. */
  #next(): Batch | undefined {
    for (const batch of this.#batches) {
      if (batch.values.size > 0 || batch.failure !== undefined) return batch;
      if (batch.over) {
        this.#batches.delete(batch);
        this.#ahead -= batch.ahead;
      } else if (this.#ordered) return undefined;
    }
    return undefined;
  }

  /** Takes from the source what the window has room for. */
  async #pull(): Promise<void> {
    if (this.#pulling) return;
    this.#pulling = true;
    let items: unknown[] = [];
    try {
      while (!this.#ended && !this.#left && this.#ahead < this.#window) {
        const { done, value } = await this.#source.next();
        if (this.#left) return;
        if (done) this.#ended = true;
        else {
          this.#ahead++;
          items.push(value);
        }
        // With no room for more, what is there must go, or nothing would ever make room.
        if (items.length < this.#chunkSize && this.#ahead < this.#window && !this.#ended) continue;
        const full = items;
        items = [];
        if (full.length > 0) this.#give(full);
      }
    } catch (error) {
      this.#broken = { error };
      this.#ended = true;
      if (items.length > 0 && !this.#left) this.#give(items);
    } finally {
      this.#pulling = false;
      this.#wake();
    }
  }

  #give(items: unknown[]): void {
    const first = this.#taken;
    this.#taken += items.length;
    const batch: Batch = { values: new Deque(), ahead: items.length, failure: undefined, over: false };
    this.#batches.add(batch);
    void this.#do(batch, items, first);
  }

  async #do(batch: Batch, items: unknown[], first: number): Promise<void> {
    try {
      await this.#run(batch, items, first);
    } catch (error) {
      // Not one of its items: there is no pool, or no worker, to do it.
      batch.failure ??= { index: first, error };
    } finally {
      batch.over = true;
      this.#wake();
    }
  }

  async #run(batch: Batch, items: unknown[], first: number): Promise<void> {
    let packed: PackedItems;
    try {
      [packed] = this.#client.packItems(items, first, items.length);
    } catch (error) {
      if (items.length === 1) return this.#tell(batch, first, error, true);
      // One of them cannot travel, and the others are to be done.
      for (const [i, item] of items.entries()) {
        if (batch.failure === undefined && !this.#left) await this.#run(batch, [item], first + i);
      }
      return;
    }
    let at = first;
    const missing = await this.#client.chunk(this.#job, packed, items.length, ([values, thrown]) => {
      for (const [i, value] of values.entries()) this.#tell(batch, at + i, value, thrown?.includes(i) ?? false);
      at += values.length;
      this.#wake();
    });
    if (missing > 0 && batch.failure === undefined && !this.#left) throw unsaid();
  }

  /** What became of one item. */
  #tell(batch: Batch, index: number, value: unknown, failed: boolean): void {
    if (!this.#settles) {
      if (failed) batch.failure ??= { index, error: value };
      else batch.values.push(value);
    } else {
      batch.values.push(
        failed ? { status: "rejected", reason: withIndex(value, index) } : { status: "fulfilled", value },
      );
    }
  }

  /** Nobody wants more: what has begun is aborted, and the source's `finally` runs. */
  async #leave(): Promise<void> {
    this.#left = true;
    if (this.#batches.size > 0) this.#client.abort(this.#job, -1);
    if (this.#ended) return;
    // A source that is in the middle of making an item may never be done with it.
    const returned = Promise.resolve(this.#source.return?.());
    if (this.#pulling) returned.catch(() => {});
    else await returned;
  }
}

/** @throws {TypeError} If there is nothing to iterate. */
function iteratorOf(source: Iterable<unknown> | AsyncIterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = Object(source) as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >;
  if (typeof later === "function") return later.call(source as AsyncIterable<unknown>);
  if (typeof now === "function") return now.call(source as Iterable<unknown>);
  throw new TypeError(`Cannot imap: the items must be iterable, not ${brief(source)}`);
}
