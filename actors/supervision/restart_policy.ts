import type { Exit } from "../../channels/exit.ts";
import { checkOptions } from "../../channels/kernel/wait.ts";

/** Which children are restarted: always, after an abnormal end, or never. */
export type RestartType = "permanent" | "transient" | "temporary";

/** Which children are restarted along with one that ended. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** How long to wait before a restart. */
export interface BackoffOptions {
  /** Milliseconds before the first restart in a row; 0 when left out. */
  readonly minMs?: number | undefined;
  /** Milliseconds at most; 10,000 when left out. */
  readonly maxMs?: number | undefined;
  /** What each further wait is multiplied by; 2 when left out. */
  readonly factor?: number | undefined;
  /** The part of the wait that chance may add or take away, from 0 to 1; 0.2 when left out. */
  readonly jitter?: number | undefined;
}

/** How many restarts are too many, and how they are spaced. */
export interface RestartBudget {
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly backoff: Required<{ [K in keyof BackoffOptions]: number }>;
}

/** Whether a child of this type comes back after this exit. (OTP: `normal` and `shutdown` are normal.) */
export function comesBack(type: RestartType, exit: Exit): boolean {
  if (type === "permanent") return true;
  return type === "transient" && !isNormal(exit);
}

/** Whether an exit is one that was meant. */
export function isNormal(exit: Exit): boolean {
  return exit.reason === "normal" || exit.reason === "stopped";
}

/**
 * Counts the restarts of one supervisor.
 *
 * A window alone never trips once the waits between restarts are longer than it, so with backoff the failures in a row
 * count too.
 */
export class RestartCounter {
  readonly #budget: RestartBudget;
  readonly #now: () => number;
  readonly #random: () => number;
  #recent: number[] = [];
  #inRow = 0;

  constructor(budget: RestartBudget, now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#budget = budget;
    this.#now = now;
    this.#random = random;
  }

  /** How many restarts count now. */
  get count(): number {
    return Math.max(this.#recent.length, this.#budget.backoff.minMs > 0 ? this.#inRow : 0);
  }

  /**
   * One more is needed, of a child that had lived so long. Returns how long to wait before it, or undefined if it would
   * be one too many.
   */
  next(livedMs: number): number | undefined {
    const { maxRestarts, withinMs, backoff } = this.#budget;
    const now = this.#now();
    if (livedMs >= Math.max(withinMs, backoff.maxMs)) this.#inRow = 0;
    this.#recent = this.#recent.filter((at) => now - at < withinMs);
    this.#recent.push(now);
    this.#inRow++;
    if (this.count > maxRestarts) return undefined;
    const wait = Math.min(backoff.maxMs, backoff.minMs * backoff.factor ** (this.#inRow - 1));
    return wait * (1 + backoff.jitter * (2 * this.#random() - 1));
  }
}

/**
 * Checks and completes the options that limit restarts.
 *
 * @throws {TypeError} If one is no number.
 * @throws {RangeError} If one is out of range.
 */
export function budgetOf(
  action: string,
  options: {
    readonly maxRestarts?: number | undefined;
    readonly withinMs?: number | undefined;
    readonly backoff?: BackoffOptions | undefined;
  },
): RestartBudget {
  const { maxRestarts = 3, withinMs = 5000 } = options;
  const { minMs = 0, maxMs = 10_000, factor = 2, jitter = 0.2 } = checkOptions(action, options.backoff ?? {});
  const most = Number.MAX_SAFE_INTEGER;
  return {
    maxRestarts: inRange(action, "maxRestarts", maxRestarts, 0, most),
    withinMs: inRange(action, "withinMs", withinMs, 1, most),
    backoff: {
      minMs: inRange(action, "backoff.minMs", minMs, 0, most),
      maxMs: inRange(action, "backoff.maxMs", maxMs, 0, most),
      factor: inRange(action, "backoff.factor", factor, 1, most),
      jitter: inRange(action, "backoff.jitter", jitter, 0, 1),
    },
  };
}

function inRange(action: string, name: string, value: number, least: number, most: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`Cannot ${action}: ${name} must be a number, not ${String(value)}`);
  }
  if (value < least) throw new RangeError(`Cannot ${action}: ${name} must be at least ${least}, not ${value}`);
  if (value > most && most === 1) throw new RangeError(`Cannot ${action}: ${name} must be at most 1, not ${value}`);
  return Math.min(value, most);
}
