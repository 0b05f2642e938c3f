import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { expected, isFlag, isNumber, startsWith } from "../../channels/kernel/shape.ts";
import { checkOptions } from "../../channels/kernel/options.ts";
import { brief } from "../../channels/kernel/show.ts";
import { patience, type WaitOptions } from "../../channels/kernel/wait.ts";
import type { ArgsThenOptions } from "../spawn.ts";
import { assertMayStart } from "../start_guard.ts";
import { Crew } from "./crew.ts";
import { CANCEL_PENDING, POOL, PoolCell } from "./pool_cell.ts";
import { PoolClient } from "./pool_client.ts";
import { imap } from "./pool_imap.ts";
import { PoolMap } from "./pool_map.ts";
import type { PoolStats } from "./pool_stats.ts";
import {
  CLOSE_OPTIONS,
  type CloseOptions,
  type ImapOptions,
  type MapOptions,
  type PoolOptions,
  type RunOptions,
} from "./pool_options.ts";
import type { Submission } from "./submission.ts";

/**
 * Workers that run tasks: a few, and again and again the same. (Python's `multiprocessing.Pool` and
 * `ProcessPoolExecutor`.)
 *
 * - **Workers** are started when there is work for them, or all by `start()`, and end with whoever made the pool. They run
 *   one task at a time each; one that takes a task may have run others before it.
 * - **Death**: a worker's death rejects the call that it was running with {@linkcode ActorExitedError}, or moves it
 *   elsewhere (`retries`), and another takes its place. Of a map's chunk it costs the item that ran; of a task
 *   that has run a thousand times in microseconds, the items of up to a millisecond, which are told of together. What had
 *   not begun is done by others.
 * - **Workers that cannot work**: when one cannot start and no other lives, or three in a row end before they have begun
 *   anything (killed, or by what the initializer left behind), what waits rejects with {@linkcode StartError}, whose `cause`
 *   is how the last one ended; so does `start()`. The next piece of work, or `start()`, has workers started again, and counts
 *   anew. A worker that has begun something never counts.
 * - **Errors**: what a task throws, whatever it is, rejects that call or fails that item, and nothing else.
 * - **Cancellation**: when time runs out or a signal aborts, the promise rejects at once. A task that had not begun never
 *   will; one that had is asked to stop by its `current().signal`, and half a second later its worker is replaced. That
 *   ends even a busy loop in a thread or subprocess; `"inline"` its result is dropped, but the code goes on, and a busy
 *   loop there stops the whole program.
 * - **Ahead**: of tasks that are known to be quick a worker is given up to a millisecond's work before it is done with what it
 *   has, and several pieces of a map together, so that it does not wait for the pool. Should it get stuck, others do what it
 *   has not begun; a subprocess that computes can say what that is only when it pauses.
 * - **Order**: by `priority`, and first come, first served. One task waits for another of the same pool at its own risk:
 *   when every worker waits so, nobody is left who could run it.
 * - **Modules**: a worker imports the modules of the tasks it is given: before anything else those that the pool knew when
 *   it was started, others when they come, and where it may not (in a sandbox, say), a new worker takes its place.
 * - **A signal** that ends the program in order (see {@linkcode onExit}) asks the workers to stop: what they have begun they may
 *   finish within 5 s, and are killed then. Nothing new begins. To drain a pool instead, close and join it in a
 *   program that handles the signal itself.
 * - **Placement**: threads when left out. A pool of `"inline"` workers is for tasks that wait for others: `size` says how
 *   many do at a time.
 * - **Travel**: it can be sent anywhere, and works there, also in its own tasks. Each holder may close it. Another program
 *   that has it may only run what this one has registered where the pool was made, or has run in it.
 * - **Disposal** closes the pool and joins it. One that is collected without having been closed is closed with a warning.
 *
 * @example Run one task, and map over many
 * ```ts
 * import { Pool, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * function square(n: number): number {
 *   return n * n;
 * }
 * task(import.meta.url, square);
 *
 * await using pool = new Pool({ size: 2, placement: "inline" });
 * assertEquals(await pool.run(square, [7]), 49);
 * assertEquals(await pool.map(square, [1, 2, 3]), [1, 4, 9]);
 * ```
 */
export class Pool implements AsyncDisposable {
  readonly #client: PoolClient;

