const SLOTS = 1024;
const LONGEST = 32;

/**
 * Strings by their bytes, for the keys of objects, which come again and again: finding one builds no string. Each slot
 * holds the last key that hashed to it, so a stranger's keys can displace entries but not make lookups slow.
 */
export class KeyCache {
  readonly #bytes: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #keys: string[] = new Array(SLOTS).fill("");
  /** The slot of the key that came last after that of each slot: objects of one kind have the same keys in one order. */
  readonly #next: Uint16Array = new Uint16Array(SLOTS);
  #last = 0;

  /** The key whose UTF-8 are these bytes, if it is remembered. */
  find(bytes: Uint8Array, start: number, length: number): string | undefined {
    if (length > LONGEST || length === 0) return undefined;
    let slot = this.#next[this.#last];
    if (!isAt(bytes, start, length, this.#bytes[slot])) {
      slot = slotOf(bytes, start, length);
      if (!isAt(bytes, start, length, this.#bytes[slot])) return undefined;
      this.#next[this.#last] = slot;
    }
    this.#last = slot;
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

function isAt(bytes: Uint8Array, start: number, length: number, known: Uint8Array | undefined): boolean {
  if (known === undefined || known.length !== length) return false;
  for (let i = 0; i < length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[start + i], 0x01000193);
  return (hash ^ hash >>> 15) & SLOTS - 1;
}
