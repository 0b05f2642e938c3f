import { singleton } from "./singleton.ts";

/**
 * While something always wants its next turn, Deno's event loop asks the system for what has come in only once in so many
 * turns; it also does so whenever it has nothing to do, and sleeps.
 */
const MOST_TURNS = 61;
/** How long something may take before a turn is due: with so many of them, the system is asked about every millisecond. */
const TURN_MS = 0.02;

/** Lets this isolate's event loop turn, for those who would otherwise keep its timers, sockets and files waiting. */
class EventLoop {
  #turnedAt = 0;

  /** Whether it should turn by now. */
  get due(): boolean {
    return performance.now() > this.#turnedAt + TURN_MS;
  }

  /** It has slept, or so it is assumed. */
  slept(): void {
    this.#turnedAt = performance.now();
  }

  /** Lets it turn once, and as often as is due for what has been done since it last did. */
  async turn(): Promise<void> {
    await once();
    const due = Math.min(MOST_TURNS, (performance.now() - this.#turnedAt) / TURN_MS);
    for (let turns = 1; turns < due; turns++) await once();
    this.#turnedAt = performance.now();
  }
}

function once(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** This isolate's. */
export const eventLoop: EventLoop = singleton("event-loop", () => new EventLoop());
