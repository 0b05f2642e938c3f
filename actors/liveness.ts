import type { Exit } from "../channels/exit.ts";

/** The exit of an actor whose event loop did not answer for longer than it may. */
export const UNRESPONSIVE: Exit = { code: -9, signal: "SIGKILL", reason: "unresponsive" };

/** The time that an answer may take is counted in so many parts. */
const PARTS = 4;

/**
 * Asks an event loop for a sign of life, again and again.
 *
 * Time is counted in parts that this event loop saw pass one by one: when it was held up itself, or the whole machine was
 * asleep, the answer may be here already and not be read yet.
 */
export class Liveness implements Disposable {
  readonly #ask: () => Promise<unknown>;
  readonly #unresponsive: () => void;
  readonly #partMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #answered = true;
  #waited = 0;
  #over = false;

  /** @param unresponsive told, once, when no answer has come in `livenessMs` */
  constructor(ask: () => Promise<unknown>, livenessMs: number, unresponsive: () => void) {
    this.#ask = ask;
    this.#unresponsive = unresponsive;
    this.#partMs = livenessMs / PARTS;
    this.#waitAPart();
  }

  #waitAPart(): void {
    const due = performance.now() + this.#partMs;
    this.#timer = setTimeout(() => this.#look(performance.now() - due < this.#partMs), this.#partMs);
    // It keeps no program alive: with nothing else to do there is nobody to miss the actor.
    Deno.unrefTimer(this.#timer);
  }

  #look(inTime: boolean): void {
    if (this.#answered) {
      this.#answered = false;
      this.#waited = 0;
      this.#ask().then(() => this.#answered = true, () => this[Symbol.dispose]());
    } else if (inTime && ++this.#waited >= PARTS) {
      this[Symbol.dispose]();
      return this.#unresponsive();
    }
    if (!this.#over) this.#waitAPart();
  }

  /** Asks no more. */
  [Symbol.dispose](): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }
}
