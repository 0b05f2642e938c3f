/** A task that was given to a pool. (Python's `concurrent.futures.Future`.) */
export interface Submission<R> {
  /** What the task returns; it rejects as `Pool.run` does. A rejection that nobody reads harms nobody. */
  readonly result: Promise<R>;
  /**
   * Takes the task back if no worker has begun it: then `result` rejects with an `AbortError`. Never rejects.
   *
   * @returns whether the task will not run; false when it has begun, is with a subprocess that may begin it at any moment,
   * or is done
   */
  cancel(): Promise<boolean>;
}
