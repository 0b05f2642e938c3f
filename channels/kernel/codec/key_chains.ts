/** V8 hashes a longer string by its length alone. */
export const MOST_HASHED = 16_383;

/** V8 takes a fifth of a second for so many steps. Keys that nobody chose for it take none to speak of. */
export const MOST_STEPS: number = 2 ** 26;

/** So many keys of a chain cost nothing to speak of. */
const FREE = 16;

/**
 * The chains of keys that V8 makes for a Map or Set. Which chain a number, a bigint, a string that is an array index or one
 * too long to hash comes into is known beforehand, and V8 compares a key with each of its chain: keys that are all chosen
 * for one chain take quadratic time to read. The chains of other keys depend on a number that nobody knows.
 */
export class KeyChains {
  #hashes = new Int32Array(256);
  #lengths = new Uint16Array(128);
  #count = 0;
  #size = 0;
  /** The hash of the last key; negative if it does not matter. */
  #last = -1;

  /**
   * How many steps it takes to find a key among those so far.
   *
   * @param bytes how many bytes the key has
   * @param size how many keys there are
   */
  stepsTo(key: unknown, bytes: number, size: number): number {
    if (size > this.#size && this.#last >= 0) this.#add(this.#last);
    this.#size = size;
    const hash = this.#last = hashOf(key);
    if (hash < 0) return 0;
    const lengths = this.#lengths;
    const length = lengths[hash & lengths.length - 1];
    return length <= FREE ? 0 : length * stepsToCompare(key, bytes);
  }

  /** Has as many chains as V8: one for two keys. */
  #add(hash: number): void {
    if (this.#count === this.#hashes.length) this.#grow();
    this.#hashes[this.#count++] = hash;
    lengthen(this.#lengths, hash);
  }

  #grow(): void {
    const hashes = this.#hashes;
    const lengths = this.#lengths = new Uint16Array(hashes.length);
    this.#hashes = new Int32Array(2 * hashes.length);
    this.#hashes.set(hashes);
    for (let i = 0; i < hashes.length; i++) lengthen(lengths, hashes[i]);
  }
}

function lengthen(lengths: Uint16Array, hash: number): void {
  const chain = hash & lengths.length - 1;
  if (lengths[chain] < 0xffff) lengths[chain]++;
}

/** A step compares two small integers. */
export function stepsToCompare(key: unknown, bytes: number): number {
  return typeof key === "number" && (key | 0) === key ? 1 : 8 + (bytes >> 4);
}

/** As V8 does it; negative if that has a seed. */
function hashOf(key: unknown): number {
  switch (typeof key) {
    case "number":
      return (key | 0) === key ? hashOfInteger(key) : hashOfFloat(key);
    case "bigint": {
      const digits = BigInt.asUintN(64, key < 0n ? -key : key);
      return hashOf64(Number(digits >> 32n), Number(digits & 0xffffffffn));
    }
    case "string":
      return key.length > MOST_HASHED ? key.length : hashOfIndex(key);
    default:
      return -1;
  }
}

function hashOfInteger(key: number): number {
  let hash = ~key + (key << 15) | 0;
  hash ^= hash >>> 12;
  hash = hash + (hash << 2) | 0;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return (hash ^ hash >>> 16) & 0x3fffffff;
}

/** That of a string whose value is its hash; negative if it is no array index. */
function hashOfIndex(key: string): number {
  const first = key.charCodeAt(0);
  if (key.length > 10 || !(first >= 0x30 && first <= 0x39)) return -1;
  const index = Number(key) >>> 0;
  return String(index) === key ? (index << 2 | key.length << 26) >>> 2 : -1;
}

const float = new DataView(new ArrayBuffer(8));

function hashOfFloat(key: number): number {
  float.setFloat64(0, key);
  return hashOf64(float.getUint32(0), float.getUint32(4));
}

let [high, low] = [0, 0];

function hashOf64(highHalf: number, lowHalf: number): number {
  [high, low] = [highHalf, lowHalf];
  multiply(0x3ffff);
  if (low === 0) high = high - 1 >>> 0;
  low = low - 1 >>> 0;
  mix(31);
  multiply(21);
  mix(11);
  multiply(65);
  mix(22);
  return low & 0x3fffffff;
}

function multiply(factor: number): void {
  const product = low * factor;
  high = Math.imul(high, factor) + Math.floor(product / 2 ** 32) >>> 0;
  low = product >>> 0;
}

/** Takes the exclusive or with itself, shifted by up to 31 bits. */
function mix(bits: number): void {
  low = (low ^ (low >>> bits | high << 32 - bits)) >>> 0;
  high = (high ^ high >>> bits) >>> 0;
}
