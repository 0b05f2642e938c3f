import type { Exit } from "../channels/exit.ts";
import { DisconnectedError, TimeoutError } from "../channels/errors.ts";
import { ask } from "../channels/kernel/ask.ts";
import { Cell, type Target } from "../channels/kernel/cell.ts";
import { Deque } from "../channels/kernel/deque.ts";
import { handleKind, type Import, type Passage } from "../channels/kernel/handle.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import type { AnyIterator } from "../channels/kernel/look.ts";
import { endMoved, movesWith } from "../channels/kernel/moving.ts";
import { pack } from "../channels/kernel/pack.ts";
import type { Request } from "../channels/kernel/request.ts";
import type { Patience } from "../channels/kernel/wait.ts";

/** The kind of handle that a stream travels as. */
export const STREAM = "stream";

/** So many items at most are being made at once for one stream. */
const MOST_AT_ONCE = 64;

/** What whoever has a stream decides, and is told. */
export interface StreamOwner {
  /** Runs one step of the iterator, on behalf of whose it is. */
  run(step: () => Promise<void>): Promise<void>;
  /** The reader wants no more, before the end. */
  left(): void;
  /** It is over, however that came. */
  ended(): void;
}

/**
 * The home of a stream: an iterator that somebody elsewhere pulls, item by item, so that it never runs ahead of its
 * reader. It ends with the iterator, when its reader leaves or dies, or with `close`.
 */
export class StreamCell extends Cell {
  #over = false;
  /** Requests for items that the iterator is making. */
  readonly #waiting = new Set<Request>();
  /** Requests that wait until the iterator can be asked for another item. */
  readonly #asking = new Deque<Request>();

  constructor(readonly iterator: AnyIterator, readonly owner: StreamOwner) {
    super();
  }

  receive(request: Request): void {
    if (this.#over) return request.lose();
    if (request.verb !== "return") return this.#queue(request);
    // At once: the iterator may be in a wait that only this ends.
    this.owner.left();
    void this.owner.run(() => this.#return(request));
  }

  /** The iterator is asked for a bounded number of items at once, since it cannot be told to forget a request. */
  #queue(request: Request): void {
    if (request.asker === undefined) return;
    this.#asking.push(request);
    request.onCancel = () => void this.#asking.remove(request);
    this.#makeNext();
  }

  #makeNext(): void {
    while (this.#waiting.size < MOST_AT_ONCE && this.#asking.size > 0) {
      const request = this.#asking.shift()!;
      request.onCancel = undefined;
      this.#waiting.add(request);
      void this.owner.run(() => this.#next(request));
    }
  }

  override returned(kind: string): void {
    // One through whom it only passed has given it to another.
    if (this.holdersOf(kind) === 0) this.close();
  }

  /**
   * Ends the stream; the iterator's `finally` runs, once the iterator is there. Nobody waits for that: it may be in a wait
   * that never ends.
   *
   * @param exit how whoever had it ended, if that is why
   */
  close(exit?: Exit): void {
    if (this.#over) return;
    this.owner.left();
    this.#abandon();
    for (const request of [...this.#waiting, ...this.#asking.clear()]) request.lose(exit);
  }

  async #next(request: Request): Promise<void> {
    try {
      const { done, value: item } = await this.iterator.next();
      if (done) this.#end();
      // Not packed for nobody: what is in it would be leased for good.
      const transfer = movesWith(item);
      if (request.open) request.replyPacket(pack({ done: done === true, item }, "stream", request.from, { transfer }));
      else endMoved(transfer ?? []);
    } catch (error) {
      if (!this.#over) this.#abandon();
      request.throw(error);
    } finally {
      this.#waiting.delete(request);
      if (this.#over) { for (const request of this.#asking.clear()) request.lose(); }
      this.#makeNext();
    }
  }

  #abandon(): void {
    this.#end();
    void this.owner.run(async () => void await this.iterator.return?.()).catch(() => {});
  }

  async #return(request: Request): Promise<void> {
    if (this.#over) return request.reply();
    this.#end();
    try {
      await this.iterator.return?.();
      request.reply();
    } catch (error) {
      request.throw(error);
    }
  }

  /** From now on it is lost to all who ask. It can be reached until its reader gives back what it holds of it. */
  #end(): void {
    this.#over = true;
    this.owner.ended();
  }

  /** An object that travels as this stream. */
  passage(): Passage {
    return { kind: STREAM, target: this, meta: null };
  }
}

/** A stream as its reader sees it. */
export class StreamReader implements AsyncIterableIterator<unknown> {
  #over = false;
  /** Bounds the wait for each item. */
  patience: Patience | undefined;
  /** Told when the reader is done with the stream, however that came. */
  onEnd: (() => void) | undefined;
  /** What it means that the home is gone. */
  lost: (exit: Exit | undefined) => Error = () =>
    new DisconnectedError("Cannot read a stream: whoever has it ended it, or is gone");

  constructor(readonly target: Target, readonly imported: Import | undefined, readonly holder: Holder) {}

  async next(): Promise<IteratorResult<unknown>> {
    if (this.#over) return { done: true, value: undefined };
    try {
      const { done, item } = await this.#ask("next", this.patience) as { done: boolean; item: unknown };
      if (done) this.#end();
      return { done, value: item };
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    if (!this.#over) {
      this.#over = true;
      await this.#ask("return", undefined).finally(() => this.#end());
    }
    return { done: true, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #ask(verb: string, wait: Patience | undefined): Promise<unknown> {
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot read a stream: no item came in ${timeoutMs} ms`, { timeoutMs });
    return ask(this.target, { holder: this.holder, verb, lost: this.lost, late, ...(wait && { wait }) });
  }

  #end(): void {
    this.#over = true;
    this.imported?.release();
    this.onEnd?.();
    this.onEnd = undefined;
  }
}

handleKind(STREAM, {
  leased: true,
  bridged: true,
  revive: ({ target }, imported, holder) => new StreamReader(target, imported, holder),
});