  /**
   * Makes a pool, and starts nothing yet.
   *
   * @throws {TypeError} If an option has the wrong type, or the initializer is not registered.
   * @throws {RangeError} If a number is out of range.
   * @throws {NotSerializableError} If an argument of the initializer cannot travel.
   * @throws {StartError} If the placement cannot enforce an option.
   */
  constructor(options: PoolOptions = {}) {
    if (arriving !== undefined) {
      this.#client = arriving;
      arriving = undefined;
    } else {
      const crew = new Crew(options);
      const cell = new PoolCell(crew);
      // Where a worker is given so many and no more, each is counted.
      this.#client = new PoolClient(cell, crew.size, crew.maxTasksPerWorker === Infinity);
      collected.register(this, cell);
    }
    const { target, size, joins } = this.#client;
    enroll(this, () => ({ kind: POOL, target, meta: [size, joins] }));
  }

  /** How many workers it has at most. */
  get size(): number {
    return this.#client.size;
  }

  /**
   * Starts all workers.
   *
   * @throws {StartError} If one cannot start, or its initializer throws, which is the `cause`, or three in a row end before
   * they have begun anything; those that have nothing to do have ended then. Nothing is tried again before there is work,
   * or another `start()`.
   * @throws {PoolClosedError} If the pool is closed.
   */
  async start(): Promise<void> {
    assertMayStart("start a pool");
    await this.#client.request("start");
  }

  /**
   * Runs a task in the first worker that is free, and gives its result.
   *
   * @param task a function registered by `task`
   * @param rest its arguments, as an array, which are read now, and options
   * @throws {TypeError} If the task is not registered or an option has the wrong type.
   * @throws {RangeError} If `retries` is out of range, or goes with `transfer`.
   * @throws {NotSerializableError} If an argument or the result cannot travel.
   * @throws {ActorExitedError} If the worker died that was running it.
   * @throws {StartError} If no worker could be started, or three in a row ended before they had begun anything.
   * @throws {TimeoutError} If it was not done in time.
   * @throws {FullError} If so many calls wait as `maxQueue` allows, and the pool's `overflow` is `"reject"`.
   * @throws {PoolClosedError} If the pool is closed, or was terminated meanwhile.
   * @throws What the task throws.
   */
  run<A extends unknown[], R>(
    task: (...args: A) => R,
    ...rest: ArgsThenOptions<A, RunOptions>
  ): Promise<Awaited<R>> {
    const [args = [], options = {}] = rest as unknown as [unknown[]?, RunOptions?];
    return this.#client.run(task, args, options) as Promise<Awaited<R>>;
  }

  /**
   * Does what `run` does, for a task that can be taken back while no worker has begun it. (Python's `Executor.submit`.)
   *
   * `timeoutMs` and `signal` end the task, as those of `run` do. `wait([submitted.result], { timeoutMs })` ends the waiting
   * alone: the task goes on.
   *
   * @throws {TypeError} At once, if the task is not registered or an option has the wrong type.
   * @throws {RangeError} At once, if `retries` is out of range, or goes with `transfer`.
   * @throws {NotSerializableError} At once, if an argument cannot travel.
   *
   * @example Take back what has not begun
   * ```ts
   * import { Pool, task } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * function square(n: number): number {
   *   return n * n;
   * }
   * task(import.meta.url, square);
   *
   * await using pool = new Pool({ size: 1, placement: "inline" });
   * const first = pool.submit(square, [7]);
   * const second = pool.submit(square, [8]);
   * assertEquals(await second.cancel(), true);
   * assertEquals(await first.result, 49);
   * assertEquals(await first.cancel(), false);
   * ```
   */
  submit<A extends unknown[], R>(
    task: (...args: A) => R,
    ...rest: ArgsThenOptions<A, RunOptions>
  ): Submission<Awaited<R>> {
    const [args = [], options = {}] = rest as unknown as [unknown[]?, RunOptions?];
    return this.#client.submit(task, args, options) as Submission<Awaited<R>>;
  }

