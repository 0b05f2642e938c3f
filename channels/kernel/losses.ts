import { eventLoop } from "./event_loop.ts";
import { singleton } from "./singleton.ts";

/** So many are told between two turns of the event loop. */
const MOST_AT_ONCE = 1024;

/** Tells those whose questions are lost, many of them when an actor dies, and lets timers and sockets have their turn. */
class Losses {
  #waiting: (() => void)[] = [];

  /** Has somebody told, at once if not many others were told before. */
  add(tell: () => void): void {
    if (this.#waiting.length > 0 || eventLoop.tally()) {
      if (this.#waiting.push(tell) === 1) void this.#tellAll();
    } else tell();
  }

  async #tellAll(): Promise<void> {
    for (let told = 0; told < this.#waiting.length; told++) {
      if (told % MOST_AT_ONCE === 0) await eventLoop.turn();
      this.#waiting[told]();
    }
    this.#waiting = [];
  }
}

/** This isolate's. */
export const losses: Losses = singleton("losses", () => new Losses());
