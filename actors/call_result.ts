import type { Patience } from "../channels/kernel/wait.ts";
import { StreamReader } from "./stream.ts";

/**
 * What a call gives: a promise of the method's result, and the items of a generator method. Only the answer tells which
 * of the two it is, so that the wrong use is found out then.
 */
export class CallResult implements Promise<unknown>, AsyncIterableIterator<unknown> {
  readonly [Symbol.toStringTag] = "Promise";
  readonly #answer: Promise<unknown>;
  readonly #method: string;
  readonly #perItem: Patience | undefined;
  #value: Promise<unknown> | undefined;
  #items: Promise<StreamReader> | undefined;

  /** @param perItem bounds the wait for each item of a generator */
  constructor(answer: Promise<unknown>, method: string, perItem: Patience | undefined) {
    this.#answer = answer;
    this.#method = method;
    this.#perItem = perItem;
  }

  then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#value ??= this.#answer.then((value) => {
      if (!(value instanceof StreamReader)) return value;
      void value.return().catch(() => {});
      throw new TypeError(`Cannot await ${this.#method}: it is a generator method, iterate its items with for await`);
    });
    return this.#value.then(fulfilled, rejected);
  }

  catch<B = never>(rejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.then(undefined, rejected);
  }

  finally(action?: (() => void) | null): Promise<unknown> {
    return this.then().finally(action);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    return await (await this.#stream()).next();
  }

  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    return await (await this.#stream()).return(value);
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
