import type { Settler, Waiter } from "../channels/kernel/awaited.ts";
import { inspectAs } from "../channels/kernel/inspect.ts";
import type { Patience } from "../channels/kernel/wait.ts";
import { StreamReader } from "./stream.ts";

/** The call of a result. */
interface Called {
  readonly title: string;
  /** Bounds the wait for each item of a generator. */
  readonly perItem: Patience | undefined;
  /** The answer is a stream, and is read. */
  streams(reader: StreamReader): void;
  /** The answer is there, if there is one. */
  over(answer?: unknown): void;
}

/*
 * `await` takes a promise as it is, without a turn of the microtask queue for it, if its `constructor` is `Promise`; it
 * calls no `then`. So a result has a getter for its constructor: it says `Promise`, and notes that somebody waits for the
 * value. While this is false it only says so.
 */
let counting = true;

/** What `Promise` gives to the executor of a result that is being made. */
let resolveMade: ((value: unknown) => void) | undefined;
let rejectMade: ((reason: unknown) => void) | undefined;
const executor = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
  resolveMade = resolve;
  rejectMade = reject;
};

/**
 * What a call gives: a promise of the method's result, and the items of a generator method. Only the answer tells which
 * of the two it is, so that the wrong use is found out then. An error that only the iteration sees is not also an
 * unhandled rejection.
 */
export class CallResult extends Promise<unknown> implements AsyncGenerator<unknown>, Settler {
  /** What is derived from it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  readonly #call: Called;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  /** How many wait for the value. */
  #awaited = 0;
  #settled = false;
  #further: Settler[] | undefined;
  #items: PromiseWithResolvers<StreamReader> | undefined;
  /** The answer, if it is a stream that nobody has used yet. */
  #unused: StreamReader | undefined;
  #failed = false;

  constructor(call: Called) {
    super(executor);
    this.#call = call;
    this.#resolve = resolveMade!;
    this.#reject = rejectMade!;
    // They would keep this result and the actor that was called.
    resolveMade = rejectMade = undefined;
  }

  /** The promise's own for the first who waits; for others something else, so that they call `then`. */
  override get ["constructor"](): PromiseConstructor {
    // The prototype has none of what a result has.
    if (!(#call in this)) return CallResult as unknown as PromiseConstructor;
    if (!counting) return Promise;
    this.#refuseUnused();
    return this.#awaited++ === 0 ? Promise : CallResult as unknown as PromiseConstructor;
  }

  override then<A = unknown, B = never>(
    fulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#refuseUnused();
    if (this.#awaited++ === 0 || this.#settled) return this.#then(fulfilled, rejected);
    // A promise of its own for each further one: who waits for a promise can be told only while that is one alone.
    const further = Promise.withResolvers<unknown>();
    (this.#further ??= []).push(further);
    return further.promise.then(fulfilled, rejected);
  }

  /** The method returned this. */
  resolve(value: unknown): void {
    this.#call.over(value);
    if (value instanceof StreamReader) return this.#stream(value);
    this.#settled = true;
    this.#resolve(value);
    for (const { resolve } of this.#further ?? []) resolve(value);
    this.#items?.reject(this.#noGenerator());
  }

  /** The call failed. */
  reject(reason: unknown): void {
    this.#call.over();
    this.#settle(reason);
    this.#items?.reject(reason);
  }

  /** Those who wait for the value, each by what goes on with it. */
  get waiters(): readonly Waiter[] {
    return [{ resolve: this.#resolve, reject: this.#reject }, ...this.#further ?? []];
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      return await (await this.#reader()).next();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /** Like that of a generator, it has nothing to add to an error that `next` gave: `Array.fromAsync` would not end. */
  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    if (this.#failed) return { done: true, value };
    return await (await this.#reader()).return(value);
  }

  /** Leaves the stream. The error is not given to the generator, which sees only that its reader is gone. */
  async throw(error?: unknown): Promise<IteratorResult<unknown>> {
    await this.return();
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #then<A, B>(
    fulfilled: ((value: unknown) => A | PromiseLike<A>) | null | undefined,
    rejected: ((reason: unknown) => B | PromiseLike<B>) | null | undefined,
  ): Promise<A | B> {
    counting = false;
    try {
      return super.then(fulfilled, rejected);
    } finally {
      counting = true;
    }
  }

  /** Ends the waits for a value by an error. */
  #settle(reason: unknown): void {
    this.#settled = true;
    const isHeardElsewhere = this.#further !== undefined || (this.#items !== undefined && this.#awaited === 0);
    if (isHeardElsewhere) void this.#then(undefined, () => {});
    this.#reject(reason);
    for (const { reject } of this.#further ?? []) reject(reason);
  }

  /** The items of a stream: the first call tells that somebody reads them. */
  #reader(): Promise<StreamReader> {
    if (this.#items === undefined) {
      this.#items = Promise.withResolvers();
      if (this.#unused !== undefined) this.#read(this.#unused);
      else if (this.#settled) this.#items.resolve(this.#then(() => Promise.reject(this.#noGenerator()), undefined));
    }
    return this.#items.promise;
  }

  /** The answer is a stream. */
  #stream(reader: StreamReader): void {
    this.#unused = reader;
    if (this.#items !== undefined) this.#read(reader);
    else if (this.#awaited > 0) this.#refuseUnused();
  }

  #read(reader: StreamReader): void {
    this.#unused = undefined;
    reader.patience = this.#call.perItem;
    this.#call.streams(reader);
    this.#items!.resolve(reader);
    if (this.#awaited > 0) this.#settle(this.#noValue());
  }

  /** Somebody waits for a value, and the answer is a stream. */
  #refuseUnused(): void {
    const reader = this.#unused;
    if (reader === undefined) return;
    this.#unused = undefined;
    void reader.return().catch(() => {});
    this.#settle(this.#noValue());
    // One who only looked at the constructor does not wait.
    void this.#then(undefined, () => {});
  }

  #noValue(): TypeError {
    return new TypeError(
      `Cannot await ${this.#call.title}: it is a generator method, iterate its items with for await`,
    );
  }

  #noGenerator(): TypeError {
    return new TypeError(`Cannot iterate ${this.#call.title}: it is no generator method, await its result`);
  }

  static {
    // Else the constructor would be asked for, and that is no use of a result.
    inspectAs(this, (result) => `CallResult(${result.#call.title})`);
  }
}
