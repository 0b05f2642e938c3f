import { checkNumber } from "./argument.ts";
import { ClosedError, DisconnectedError, EmptyError, FullError } from "./errors.ts";
import { whoActs } from "./kernel/acting.ts";
import { ask, noteUnreadable, tell } from "./kernel/ask.ts";
import type { Question } from "./kernel/question.ts";
import type { IsolateId } from "./kernel/address.ts";
import { isCell, type Target } from "./kernel/cell.ts";
import type { Import, Passage } from "./kernel/handle.ts";
import { isolate } from "./kernel/isolate.ts";
import { destinationOf, pack } from "./kernel/pack.ts";
import { EMPTY_PACKET } from "./kernel/packet.ts";
import { channelWait, isStopped, type Patience, type WaitOptions } from "./kernel/wait.ts";
import { QueueCell, SELECTS } from "./queue_cell.ts";
import type { Source } from "./source.ts";

/** Told the home's number of an item, and the item. */
export type Tagged = (tag: number, value: unknown) => void;

/** One handle's way to a queue, wherever that is. Queues and producers are faces of this. */
export class QueueClient {
  readonly target: Target;
  readonly maxSize: number;
  readonly #imported: Import | undefined;
  #released = false;

  constructor(target: Target, maxSize: number, imported: Import | undefined = undefined) {
    this.target = target;
    this.maxSize = maxSize;
    this.#imported = imported;
  }

  /** Where it lives. */
  get home(): IsolateId {
    return isCell(this.target) ? isolate.id : this.target.isolate;
  }

  /** What travels. */
  passage(kind: string): Passage {
    this.#assertUsable("send");
    return { kind, target: this.target, meta: this.maxSize };
  }

  async put(item: unknown, options: WaitOptions | undefined): Promise<void> {
    this.#assertUsable("put to");
    const wait = channelWait("put to a queue", options);
    const body = pack(item, "item", destinationOf(this.target));
    if (wait.once) {
      if (!await this.#ask("tryPut", "put to", { body })) throw full(wait.timeoutMs);
    } else await this.#ask("put", "put to", { body, wait, gives: true, late: full });
  }

  async tryPut(item: unknown): Promise<boolean> {
    this.#assertUsable("put to");
    return await this.#ask("tryPut", "put to", { body: pack(item, "item", destinationOf(this.target)) }) as boolean;
  }

  async get(options: WaitOptions | undefined, tagged?: Tagged, claim?: () => boolean): Promise<unknown> {
    this.#assertUsable("get from");
    const wait = channelWait("get from a queue", options);
    if (!wait.once) return await this.next(wait, tagged, claim && { claim, detail: SELECTS });
    const found = await this.tryGet(tagged);
    if (found === undefined) throw empty(wait.timeoutMs);
    return found.value;
  }

  /** Takes the next item, or is lent some as that `reader`: then nobody is told of a tag. */
  next(wait: Patience, tagged?: Tagged, extras?: Pick<Question, "claim" | "detail">): Promise<unknown> {
    this.#assertUsable("get from");
    return this.#take("get", { wait, late: empty, ...(tagged && { tagged }), ...extras });
  }

  async tryGet(tagged?: Tagged): Promise<{ value: unknown } | undefined> {
    this.#assertUsable("get from");
    let taken: { value: unknown } | undefined;
    await this.#take("tryGet", {
      tagged(tag, value) {
        taken = { value };
        tagged?.(tag, value);
      },
    });
    return taken;
  }

  /** Asks for something that is answered at once, or waited for. */
  async request(
    verb: string,
    action: string,
    options?: Pick<Question, "wait" | "body" | "late" | "quiet" | "detail">,
  ): Promise<unknown> {
    this.#assertUsable(action);
    return await this.#ask(verb, action, options ?? {});
  }

  /** Says something to the home. */
  tell(verb: string, detail: string): void {
    tell(this.target, whoActs.holder(), verb, detail, EMPTY_PACKET);
  }

  /** An item that was lent cannot be read, and is a dead letter. */
  passOver(): void {
    noteUnreadable(this.target);
  }

  /** This queue as something to select from; `noting` gives who is to hear of an item taken. */
  source(noting: () => Tagged | undefined = () => undefined): Source {
    return {
      assertOpen: () => this.#assertUsable("select from"),
      take: ({ signal, claim }) => this.get({ signal }, noting(), claim),
      tryTake: () => this.tryGet(noting()),
      poll: async (signal) =>
        void await this.#ask("poll", "select from", { wait: channelWait("select from a queue", { signal }) }),
      tryPoll: () => this.#ask("tryPoll", "select from", {}) as Promise<boolean>,
    };
  }

  /** How the queue is, in words; where it lives, that is. */
  describe(): string {
    if (this.#released) return "disposed of";
    return isCell(this.target) ? (this.target as QueueCell).describe() : "elsewhere";
  }

  /** Gives this handle back. */
  release(): void {
    this.#released = true;
    this.#imported?.release();
  }

  #take(verb: string, question: Partial<Question>): Promise<unknown> {
    const holder = whoActs.holder();
    const unreadable = (tag: number) => tell(this.target, holder, "unreadable", `${tag}`, EMPTY_PACKET);
    return this.#ask(verb, "get from", { holder, takes: "", unreadable, ...question });
  }

  #ask(verb: string, action: string, question: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${action} a queue: its home is gone`);
    return ask(this.target, { holder: whoActs.holder(), verb, lost, ...question });
  }

  #assertUsable(action: string): void {
    if (this.#released) throw new ClosedError(`Cannot ${action} a queue: this handle was disposed of`);
  }
}

function full(timeoutMs: number): FullError {
  return new FullError(`Cannot put to a queue: it stayed full for ${timeoutMs} ms`, { timeoutMs });
}

function empty(timeoutMs: number): EmptyError {
  return new EmptyError(`Cannot get from a queue: it stayed empty for ${timeoutMs} ms`, { timeoutMs });
}

const clients = new WeakMap<object, QueueClient>();

/** Lets a subclass of a face find its client. */
export function remember(face: object, client: QueueClient): QueueClient {
  clients.set(face, client);
  return client;
}

/** The client of a face. */
export function clientOf(face: object): QueueClient {
  return clients.get(face)!;
}

/**
 * Checks the options of a queue.
 *
 * @throws {TypeError} If `maxSize` is no number.
 * @throws {RangeError} If it is no whole number.
 */
export function maxSizeOf(options: { readonly maxSize?: number | undefined }): number {
  const { maxSize = 0 } = options;
  checkNumber("make a queue", "maxSize", maxSize);
  if (Math.abs(maxSize) === Infinity) return 0;
  if (!Number.isInteger(maxSize)) {
    throw new RangeError(`Cannot make a queue: maxSize must be a whole number, not ${maxSize}`);
  }
  // As in Python, what is below zero means no bound.
  return Math.max(0, maxSize);
}

/**
 * Gives items by `next` until the queue is closed and drained, or the reader is asked to stop.
 *
 * @param left called when no more are taken
 */
export async function* itemsOf<T>(next: (wait: Patience) => Promise<T>, left?: () => void): AsyncGenerator<T> {
  const wait = channelWait("get from a queue", undefined);
  try {
    while (true) yield await next(wait);
  } catch (error) {
    if (!(error instanceof ClosedError || isStopped(wait, error))) throw error;
  } finally {
    left?.();
  }
}

/** The client of a plain queue whose home is here. */
export function plainClient(options: { readonly maxSize?: number | undefined }): QueueClient {
  const maxSize = maxSizeOf(options);
  return new QueueClient(new QueueCell(maxSize), maxSize);
}
