import type { Waiter } from "../channels/kernel/awaited.ts";
import type { Patience } from "../channels/kernel/wait.ts";
import { StreamReader } from "./stream.ts";

/** The call of a result. */
interface Called {
  readonly title: string;
  /** Bounds the wait for each item of a generator. */
  readonly perItem: Patience | undefined;
  /** The answer is a stream, and is read. */
  streams(reader: StreamReader): void;
}

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
  readonly #call: Called;
  #first: Waiter | undefined;
  #further: Waiter[] | undefined;
  #items: Promise<StreamReader> | undefined;
  #failed = false;

  constructor(answer: Promise<unknown>, call: Called) {
    super(() => {});
    this.#answer = answer;
    this.#call = call;
  }

  override then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.#first === undefined) {
      this.#first = { resolve: fulfilled, reject: rejected };
      return this.#told(fulfilled, rejected);
    }
    // A promise of its own for each further one: who waits for a promise can be told only while that is one alone.
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    (this.#further ??= []).push({ resolve, reject });
    void this.#told(resolve, reject);
    return promise.then(fulfilled, rejected);
  }

  /** Tells one who waits for a value, and no stream. */
  #told<A, B>(
    fulfilled: ((value: unknown) => A | PromiseLike<A>) | null | undefined,
    rejected: ((reason: unknown) => B | PromiseLike<B>) | null | undefined,
  ): Promise<A | B> {
    const told = (value: unknown): A | B | PromiseLike<A | B> => {
      if (!(value instanceof StreamReader)) return typeof fulfilled === "function" ? fulfilled(value) : value as A;
      void value.return().catch(() => {});
      const error = new TypeError(
        `Cannot await ${this.#call.title}: it is a generator method, iterate its items with for await`,
      );
      if (typeof rejected === "function") return rejected(error);
      throw error;
    };
    return this.#answer.then(told, rejected);
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
        throw new TypeError(`Cannot iterate ${this.#call.title}: it is no generator method, await its result`);
      }
      value.patience = this.#call.perItem;
      this.#call.streams(value);
      return value;
    });
  }
}
