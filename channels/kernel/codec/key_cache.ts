const SLOTS = 1024;
const LONGEST = 32;

/**
 * Strings by their bytes, for the keys of objects, which come again and again: finding one builds no string. Each slot
 * holds the last key that hashed to it, so a stranger's keys can displace entries but not make lookups slow.
 */
export class KeyCache {
  readonly #bytes: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #keys: string[] = new Array(SLOTS).fill("");

  /** The key whose UTF-8 are these bytes, if it is remembered. */
  find(bytes: Uint8Array, start: number, length: number): string | undefined {
    if (length > LONGEST || length === 0) return undefined;
    const slot = slotOf(bytes, start, length);
    const known = this.#bytes[slot];
    if (known === undefined || known.length !== length) return undefined;
    for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return undefined;
    return this.#keys[slot];
  }

  /** Remembers a key. */
  add(bytes: Uint8Array, start: number, length: number, key: string): void {
    if (length > LONGEST || length === 0) return;
    const slot = slotOf(bytes, start, length);
    this.#bytes[slot] = new Uint8Array(bytes.subarray(start, start + length));
    this.#keys[slot] = key;
  }
}

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[start + i], 0x01000193);
  return (hash ^ hash >>> 15) & SLOTS - 1;
}
