/**
 * The place of an index that may be counted from the end.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If there is no such place.
 */
export function indexAmong(action: string, index: unknown, length: number): number {
  if (typeof index !== "number" || Number.isNaN(index)) {
    throw new TypeError(`Cannot ${action}: the index must be a number, not ${String(index)}`);
  }
  const at = index < 0 ? index + length : index;
  if (Number.isInteger(at) && at >= 0 && at < length) return at;
  throw new RangeError(`Cannot ${action}: there is no index ${index} among ${length}`);
}