  /**
   * Resolves when a call would find room in the queue, which is bounded by `maxQueue`. That reserves nothing: others may be
   * faster. A loop that awaits no results awaits this before each call, so as not to fill the memory.
   *
   * @throws {TimeoutError} If there was no room in time.
   * @throws {PoolClosedError} If the pool is closed.
   *
   * @example A loop that waits for no result, and never has more than ten calls waiting
   * ```ts
   * import { Pool, task } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * function square(n: number): number {
   *   return n * n;
   * }
   * task(import.meta.url, square);
   *
   * await using pool = new Pool({ size: 2, maxQueue: 10, placement: "inline" });
   * let sum = 0;
   * for (let n = 1; n <= 100; n++) {
   *   await pool.ready();
   *   void pool.run(square, [n]).then((result) => sum += result);
   * }
   * await pool.close();
   * await pool.join();
   * assertEquals(sum, 338_350);
   * ```
   */
  async ready(options?: WaitOptions): Promise<void> {
    await this.#client.ready(options);
  }

  /**
   * Runs a task for each item, and gives the results in the order of the items, which are read now.
   *
   * On a failure no further chunk is begun and the tasks that run are asked to stop. What had begun of items before the
   * failed one is waited for, so that the error is that of the lowest failing index, which is its `index`. A task that
   * leaves by the reason of its `current().signal` has not failed.
   *
   * @throws What the first task in the order of items that failed threw, with its `index`. Else as `run`.
   *
   * @example At most a minute, and each item twice if need be
   * ```ts
   * import { Pool, task } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * function length(text: string): number {
   *   return text.length;
   * }
   * task(import.meta.url, length);
   *
   * await using pool = new Pool({ size: 2, placement: "inline" });
   * const lengths = await pool.map(length, ["one", "three"], { timeoutMs: 60_000, retries: 1 });
   * assertEquals(lengths, [3, 5]);
   * ```
   */
  map<T, R>(
    task: (item: T) => R,
    items: Iterable<NoInfer<T>>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return this.#map(task, items, options, false, false) as Promise<Awaited<R>[]>;
  }

  /** The same for items that are lists of arguments. */
  starmap<A extends unknown[], R>(
    task: (...args: A) => R,
    items: Iterable<Readonly<NoInfer<A>>>,
    options: MapOptions = {},
  ): Promise<Awaited<R>[]> {
    return this.#map(task, items, options, true, false) as Promise<Awaited<R>[]>;
  }

  /** As `map`, but runs the task for every item, and gives every outcome. */
  mapSettled<T, R>(
    task: (item: T) => R,
    items: Iterable<NoInfer<T>>,
    options: MapOptions = {},
  ): Promise<PromiseSettledResult<Awaited<R>>[]> {
    return this.#map(task, items, options, false, true) as Promise<PromiseSettledResult<Awaited<R>>[]>;
  }

