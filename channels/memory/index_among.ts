import { checkNumber } from "../argument.ts";

/**
 * The place of an index that may be counted from the end.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If there is no such place.
 */
export function indexAmong(action: string, index: unknown, length: number): number {
  const from = checkNumber(action, "the index", index);
  const at = from < 0 ? from + length : from;
  if (Number.isInteger(at) && at >= 0 && at < length) return at;
  throw new RangeError(`Cannot ${action}: there is no index ${index} among ${length}`);
}

/** Where a slice of a row begins or ends, as `Array.slice` counts. */
export function clamp(index: number, length: number): number {
  return Math.min(length, Math.max(0, Math.trunc(index < 0 ? index + length : index)));
}
