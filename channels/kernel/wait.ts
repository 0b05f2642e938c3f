import { whoActs } from "./acting.ts";
import { checkOptions, type OptionNames } from "./options.ts";
import { brief } from "./show.ts";
import type { Stop } from "./stop.ts";
import { MAX_DELAY_MS } from "./wheel.ts";

/** How long to wait for something, and what ends the wait early. */
export interface WaitOptions {
  /**
   * Milliseconds to wait: left out, `Infinity` or more than 2^31-1 is for ever, 0 and less looks once without
   * waiting.
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason; what was waited for has then not been taken. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of `WaitOptions`. */
export const WAIT_OPTIONS: OptionNames<WaitOptions> = { timeoutMs: true, signal: true };

/** A checked wait. */
export interface Patience {
  /** Milliseconds; `Infinity` is for ever. */
  readonly timeoutMs: number;
  /** Look once, do not wait. */
  readonly once: boolean;
  readonly signal: AbortSignal | undefined;
  /** The request to stop that ends the wait; undefined where none does. */
  readonly stop?: Stop | undefined;
}

const FOR_EVER: Patience = { timeoutMs: Infinity, once: false, signal: undefined };

/**
 * Checks what a caller gave as `WaitOptions`.
 *
 * @param known the names that the options may have, where the caller takes more than a wait
 * @throws {TypeError} If an option is unknown, has the wrong type or is NaN.
 * @throws The signal's reason, if it is aborted already.
 */
export function patience(
  action: string,
  options: WaitOptions | undefined,
  fallbackMs: number = Infinity,
  known: OptionNames<WaitOptions> = WAIT_OPTIONS,
): Patience {
  if (options === undefined) return fallbackMs === Infinity ? FOR_EVER : patienceOf(action, {}, fallbackMs);
  return patienceOf(action, checkOptions(action, options, known), fallbackMs);
}

/** The same for options whose names were checked before. */
export function patienceOf(action: string, options: WaitOptions, fallbackMs: number = Infinity): Patience {
  const { timeoutMs = fallbackMs, signal } = options;
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new TypeError(`Cannot ${action}: timeoutMs must be a number of milliseconds, not ${brief(timeoutMs)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot ${action}: signal must be an AbortSignal, not ${brief(signal)}`);
  }
  signal?.throwIfAborted();
  return { timeoutMs: timeoutMs > MAX_DELAY_MS ? Infinity : timeoutMs, once: timeoutMs <= 0, signal };
}

/**
 * The same for a wait at a channel or lock, which ends also when the actor or task that begins it now is asked to stop or
 * interrupted: with the reason of its signal, and nothing is taken then.
 */
export function channelWait(
  action: string,
  options: WaitOptions | undefined,
  fallbackMs?: number,
  known?: OptionNames<WaitOptions>,
): Patience {
  const { timeoutMs, once, signal } = patience(action, options, fallbackMs, known);
  return { timeoutMs, once, signal, stop: whoActs.stop() };
}

/** Whether an error says that a wait was ended by a request to stop. */
export function isStopped({ stop }: Patience, error: unknown): boolean {
  return stop !== undefined && stop.came && error === stop.reason;
}

/** @throws The reason, if a wait was aborted or its party asked to stop, since it was begun. */
export function throwIfOver({ stop, signal }: Pick<Patience, "stop" | "signal">): void {
  signal?.throwIfAborted();
  if (stop?.came) throw stop.reason;
}
