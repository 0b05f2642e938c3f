import { logger } from "./kernel/log.ts";

/** A program that hears of an actor's end has so long to start another one before the log tells. */
const ABANDONED_MS = 1000;

/**
 * Has the log tell, once, of a wait at a queue that nobody is left to end. Its timer keeps no program alive: one that ends
 * with a wait left over has not hung.
 */
export class Abandonment {
  readonly #what: () => string | undefined;
  #isTold = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param what says what waits in vain, for people; undefined while nothing does, as far as is known */
  constructor(what: () => string | undefined) {
    this.#what = what;
  }

  /** Something may wait in vain from now on: the log tells of that in a while, if it is still so. */
  look(): void {
    if (this.#isTold || this.#timer !== undefined || this.#what() === undefined) return;
    const timer = setTimeout(() => {
      this.#timer = undefined;
      const message = this.#what();
      if (message === undefined) return;
      this.#isTold = true;
      logger.log({ level: "warn", event: "queue-abandoned", message });
    }, ABANDONED_MS);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  /** Until now nothing waited in vain. */
  restart(): void {
    this.cancel();
    this.look();
  }

  /** Nothing waits in vain. */
  cancel(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The next time is to be told, too. */
  renew(): void {
    this.#isTold = false;
  }
}
