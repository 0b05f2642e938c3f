const FIRST_SIZE = 16;
/** 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b1;

/**
 * A map from whole numbers, for entries that come and go by the million.
 *
 * A `Map` makes a new table after every few deletions, and its old tables keep what they held alive until the next full
 * collection: with a call's worth of objects in each entry that was a quarter of the time. This one changes its table in
 * place.
 */
export class NumberMap<T> {
  #size = 0;
  #keys: number[] = new Array(FIRST_SIZE).fill(0);
  #values: (T | undefined)[] = new Array(FIRST_SIZE).fill(undefined);
  /** Where there is one, places are chosen by it. */
  readonly #seed: number;

  /** @param mixed whether the numbers are a stranger's, who may choose such as belong to one place */
  constructor(mixed: boolean = false) {
    this.#seed = mixed ? crypto.getRandomValues(new Uint32Array(1))[0] | 1 : 0;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  get(key: number): T | undefined {
    const values = this.#values;
    const mask = values.length - 1;
    for (let at = placeOf(key, mask, this.#seed);; at = at + 1 & mask) {
      const value = values[at];
      if (value === undefined || this.#keys[at] === key) return value;
    }
  }

  set(key: number, value: T): void {
    if (2 * (this.#size + 1) > this.#values.length) this.#grow();
    const mask = this.#values.length - 1;
    let at = placeOf(key, mask, this.#seed);
    while (this.#values[at] !== undefined && this.#keys[at] !== key) at = at + 1 & mask;
    if (this.#values[at] === undefined) this.#size++;
    this.#keys[at] = key;
    this.#values[at] = value;
  }

  /** Returns whether there was such an entry. */
  delete(key: number): boolean {
    const keys = this.#keys;
    const values = this.#values;
    const mask = values.length - 1;
    let hole = placeOf(key, mask, this.#seed);
    while (values[hole] !== undefined && keys[hole] !== key) hole = hole + 1 & mask;
    if (values[hole] === undefined) return false;
    this.#size--;
    // What stands behind it for want of a place moves up, or it would not be found.
    for (let at = hole + 1 & mask; values[at] !== undefined; at = at + 1 & mask) {
      const home = placeOf(keys[at], mask, this.#seed);
      if ((at - home & mask) < (at - hole & mask)) continue;
      keys[hole] = keys[at];
      values[hole] = values[at];
      hole = at;
    }
    values[hole] = undefined;
    return true;
  }

  /** The entries as they are now, the lowest number first. */
  entries(): [number, T][] {
    const entries = this.#values.flatMap((value, at): [number, T][] =>
      value === undefined ? [] : [[this.#keys[at], value]]
    );
    return entries.sort(([a], [b]) => a - b);
  }

  #grow(): void {
    const entries = this.entries();
    const size = 2 * this.#values.length;
    this.#size = 0;
    this.#keys = new Array(size).fill(0);
    this.#values = new Array(size).fill(undefined);
    for (const [key, value] of entries) this.set(key, value);
  }
}

/**
 * Multiplied by the golden ratio, numbers in a row lie far apart from each other. Side by side they would be one long row,
 * which whoever looks for a place, or leaves one, has to go along.
 */
function placeOf(key: number, mask: number, seed: number): number {
  if (seed === 0) return Math.imul(key, GOLDEN) >>> Math.clz32(mask);
  const low = Math.imul(key, seed);
  const high = Math.imul(Math.floor(key / 2 ** 32) ^ low ^ low >>> 15, seed);
  return (high ^ high >>> 13) & mask;
}
