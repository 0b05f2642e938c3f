import { adopted, adopting } from "./kernel/adoption.ts";
import { enroll, handleKind } from "./kernel/handle.ts";
import { inspectAs } from "./kernel/inspect.ts";
import { checkOptions, type OptionNames } from "./kernel/options.ts";
import { expected, isNumber } from "./kernel/shape.ts";
import type { WaitOptions } from "./kernel/wait.ts";
import { Loan } from "./loan.ts";
import { makeProducer, type Producer } from "./producer.ts";
import { selectable } from "./source.ts";
import { itemsOf, plainClient, QueueClient, remember } from "./queue_client.ts";

/** What `new Queue` takes. */
export interface QueueOptions {
  /** How many items the queue holds before `put` has to wait; 0, when left out, is any number. */
  readonly maxSize?: number | undefined;
}

/** The names of `QueueOptions`. */
export const QUEUE_OPTIONS: OptionNames<QueueOptions> = { maxSize: true };

/**
 * A first-in, first-out channel with any number of writers and readers, wherever they run. (Python's
 * `multiprocessing.Queue`.)
 *
 * - **Order**: what one producer puts is got in that order, also by a reader who gives up now and then; between
 *   producers there is none. Among several readers one may have got later items when an earlier one comes back from
 *   another who died or gave up.
 * - **Delivery**: a resolved `put` means that the item is in the queue, whatever becomes of its producer. Each item is
 *   got once; one that was on its way to a reader who died goes back to the head.
 * - **Fairness**: a reader that iterates is given several items ahead where that is quicker, and what it has not begun is
 *   still the queue's: it goes to another who asks, or when the reader dies. Only a reader in another process that has just
 *   stopped letting its event loop turn keeps a few items from others, as many as it had lately begun in a millisecond; and
 *   among readers in different processes a later item may be begun first.
 * - **Snapshot**: an item is what it was when `put` was called.
 * - **Back pressure**: with a `maxSize`, `put` waits for room.
 * - **Closing**: after `close()`, or when the last `producer()` handle is gone, nobody can put; readers drain what is
 *   left, then iteration ends and `get` rejects with `ClosedError`.
 * - **Waiting**: a reader waits as long as anybody could still put, and a `put` to a full queue as long as anybody could still
 *   read. The death of one who has the queue ends neither. Where a writer may fail, hand out `producer()`, with which the queue
 *   closes; or close it yourself, `process.exited.then(() => queue.close())`, and await `process.result`, which rejects
 *   with what the writer threw. A `timeoutMs` or a `signal` bounds any wait.
 *   When the maker of the queue has waited for 1 s, another actor that had the queue has ended, and no other has it, the log
 *   tells that once (`"queue-abandoned"`).
 * - **Home**: the queue lives where it was made. When that is gone everything rejects with `DisconnectedError`.
 * - **Cancellation**: a `get` that was given up has taken nothing, and a `put` that was given up has put nothing.
 * - **Stopping**: when the actor or task that waits is asked to stop, a `get` or `put` that is pending is given up, with the
 *   reason of `current().signal`, and a loop over the queue is left as if the queue had ended. What follows runs.
 * - **An item that cannot be read**, as only code that is not this library's writes one, is a dead letter. Its reader gets the
 *   next.
 * - **Disposal** gives back this handle, and closes nothing for others.
 *
 * There is no `empty()` and no `full()`: in Python they lie, and a promise in a condition is always true.
 *
 * @example Put, close, and read to the end
 * ```ts
 * import { Queue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new Queue<string>();
 * await queue.put("a");
 * await queue.put("b");
 * await queue.close();
 * assertEquals(await Array.fromAsync(queue), ["a", "b"]);
 * ```
 *
 * @example Many producers, and no sentinels
 * ```ts
 * import { type Producer, Queue, spawn, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function produce(numbers: Producer<number>, from: number): Promise<void> {
 *   using _until = numbers; // Given back at the end, whatever the end is.
 *   await numbers.put(from);
 *   await numbers.put(from + 1);
 * }
 * task(import.meta.url, produce);
 *
 * const queue = new Queue<number>();
 * {
 *   using numbers = await queue.producer(); // While there is one, the queue stays open.
 *   for (const from of [10, 20]) await spawn(produce, [numbers, from], { placement: "inline" });
 * }
 * assertEquals((await Array.fromAsync(queue)).toSorted(), [10, 11, 20, 21]);
 * ```
 */
