import { eventLoop } from "../kernel/event_loop.ts";
import { doorbell } from "../link/doorbell.ts";
import { Lookout, spin } from "../link/spinning.ts";

const PAUSES = 4;

/** A short look at shared memory before a thread sleeps: waking takes 25 µs, and another thread often needs just one. */
export class Spin {
  readonly #mostMs: number | undefined;
  readonly #lookout: Lookout;

  /** @param mostMs how long at a time, if not as little as in all that waits for messages */
  constructor(mostMs?: number, mostSkipped?: number) {
    this.#mostMs = mostMs;
    this.#lookout = new Lookout(mostSkipped);
  }

  /** Blocks this thread for a few microseconds at most, unless that was in vain lately. Returns whether it is so. */
  until(isSo: () => boolean): boolean {
    if (!doorbell.maySpin || !this.#lookout.pays()) return false;
    const is = spin(isSo, this.#mostMs, PAUSES);
    if (is) this.#lookout.paid();
    else this.#lookout.inVain();
    return is;
  }

  /** Lets the event loop turn if that is due: what never sleeps would keep timers and sockets waiting. */
  turn(): Promise<void> | undefined {
    return eventLoop.due ? eventLoop.turn() : undefined;
  }
}
