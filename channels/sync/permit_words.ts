/*
 * The shared memory of a lock or semaphore. A permit is free when its owner word is 0; whoever changes that word by one
 * compare-and-swap owns it. Nobody but the home may give a permit to one who waits, and nobody may take one past those
 * who wait: that is what the first word is for.
 */

/** 1 while somebody waits at home. Then the home alone gives out what is free, in the order of waiting. */
const CONTENDED = 0;
/** The last number that was given to a copy of a handle. */
const LAST_NUMBER = 1;
/** Changes whenever the home has given a permit to one who waits synchronously. */
const BELL = 2;
/** How many free permits the home has that are not in this memory. */
const SPARES = 3;
/** To whom, waiting synchronously, the home gives one of those. */
const GIFT = 4;
const HEADER = 5;
const WORDS_PER_PERMIT = 2;
const NOBODY = 0;
/** The owner of a permit that does not exist. */
const ABSENT = 2 ** 32 - 1;

/** What the main actor of the home is called. */
export const MAIN_NUMBER = 1;
/** The index of a permit that only the home knows of. */
export const SPARE = -1;

/** A permit that somebody has. */
export interface Permit {
  index: number;
  /** Who has it, by number. */
  number: number;
  /** Whether the one who had it before died with it. */
  abandoned: boolean;
}

/** The permits of one lock or semaphore, as every thread of the process sees them. */
export class PermitWords {
  readonly memory: SharedArrayBuffer;
  readonly count: number;
  readonly #words: Uint32Array<SharedArrayBuffer>;
  /** The same, as one can sleep on it. */
  readonly #signed: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Uint32Array(memory);
    this.#signed = new Int32Array(memory);
    this.count = (this.#words.length - HEADER) / WORDS_PER_PERMIT;
  }

  /** Memory for so many permits, all free, and for so many more that do not exist yet. */
  static allocate(count: number, more: number): PermitWords {
    const bytes = (HEADER + WORDS_PER_PERMIT * (count + more)) * Uint32Array.BYTES_PER_ELEMENT;
    const permits = new PermitWords(new SharedArrayBuffer(bytes));
    permits.#words[LAST_NUMBER] = MAIN_NUMBER;
    for (let index = count; index < count + more; index++) permits.#words[ownerAt(index)] = ABSENT;
    return permits;
  }

  /** Makes another permit, free. False if there is no place left for it. */
  open(): boolean {
    const index = this.indexOf(ABSENT);
    return index >= 0 && this.free(index, ABSENT);
  }

  /** A number that no other copy of a handle has: not for the next four thousand million of them. */
  nextNumber(): number {
    for (let number = NOBODY;; number = (Atomics.add(this.#words, LAST_NUMBER, 1) + 1) % 2 ** 32) {
      if (number !== NOBODY && number !== ABSENT) return number;
    }
  }

  get contended(): boolean {
    return Atomics.load(this.#words, CONTENDED) !== 0;
  }

  set contended(value: boolean) {
    Atomics.store(this.#words, CONTENDED, value ? 1 : 0);
  }

  /** How many permits the home alone has. It alone changes that. */
  get spares(): number {
    return Atomics.load(this.#words, SPARES);
  }

  set spares(value: number) {
    Atomics.store(this.#words, SPARES, value);
  }

  /** Takes any free permit. */
  take(number: number): Permit | undefined {
    const index = this.claim(number);
    return index < 0 ? undefined : this.#taken(index, number);
  }

  /** The same, if nobody waits at home. */
  takeNext(number: number): Permit | undefined {
    return this.contended ? undefined : this.take(number);
  }

  /** The same for somebody who will find it by `given`: the index, or -1. */
  claim(number: number): number {
    for (let index = 0; index < this.count; index++) if (this.#change(index, NOBODY, number)) return index;
    return -1;
  }

  /** Frees a permit. False if it was not that number's. */
  free(index: number, number: number): boolean {
    return this.#change(index, number, NOBODY);
  }

  /** Whether a permit is free for anybody to take. */
  get hasFree(): boolean {
    return this.indexOf(NOBODY) >= 0;
  }

  /** How many are. */
  countFree(): number {
    let count = 0;
    for (let index = 0; index < this.count; index++) if (this.#ownerOf(index) === NOBODY) count++;
    return count;
  }

  /** The numbers of those who have a permit. */
  *owners(): Generator<number> {
    for (let index = 0; index < this.count; index++) {
      const owner = this.#ownerOf(index);
      if (owner !== NOBODY && owner !== ABSENT) yield owner;
    }
  }

  /** The index of a permit that a number has, or -1. */
  indexOf(number: number): number {
    for (let index = 0; index < this.count; index++) if (this.#ownerOf(index) === number) return index;
    return -1;
  }

  /** Gives one of the home's own permits to somebody who looks for it by `given`. False while another is given. */
  give(number: number): boolean {
    return Atomics.compareExchange(this.#words, GIFT, NOBODY, number) === NOBODY;
  }

  /** Takes such a gift, or takes it back. False if there is none. */
  takeGift(number: number): boolean {
    return Atomics.compareExchange(this.#words, GIFT, number, NOBODY) === number;
  }

  /** What the home has given to `number`, which has nothing else. From now on it belongs to `owner`. */
  given(number: number, owner: number): Permit | undefined {
    const index = this.indexOf(number);
    if (index >= 0) {
      Atomics.store(this.#words, ownerAt(index), owner);
      return this.#taken(index, owner);
    }
    return this.takeGift(number) ? { index: SPARE, number: owner, abandoned: false } : undefined;
  }

  /** Notes that the owner of a permit died, for whoever has it next. */
  abandon(index: number): void {
    Atomics.store(this.#words, ownerAt(index) + 1, 1);
  }

  /** Wakes those who wait synchronously. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#signed, BELL);
  }

  /** What the bell says now. */
  get bell(): number {
    return Atomics.load(this.#signed, BELL);
  }

  /** Sleeps until the bell says something else, or time has passed: false then. */
  sleep(bell: number, ms: number): boolean {
    return Atomics.wait(this.#signed, BELL, bell, ms) !== "timed-out";
  }

  #ownerOf(index: number): number {
    return Atomics.load(this.#words, ownerAt(index));
  }

  #change(index: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, ownerAt(index), from, to) === from;
  }

  #taken(index: number, number: number): Permit {
    const at = ownerAt(index) + 1;
    const abandoned = Atomics.load(this.#words, at) !== 0;
    if (abandoned) Atomics.store(this.#words, at, 0);
    return { index, number, abandoned };
  }
}

function ownerAt(index: number): number {
  return HEADER + index * WORDS_PER_PERMIT;
}
