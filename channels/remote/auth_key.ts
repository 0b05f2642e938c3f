/** What proves who may talk. Equal strings match, and equal bytes do, and a string matches its UTF-8. */
export type AuthKey = string | Uint8Array;

/**
 * Checks a key.
 *
 * @throws {TypeError} If it is neither text nor bytes, or empty.
 */
export function checkKey(action: string, key: AuthKey | undefined): AuthKey | undefined {
  if (key === undefined) return undefined;
  if (!(typeof key === "string" || key instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot ${action}: authKey must be a string or bytes, not ${key === null ? "null" : typeof key}`,
    );
  }
  if (key.length === 0) throw new TypeError(`Cannot ${action}: authKey must not be empty`);
  return key;
}
