import { singleton } from "../channels/kernel/singleton.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import { LOADING_MS } from "./start_deadline.ts";

/** So many isolates load their first modules at a time for each processor. More would take no less time in all. */
const FOR_EACH_PROCESSOR = 2;
const AT_LEAST = 4;

/** One start's turn to load. */
export interface StartTurn {
  /** Resolves when it has come; undefined if it has come at once. */
  readonly come: Promise<void> | undefined;
  /** Ends it, or the wait for it. */
  end(): void;
}

/**
 * The line of those that are being started. However many are started at once, each then loads as quickly as if it were one
 * of a few, and the time that each may take begins with its turn. A start that takes longer to load than most may has no turn
 * any more: others are not to wait for one that hangs.
 */
export class StartTurns {
  readonly #most: number;
  readonly #longestMs: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(
    most: number = Math.max(AT_LEAST, FOR_EACH_PROCESSOR * navigator.hardwareConcurrency),
    longestMs: number = LOADING_MS,
  ) {
    this.#most = most;
    this.#longestMs = longestMs;
  }

  /** Takes a turn: at once if few have one, else behind those who wait. */
  take(): StartTurn {
    let over = false;
    let deadline: Deadline | undefined;
    const waiting = this.#taken < this.#most ? undefined : Promise.withResolvers<void>();
    const end = () => {
      if (over) return;
      over = true;
      deadline?.cancel();
      if (!this.#waiting.delete(begin)) this.#giveOn();
    };
    const begin = () => {
      deadline = wheel.after(this.#longestMs, end);
      waiting?.resolve();
    };
    if (waiting === undefined) {
      this.#taken++;
      begin();
    } else this.#waiting.add(begin);
    return { come: waiting?.promise, end };
  }

  #giveOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) return void this.#taken--;
    this.#waiting.delete(next);
    next();
  }
}

/** This isolate's. */
export const startTurns: StartTurns = singleton("start-turns", () => new StartTurns());
