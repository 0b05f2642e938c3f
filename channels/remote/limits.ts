import { MAX_DELAY_MS } from "../kernel/wheel.ts";

/**
 * Checks a time.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is not more than zero, or longer than a timer can take.
 */
export function checkMs(action: string, name: string, ms: number): number {
  if (typeof ms !== "number" || Number.isNaN(ms)) {
    throw new TypeError(`Cannot ${action}: ${name} must be a number of milliseconds, not ${String(ms)}`);
  }
  if (ms > 0 && ms <= MAX_DELAY_MS) return ms;
  throw new RangeError(`Cannot ${action}: ${name} must be more than 0 and at most ${MAX_DELAY_MS}, not ${ms}`);
}

/**
 * Checks a number of things.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is no whole number above zero.
 */
export function checkCount(action: string, name: string, count: number): number {
  if (typeof count !== "number" || Number.isNaN(count)) {
    throw new TypeError(`Cannot ${action}: ${name} must be a number, not ${String(count)}`);
  }
  if (Number.isInteger(count) && count > 0) return count;
  throw new RangeError(`Cannot ${action}: ${name} must be a whole number above 0, not ${count}`);
}
