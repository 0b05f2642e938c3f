import { checkNumber } from "../../channels/argument.ts";
import type { Exit } from "../../channels/exit.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";

/** Which children are restarted: always, after an abnormal end, or never. (As in OTP.) */
export type RestartType = "permanent" | "transient" | "temporary";

/** Which children are restarted along with one that ended: none, all, or those after it. (As in OTP.) */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** When the end of significant children, in a way that does not bring them back, ends their supervisor. (As in OTP.) */
export type AutoShutdown = "never" | "any-significant" | "all-significant";

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

const BACKOFF_OPTIONS: OptionNames<BackoffOptions> = { minMs: true, maxMs: true, factor: true, jitter: true };

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

/** Who fails: a child. */
interface Failing {
  /** How often it has failed without having lived long in between. */
  failures: number;
}

/**
 * Counts the restarts of one supervisor: of all its children together those within the window, and of each the failures
 * in a row. A window alone never trips once the waits between restarts are longer than it, so with backoff these count too.
 */
export class RestartCounter {
  readonly #budget: RestartBudget;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #recent = new Deque<number>();

  constructor(budget: RestartBudget, now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#budget = budget;
    this.#now = now;
    this.#random = random;
  }

  /** How many restarts count now, the one included that is to be made for `child`. */
  count(child: Failing): number {
    return Math.max(this.#recent.size, this.#budget.backoff.minMs > 0 ? child.failures : 0);
  }

  /**
   * One more is needed, for a child that had lived so long. Returns how long to wait before it, or undefined if it would
   * be one too many.
   */
  next(child: Failing, livedMs: number): number | undefined {
    const { maxRestarts, withinMs, backoff } = this.#budget;
    const now = this.#now();
    child.failures = livedMs < Math.max(withinMs, backoff.maxMs) ? child.failures + 1 : 1;
    while (this.#recent.size > 0 && now - this.#recent.peek()! >= withinMs) this.#recent.shift();
    this.#recent.push(now);
    if (this.count(child) > maxRestarts) return undefined;
    if (backoff.minMs === 0) return 0;
    const waitMs = backoff.minMs * backoff.factor ** (child.failures - 1);
    return Math.min(backoff.maxMs, waitMs * (1 + backoff.jitter * (2 * this.#random() - 1)));
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
  const { maxRestarts = 3, withinMs = 5000, backoff = {} } = options;
  const { minMs = 0, maxMs = 10_000, factor = 2, jitter = 0.2 } = checkOptions(
    action,
    backoff,
    BACKOFF_OPTIONS,
    "backoff",
  );
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
  checkNumber(action, name, value);
  if (value < least) throw new RangeError(`Cannot ${action}: ${name} must be at least ${least}, not ${value}`);
  if (value > most && most === 1) throw new RangeError(`Cannot ${action}: ${name} must be at most 1, not ${value}`);
  return Math.min(value, most);
}