export class Queue<T> implements AsyncIterable<T>, Disposable {
  readonly #client: QueueClient;

  /**
   * Makes a queue whose home is here.
   *
   * @throws {TypeError} If `maxSize` is no number, or another option is given.
   * @throws {RangeError} If it is no whole number. (Below zero is any number of items, as in Python.)
   */
  constructor(options: QueueOptions = {}) {
    this.#client = remember(
      this,
      adopted<QueueClient>() ??
        plainClient(checkOptions("make a queue", options, QUEUE_OPTIONS)),
    );
    const kind = new.target === Queue ? "queue" : "joinable-queue";
    enroll(this, () => this.#client.passage(kind));
    selectable(this, this.#client.source());
  }

  /** How many items it holds at most; 0 is any number. */
  get maxSize(): number {
    return this.#client.maxSize;
  }

  /**
   * Puts an item in, waiting for room. Resolves when the queue has it. Giving up waits for the queue's word, so that what
   * was put after all is not reported as not put.
   *
   * @throws {FullError} If there was no room in time.
   * @throws {ClosedError} If the queue is closed.
   * @throws {NotSerializableError} If the item cannot travel.
   */
  put(item: T, options?: WaitOptions): Promise<void> {
    return this.#client.put(item, options);
  }

  /** Puts an item in if there is room now, and says whether. Throws as `put`, but for `FullError`. */
  tryPut(item: T): Promise<boolean> {
    return this.#client.tryPut(item);
  }

  /**
   * Takes the next item, waiting for one.
   *
   * @throws {EmptyError} If none came in time.
   * @throws {ClosedError} If the queue is closed and drained.
   */
  get(options?: WaitOptions): Promise<T> {
    return this.#client.get(options) as Promise<T>;
  }

  /** Takes the next item if there is one now: after a resolved `put` there is. Throws as `get`, but for `EmptyError`. */
  tryGet(): Promise<{ value: T } | undefined> {
    return this.#client.tryGet() as Promise<{ value: T } | undefined>;
  }

  /** How many items wait to be got. */
  size(): Promise<number> {
    return this.#client.request("size", "ask the size of") as Promise<number>;
  }

  /**
   * A handle by which its holder says that it will put. When the last of a queue's producers was disposed of or died,
   * the queue is closed, so that readers need no sentinels.
   *
   * @throws {ClosedError} If the queue is closed.
   */
  producer(): Promise<Producer<T>> {
    return makeProducer<T>(this.#client);
  }

  /** Lets nobody put any more, anywhere: who waits for room gets `ClosedError`. Readers drain what is left. */
  async close(): Promise<void> {
    await this.#client.request("close", "close").catch(() => {});
  }

  /** Takes items until the queue is closed and drained. An item is taken only when the loop asks for it. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    const loan = new Loan(this.#client);
    return itemsOf((wait) => loan.get(wait) as Promise<T>, () => loan.end());
  }

  /** Gives back this handle. */
  [Symbol.dispose](): void {
    this.#client.release();
  }

  static {
    inspectAs(this, (queue) => `${queue.constructor.name}(${queue.#client.describe()})`);
  }
}

handleKind("queue", {
  leased: true,
  revive: ({ target, meta }, imported) =>
    adopting(new QueueClient(target, expected("a handle to a queue", meta, isNumber), imported), () => new Queue()),
});
