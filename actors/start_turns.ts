import { singleton } from "../channels/kernel/singleton.ts";

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
 * of a few, and the time that each may take begins with its turn.
 */
export class StartTurns {
  readonly #most: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(most: number = Math.max(AT_LEAST, FOR_EACH_PROCESSOR * navigator.hardwareConcurrency)) {
    this.#most = most;
  }

  /** Takes a turn: at once if few have one, else behind those who wait. */
  take(): StartTurn {
    let over = false;
    let start: (() => void) | undefined;
    let come: Promise<void> | undefined;
    if (this.#taken < this.#most) this.#taken++;
    else {
      const waiting = Promise.withResolvers<void>();
      come = waiting.promise;
      this.#waiting.add(start = waiting.resolve);
    }
    return {
      come,
      end: () => {
        if (over) return;
        over = true;
        if (start !== undefined && this.#waiting.delete(start)) return;
        this.#giveOn();
      },
    };
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
