/** A handler that takes longer than this is measured, and so are those after it. */
const LONG_MS = 1;

/** How long an actor's handlers took. */
export class BusyTime {
  readonly #mostAtOnce: number;
  #ms = 0;
  #stride = 1;
  #left = 0;

  /** @param mostAtOnce so many short ones may be measured by one of them: a clock may cost more than they do */
  constructor(mostAtOnce: number) {
    this.#mostAtOnce = mostAtOnce;
  }

  /** Milliseconds so far. */
  get ms(): number {
    return this.#ms;
  }

  /** A handler begins; to be given to `end`. */
  begin(): number {
    if (this.#left > 0) {
      this.#left--;
      return 0;
    }
    this.#left = this.#stride - 1;
    return performance.now();
  }

  /** It has ended. */
  end(begun: number): void {
    if (begun === 0) return;
    const took = performance.now() - begun;
    this.#ms += took < LONG_MS ? took * this.#stride : took;
    this.#stride = took < LONG_MS ? Math.min(this.#mostAtOnce, this.#stride * 2) : 1;
    this.#left = Math.min(this.#left, this.#stride - 1);
  }
}