  /**
   * Runs a task for each item of a source of any length, and gives the results in the order of the source.
   *
   * - **Back pressure**: at most `window` items are taken from the source before their results are, none before the first
   *   result is asked for.
   * - **Leaving** the loop, or an error, aborts the signals of what runs, and runs the source's `finally`.
   * - **Errors**: the results before the failed item come first, then its error, with its `index`, which ends it. With
   *   `onError: "yield"` errors of tasks are results, and it goes on.
   * - **Closing** the pool meanwhile ends it with {@linkcode PoolClosedError}, after the results of what was taken.
   *
   * @throws {TypeError} At once, if an argument has the wrong type.
   * @throws {TimeoutError} If the next result took longer than `timeoutMs`.
   *
   * @example Go on after errors
   * ```ts
   * import { Pool, task } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * function root(n: number): number {
   *   if (n < 0) throw new RangeError("it has no root");
   *   return Math.sqrt(n);
   * }
   * task(import.meta.url, root);
   *
   * await using pool = new Pool({ size: 2, placement: "inline" });
   * const roots: number[] = [];
   * for await (const outcome of pool.imap(root, [4, -1, 9], { onError: "yield" })) {
   *   if (outcome.status === "fulfilled") roots.push(outcome.value);
   *   else assertEquals(outcome.reason.index, 1);
   * }
   * assertEquals(roots, [2, 3]);
   * ```
   */
  imap<T, R>(
    task: (item: T) => R,
    items: Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>,
    options: ImapOptions & { readonly onError: "yield" },
  ): AsyncGenerator<PromiseSettledResult<Awaited<R>>, void>;
  /** The same, ended by the first error. */
  imap<T, R>(
    task: (item: T) => R,
    items: Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>,
    options?: ImapOptions & { readonly onError?: "throw" | undefined },
  ): AsyncGenerator<Awaited<R>, void>;
  imap(task: unknown, items: Iterable<unknown> | AsyncIterable<unknown>, options: ImapOptions = {}): unknown {
    return imap(this.#client, task, items, options, true);
  }

  /** As `imap`, with the results in the order in which they come. */
  imapUnordered<T, R>(
    task: (item: T) => R,
    items: Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>,
    options: ImapOptions & { readonly onError: "yield" },
  ): AsyncGenerator<PromiseSettledResult<Awaited<R>>, void>;
  /** The same, ended by the first error. */
  imapUnordered<T, R>(
    task: (item: T) => R,
    items: Iterable<NoInfer<T>> | AsyncIterable<NoInfer<T>>,
    options?: ImapOptions & { readonly onError?: "throw" | undefined },
  ): AsyncGenerator<Awaited<R>, void>;
  imapUnordered(task: unknown, items: Iterable<unknown> | AsyncIterable<unknown>, options: ImapOptions = {}): unknown {
    return imap(this.#client, task, items, options, false);
  }

  /**
   * Takes nothing new; what was given is done, maps to their end, and then the workers end. The promise never rejects, and
   * need not be awaited.
   *
   * With `cancelPending` what has begun is done, and what no worker has begun rejects with {@linkcode PoolClosedError}. A map
   * rejects so if any item of it has not begun, as it does when an item fails. A subprocess that computes can say what it has
   * not begun only when it pauses. (Python's `shutdown(cancel_futures=True)`.)
   *
   * @throws {TypeError} At once, if an option has the wrong type.
   *
   * @example Do what has begun, and nothing else
   * ```ts
   * import { asCompleted, Pool, PoolClosedError, task } from "@troupe/troupe";
   * import { assertEquals, assertInstanceOf } from "@std/assert";
   *
   * function square(n: number): number {
   *   return n * n;
   * }
   * task(import.meta.url, square);
   *
   * const pool = new Pool({ size: 1, placement: "inline" });
   * const results = [1, 2, 3].map((n) => pool.run(square, [n]));
   * await results[0];
   * await pool.close({ cancelPending: true });
   * for await (const one of asCompleted(results)) {
   *   if (one.status === "fulfilled") assertEquals(one.value, (one.index + 1) ** 2);
   *   else assertInstanceOf(one.reason, PoolClosedError);
   * }
   * ```
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { cancelPending = false } = checkOptions("close a pool", options, CLOSE_OPTIONS);
    if (typeof cancelPending !== "boolean") {
      throw new TypeError(`Cannot close a pool: cancelPending must be a boolean, not ${brief(cancelPending)}`);
    }
    const closed = this.#client.request("close", undefined, cancelPending ? CANCEL_PENDING : "");
    return closed.then(() => {}, () => {});
  }

  /**
   * Waits until everything is done and all workers have ended. Giving up changes nothing.
   *
   * @throws {TypeError} If the pool is open.
   * @throws {TimeoutError} If it was not over in time.
   */
  async join(options?: WaitOptions): Promise<void> {
    await this.#client.request("join", patience("join a pool", options));
  }

  /** Ends all workers at once. What is pending rejects with {@linkcode PoolClosedError}. */
  async terminate(): Promise<void> {
    await this.#client.request("terminate");
  }

  /** What it is doing. */
  async stats(): Promise<PoolStats> {
    return await this.#client.request("stats") as PoolStats;
  }

  /** Closes it and waits until everything is done and all workers have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.join();
  }

  static {
    inspectAs(this, (pool) => `Pool(size ${pool.size})`);
  }

  async #map(
    task: unknown,
    items: Iterable<unknown>,
    options: MapOptions,
    spread: boolean,
    settles: boolean,
  ): Promise<unknown[]> {
    return await new PoolMap(this.#client, task, items, options, { spread, settles }).results();
  }
}

const collected = new FinalizationRegistry<PoolCell>((cell) => cell.forgotten());

/** The client that the constructor is about to be called for, when a pool came by message. */
let arriving: PoolClient | undefined;

handleKind(POOL, {
  leased: true,
  revive({ target, meta }, imported) {
    const [size, joins] = expected("a handle to a pool", meta, startsWith(isNumber, isFlag));
    arriving = new PoolClient(target, size, joins, imported);
    return new Pool();
  },
});
