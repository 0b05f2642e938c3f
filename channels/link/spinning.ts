/** How long to spin without letting the event loop turn. */
const SPIN_MS = 0.008;
/** So many looks cost as much as one at the clock. */
const LOOKS = 16;
/** The longest one goes without looking out, in waits: what that costs when it is in vain is then divided by as many. */
const MOST_SKIPPED = 63;

/** On one core looking out keeps the one who is waited for from its work. */
export const CAN_SPIN: boolean = navigator.hardwareConcurrency > 1;

/**
 * Whether it pays to look out for something before sleeping. Each time that looking out was in vain again, it is left
 * for about twice as many waits as before: where what comes takes longer, or comes from a thread on the very core that
 * this one keeps busy, it costs next to nothing.
 */
export class Lookout {
  /** For how many waits it is left after it has been in vain the next time, and for how many it still is. */
  #pause = 0;
  #skipping = 0;
  readonly #mostSkipped: number;

  constructor(mostSkipped: number = MOST_SKIPPED) {
    this.#mostSkipped = mostSkipped;
  }

  /** Whether to look out this time. Then `paid` or `inVain` says what came of it. */
  pays(): boolean {
    if (this.#skipping === 0) return true;
    this.#skipping--;
    return false;
  }

  paid(): void {
    this.#pause = 0;
  }

  inVain(): void {
    this.#skipping = this.#pause;
    this.#pause = Math.min(this.#mostSkipped, 2 * this.#pause + 1);
  }
}

/**
 * Blocks this thread until something is so, or the time is over. Returns whether it is so.
 *
 * @param pauses how long it waits between two looks, each of which takes the memory from the core that works on it
 */
export function spin(isSo: () => boolean, mostMs: number = SPIN_MS, pauses: number = 1): boolean {
  // The clock costs more than a few looks, and often they suffice.
  for (let until = 0;;) {
    for (let i = 0; i < LOOKS; i++) {
      if (isSo()) return true;
      for (let n = 0; n < pauses; n++) Atomics.pause();
    }
    const now = performance.now();
    if (until === 0) until = now + mostMs;
    else if (now >= until) return false;
  }
}
