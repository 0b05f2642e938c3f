const settlings = new WeakMap<object, Settling>();
let settledSoFar = 0;

/**
 * What becomes of a promise. A promise keeps every reaction that was added to it, also when whoever added it has given up;
 * so all who wait here share one, and can be taken back.
 */
export class Settling {
  /** Its outcome, once it is settled. */
  result: PromiseSettledResult<unknown> | undefined;
  /** Which of all it was to be settled. */
  order: number = Infinity;
  readonly #listeners = new Set<(settling: Settling) => void>();

  private constructor(promise: PromiseLike<unknown>) {
    Promise.resolve(promise).then(
      (value) => this.#settle({ status: "fulfilled", value }),
      (reason) => this.#settle({ status: "rejected", reason }),
    );
  }

  /** The one of this promise. */
  static of(promise: PromiseLike<unknown>): Settling {
    let settling = settlings.get(promise);
    if (settling === undefined) settlings.set(promise, settling = new Settling(promise));
    return settling;
  }

  /** Tells a listener, which does not throw, once it is settled; not before this returns. */
  add(listener: (settling: Settling) => void): void {
    this.#listeners.add(listener);
    if (this.result !== undefined) queueMicrotask(() => this.#tell());
  }

  /** Does not tell a listener any more. */
  delete(listener: (settling: Settling) => void): void {
    this.#listeners.delete(listener);
  }

  #settle(result: PromiseSettledResult<unknown>): void {
    this.result = result;
    this.order = ++settledSoFar;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      this.#listeners.delete(listener);
      listener(this);
    }
  }
}

/**
 * Tells a listener, which does not throw, the value of a promise that never rejects. The listener runs on behalf of nobody
 * in particular.
 *
 * @returns what takes the listener back, after which nothing is left of it
 */
export function whenDone<T>(promise: Promise<T>, listener: (value: T) => void): () => void {
  const settling = Settling.of(promise);
  const told = ({ result }: Settling) => listener((result as PromiseFulfilledResult<T>).value);
  settling.add(told);
  return () => settling.delete(told);
}
