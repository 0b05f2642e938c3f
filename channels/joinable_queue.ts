import { checkCount } from "./argument.ts";
import { TimeoutError } from "./errors.ts";
import { JOINABLE_QUEUE, JoinableQueueCell } from "./joinable_queue_cell.ts";
import { whoActs } from "./kernel/acting.ts";
import { adopted, adopting } from "./kernel/adoption.ts";
import { tell } from "./kernel/ask.ts";
import { isCell } from "./kernel/cell.ts";
import { handleKind } from "./kernel/handle.ts";
import type { Holder } from "./kernel/holder.ts";
import { checkOptions, type OptionNames } from "./kernel/options.ts";
import { packPlain } from "./kernel/pack.ts";
import { EMPTY_PACKET } from "./kernel/packet.ts";
import { expected, isNumber } from "./kernel/shape.ts";
import { channelWait, type WaitOptions } from "./kernel/wait.ts";
import { selectable } from "./source.ts";
import { Queue, QUEUE_OPTIONS, type QueueOptions } from "./queue.ts";
import { clientOf, itemsOf, maxSizeOf, QueueClient } from "./queue_client.ts";

/** What `new JoinableQueue` takes. */
export interface JoinableQueueOptions extends QueueOptions {
  /** How often an item is given to somebody, should those who had it die without acknowledging it; 2 when left out. */
  readonly maxDeliveries?: number | undefined;
}

/** The names of `JoinableQueueOptions`. */
export const JOINABLE_QUEUE_OPTIONS: OptionNames<JoinableQueueOptions> = { ...QUEUE_OPTIONS, maxDeliveries: true };

/**
 * A queue that knows when everything put into it has been worked on. (Python's `multiprocessing.JoinableQueue`, which
 * hangs when a consumer dies between `get` and `task_done`.)
 *
 * - **Acknowledging**: whoever took an item says `taskDone` when the work on it is finished. An item is open from `get`
 *   on; it belongs to the actor that took it, which may have several.
 * - **Redelivery**: what a dead actor took and did not acknowledge is given to another, `maxDeliveries` times in all;
 *   after that it is a dead letter, with the item (see {@linkcode deadLetters}), and counts as done. An actor that ends in
 *   good order is dead, too.
 * - **Joining** goes on while items are open, as whoever has the queue can start another consumer at any time. When all
 *   that took items have ended, and no actor but those that join has had the queue for 1 s, the log of the queue's home
 *   tells that once (`"queue-abandoned"`). A `timeoutMs` or a `signal` bounds the wait.
 * - **Closing**: readers are told of the end when nothing is left to take, also while others have items open. Who wants
 *   such an item to find a reader, should it come back, joins the queue before closing it.
 *
 * In all else it is like {@linkcode Queue}.
 *
 * @example Wait until all work is done
 * ```ts
 * import { JoinableQueue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const jobs = new JoinableQueue<number>();
 * await jobs.put(7);
 * assertEquals(await jobs.get(), 7);
 * await jobs.taskDone();
 * await jobs.join();
 * ```
 */
export class JoinableQueue<T> extends Queue<T> {
  /** The items that came through this handle and are open, with their numbers at home. */
  readonly #open: OpenItem[] = [];

  /**
   * Makes a queue whose home is here.
   *
   * @throws {TypeError} If an option is no number.
   * @throws {RangeError} If `maxDeliveries` is below 1 or no whole number.
   */
  constructor(options: JoinableQueueOptions = {}) {
    // What the queue then adopts is of this kind.
    super(adopting(adopted<QueueClient>() ?? joinableClient(options), () => options));
    selectable(this, clientOf(this).source(() => this.#noteFor(whoActs.holder())));
  }

  /** As `Queue.get`; the item is open until the caller says `taskDone`. */
  override get(options?: WaitOptions): Promise<T> {
    return clientOf(this).get(options, this.#noteFor(whoActs.holder())) as Promise<T>;
  }

  /** As `Queue.tryGet`; the item is open until the caller says `taskDone`. */
  override tryGet(): Promise<{ value: T } | undefined> {
    return clientOf(this).tryGet(this.#noteFor(whoActs.holder())) as Promise<{ value: T } | undefined>;
  }

  /** As of `Queue`; each item is open until the caller says `taskDone`. */
  override [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    const client = clientOf(this);
    return itemsOf((wait) => client.next(wait, this.#noteFor(whoActs.holder())) as Promise<T>);
  }

  /**
   * Says that the work on an item is finished.
   *
   * @param item which one, as it came from this handle (an object is the very same one); when left out, the oldest that
   *   the calling actor took
   * @throws {RangeError} If the calling actor has no such item open.
   */
  async taskDone(...item: [item?: T]): Promise<void> {
    const client = clientOf(this);
    if (item.length === 0) {
      const done = await client.request("taskDone", "acknowledge an item of");
      this.#close(this.#open.find(({ tag }) => tag === done));
      return;
    }
    const holder = whoActs.holder();
    const found = this.#open.find((open) => open.holder === holder && Object.is(open.value, item[0]));
    if (found === undefined) {
      throw new RangeError("Cannot acknowledge an item of a queue: it was not taken through this handle, or is done");
    }
    // At once: the next call for an equal item is about another one.
    this.#close(found);
    await client.request("taskDone", "acknowledge an item of", { body: packPlain(found.tag) });
  }

  /**
   * Waits until every item that was put is done. If nobody is left who could finish one, the log tells; what to do then is the
   * program's to say, as with `join({ timeoutMs })`, or `process.exited` of the consumers.
   *
   * @throws {TimeoutError} If that took too long.
   */
  async join(options?: WaitOptions): Promise<void> {
    const client = clientOf(this);
    const wait = channelWait("join a queue", options);
    if (!wait.once) await client.request("join", "join", { wait, late });
    else if (!await client.request("tryJoin", "join")) throw late(wait.timeoutMs);
  }

  /** What notes down the items that a holder takes. */
  #noteFor(holder: Holder): (tag: number, value: unknown) => void {
    return (tag, value) => {
      const { target } = clientOf(this);
      const release = () => tell(target, holder, "abandon", "", EMPTY_PACKET);
      const open: OpenItem = { tag, value, holder, release };
      this.#open.push(open);
      // The end of an isolate is known everywhere, that of one of its actors only there.
      if (!isCell(target)) holder.imports.add(open);
    };
  }

  #close(open: OpenItem | undefined): void {
    if (open === undefined) return;
    this.#open.splice(this.#open.indexOf(open), 1);
    open.holder.imports.delete(open);
  }
}

/** An item that somebody has taken and not acknowledged. */
interface OpenItem {
  readonly tag: number;
  readonly value: unknown;
  readonly holder: Holder;
  /** Says that the holder is gone. */
  release(): void;
}

function late(timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot join a queue: some of its items were not done in ${timeoutMs} ms`, { timeoutMs });
}

function joinableClient(options: JoinableQueueOptions): QueueClient {
  const { maxDeliveries = 2 } = checkOptions("make a queue", options, JOINABLE_QUEUE_OPTIONS);
  const maxSize = maxSizeOf(options);
  checkCount("make a queue", "maxDeliveries", maxDeliveries);
  return new QueueClient(new JoinableQueueCell(maxSize, maxDeliveries), maxSize);
}

handleKind(JOINABLE_QUEUE, {
  leased: true,
  revive: ({ target, meta }, imported) =>
    adopting(
      new QueueClient(target, expected("a handle to a queue", meta, isNumber), imported),
      () => new JoinableQueue(),
    ),
});
