/**
 * A moment to come that costs nothing to wait for, or not to.
 *
 * A timer costs 20 µs to set and to clear where the code is cold, and nearly every call waits for something that does not
 * come. So an alarm is never taken back: it is held, and then the event loop waits for it and it rings, or it is not. It
 * is a signal that aborts, since that is how Deno treats one with and without listeners; and no check for timers that a
 * test has left minds one.
 */
export class Alarm {
  readonly #signal: AbortSignal;
  readonly #ring: () => void;
  #held = false;

  constructor(ms: number, ring: () => void) {
    this.#signal = AbortSignal.timeout(Math.max(0, Math.ceil(ms)));
    this.#ring = ring;
  }

  /** Whether its moment has passed, held or not. */
  get over(): boolean {
    return this.#signal.aborted;
  }

  /** The event loop waits for it, and it rings; until it is let go, which costs next to nothing. */
  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#signal.addEventListener("abort", this.#ring);
  }

  letGo(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#signal.removeEventListener("abort", this.#ring);
  }
}
