import { singleton } from "./singleton.ts";

/**
 * While something always wants its next turn, Deno's event loop asks the system for what has come in only once in so many
 * turns; it also does so whenever it has nothing to do, and sleeps.
 */
const MOST_TURNS = 61;
/** How long something may take before a turn is due: with so many of them, the system is asked about every millisecond. */
const TURN_MS = 0.02;

/**
 * So many messages may be handled in a row. An inline actor's come in microtasks, before everything else: two that talk
 * without end would keep timers, and all others, out for ever.
 */
const MOST_IN_A_ROW = 1024;

/** Lets this isolate's event loop turn, for those who would otherwise keep its timers, sockets and files waiting. */
class EventLoop {
  #turnedAt = 0;
  #inARow = 0;

  /** Whether it should turn by now. */
  get due(): boolean {
    return performance.now() > this.#turnedAt + TURN_MS;
  }

  /** It has slept, or so it is assumed. */
  slept(): void {
    this.#turnedAt = performance.now();
    this.#inARow = 0;
  }

  /**
   * Something is done that may be one of many, with no turn between them. Returns whether whoever waits for it is to
   * wait for a turn, too.
   *
   * @param weight how much that is, compared with a message
   */
  tally(weight: number = 1): boolean {
    this.#inARow += weight;
    if (this.#inARow < MOST_IN_A_ROW) return false;
    this.#inARow = 0;
    return true;
  }

  /** Lets it turn once: whatever has come in for running code is with that code then, and the code waits again. */
  settle(): Promise<void> {
    return once();
  }

  /** Lets it turn once, and as often as is due for what has been done since it last did. */
  async turn(): Promise<void> {
    await once();
    const due = Math.min(MOST_TURNS, (performance.now() - this.#turnedAt) / TURN_MS);
    for (let turns = 1; turns < due; turns++) await once();
    this.slept();
  }
}

function once(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** This isolate's. */
export const eventLoop: EventLoop = singleton("event-loop", () => new EventLoop());
