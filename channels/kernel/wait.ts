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

/** A checked wait. */
export interface Patience {
  /** Milliseconds; `Infinity` is for ever. */
  readonly timeoutMs: number;
  /** Look once, do not wait. */
  readonly once: boolean;
  readonly signal: AbortSignal | undefined;
}

const FOR_EVER: Patience = { timeoutMs: Infinity, once: false, signal: undefined };

/**
 * Checks what a caller gave as `WaitOptions`.
 *
 * @throws {TypeError} If an option has the wrong type or is NaN.
 * @throws The signal's reason, if it is aborted already.
 */
export function patience(action: string, options: WaitOptions | undefined, fallbackMs: number = Infinity): Patience {
  if (options === undefined && fallbackMs === Infinity) return FOR_EVER;
  const { timeoutMs = fallbackMs, signal } = checkOptions(action, options ?? {});
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) {
    throw new TypeError(`Cannot ${action}: timeoutMs must be a number of milliseconds, not ${String(timeoutMs)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot ${action}: signal must be an AbortSignal`);
  }
  signal?.throwIfAborted();
  return { timeoutMs: timeoutMs > MAX_DELAY_MS ? Infinity : timeoutMs, once: timeoutMs <= 0, signal };
}

/** @throws {TypeError} If the options are no object. */
export function checkOptions<T extends object>(action: string, options: T): T {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot ${action}: the options must be an object, not ${options === null ? "null" : typeof options}`,
    );
  }
  return options;
}
