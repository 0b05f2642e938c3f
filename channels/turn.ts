import type { Source } from "./source.ts";

/** One that has nothing when it is its turn is asked alone half as often, down to once in so many times. */
const MAX_PATIENCE = 64;

let last = 0;
const turns = new WeakMap<Source, Turn>();

/**
 * When a source has its turn to be selected from. What is near answers before what is far, and would be chosen every time;
 * so one that was passed over is due some time, and is then asked alone. The more often it had nothing then, the later.
 */
export class Turn {
  /** When it was last its turn. */
  last = 0;
  #passes = 0;
  #patience = 1;

  /** That of a source. */
  static of(source: Source): Turn {
    let turn = turns.get(source);
    if (turn === undefined) turns.set(source, turn = new Turn());
    return turn;
  }

  /** Whether it is to be asked alone. */
  get due(): boolean {
    return this.#passes >= this.#patience;
  }

  /** Another was chosen, though its turn came later. */
  passedOver(): void {
    this.#passes++;
  }

  /** It was its turn; `ready` says whether it had something. */
  had(ready: boolean): void {
    this.last = ++last;
    this.#passes = 0;
    this.#patience = ready ? 1 : Math.min(MAX_PATIENCE, 2 * this.#patience);
  }
}
