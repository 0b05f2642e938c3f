const outcomes = new WeakMap<object, Outcome>();
let settledSoFar = 0;

/**
 * What has become of a promise. A promise keeps every reaction that was added to it, however often somebody gives up; so
 * one alone is added for all who wait, and those can be taken back.
 */
export class Outcome {
  /** What it was settled with, once it is. */
  result: PromiseSettledResult<unknown> | undefined;
  /** Which of all it was to be settled. */
  order: number = Infinity;
  readonly #listeners = new Set<(outcome: Outcome) => void>();

  private constructor(promise: PromiseLike<unknown>) {
    Promise.resolve(promise).then(
      (value) => this.#settle({ status: "fulfilled", value }),
      (reason) => this.#settle({ status: "rejected", reason }),
    );
  }

  /** The one of this promise. */
  static of(promise: PromiseLike<unknown>): Outcome {
    let outcome = outcomes.get(promise);
    if (outcome === undefined) outcomes.set(promise, outcome = new Outcome(promise));
    return outcome;
  }

  /** Tells, once it is settled. */
  add(listener: (outcome: Outcome) => void): void {
    this.#listeners.add(listener);
  }

  /** Does not tell. */
  delete(listener: (outcome: Outcome) => void): void {
    this.#listeners.delete(listener);
  }

  #settle(result: PromiseSettledResult<unknown>): void {
    this.result = result;
    this.order = ++settledSoFar;
    for (const listener of this.#listeners) listener(this);
    this.#listeners.clear();
  }
}
