import type { Waiter } from "../channels/kernel/awaited.ts";
import type { Patience } from "../channels/kernel/wait.ts";
import { StreamReader } from "./stream.ts";

/**
 * What a call gives: a promise of the method's result, and the items of a generator method. Only the answer tells which
 * of the two it is, so that the wrong use is found out then.
 *
 * It is a `Promise` by class, since others tell promises from iterables by that; its own state is never settled, so
 * that an error which only the iteration sees is not also an unhandled rejection.
 */
export class CallResult extends Promise<unknown> implements AsyncGenerator<unknown> {
  /** What is derived from it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #answer: Promise<unknown>;
  readonly #method: string;
  readonly #perItem: Patience | undefined;
  #value: Promise<unknown> | undefined;
  #first: Waiter | undefined;
  #further: Waiter[] | undefined;
  #items: Promise<StreamReader> | undefined;
  #failed = false;

  /** @param perItem bounds the wait for each item of a generator */
  constructor(answer: Promise<unknown>, method: string, perItem: Patience | undefined) {
    super(() => {});
    this.#answer = answer;
    this.#method = method;
    this.#perItem = perItem;
  }

  override then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#value ??= this.#answer.then((value) => {
      if (!(value instanceof StreamReader)) return value;
      void value.return().catch(() => {});
      throw new TypeError(`Cannot await ${this.#method}: it is a generator method, iterate its items with for await`);
    });
    if (this.#first === undefined) {
      this.#first = { resolve: fulfilled, reject: rejected };
      return this.#value.then(fulfilled, rejected);
    }
    // A promise of its own for each further one: who waits for a promise can be told only while that is one alone.
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    (this.#further ??= []).push({ resolve, reject });
    this.#value.then(resolve, reject);
    return promise.then(fulfilled, rejected);
  }

  /** Those who wait for the value, each by what goes on with it. */
  get waiters(): readonly Waiter[] {
    return this.#first === undefined ? [] : [this.#first, ...this.#further ?? []];
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      return await (await this.#stream()).next();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /** Like that of a generator, it has nothing to add to an error that `next` gave: `Array.fromAsync` would not end. */
  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    if (this.#failed) return { done: true, value };
    return await (await this.#stream()).return(value);
  }

  /** Leaves the stream. The error is not given to the generator, which sees only that its reader is gone. */
  async throw(error?: unknown): Promise<IteratorResult<unknown>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #stream(): Promise<StreamReader> {
    return this.#items ??= this.#answer.then((value) => {
      if (!(value instanceof StreamReader)) {
        throw new TypeError(`Cannot iterate ${this.#method}: it is no generator method, await its result`);
      }
      value.patience = this.#perItem;
      return value;
    });
  }
}
