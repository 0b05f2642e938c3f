/**
 * Checks of what programs give as a number or a name.
 *
 * @module
 */

import { brief } from "./kernel/show.ts";

/** @throws {TypeError} If it is no number. */
export function checkNumber(action: string, name: string, value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new TypeError(`Cannot ${action}: ${name} must be a number, not ${brief(value)}`);
}

/**
 * A time, of any length and either sign.
 *
 * @throws {TypeError} If it is no number.
 */
export function checkMs(action: string, name: string, value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new TypeError(`Cannot ${action}: ${name} must be a number of milliseconds, not ${brief(value)}`);
}

/**
 * How many, `Infinity` for any number of them.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is no whole number of at least `least`.
 */
export function checkCount(action: string, name: string, value: unknown, least: number = 1): number {
  return value === Infinity ? value : checkSize(action, name, value, least);
}

/**
 * How many, of what there cannot be without end.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is no whole number of at least `least`.
 */
export function checkSize(action: string, name: string, value: unknown, least: number): number {
  const size = checkNumber(action, name, value);
  if (Number.isSafeInteger(size) && size >= least) return size;
  throw new RangeError(`Cannot ${action}: ${name} must be a whole number of at least ${least}, not ${size}`);
}

/** @throws {TypeError} If it is no string, or an empty one. */
export function checkName(action: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`Cannot ${action}: the name must be a string that is not empty, not ${brief(value)}`);
}
