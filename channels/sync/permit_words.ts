/*
 * The shared memory of a lock or semaphore. A permit is free when its owner word is 0; whoever changes that word by one
 * compare-and-swap owns it. Nobody but the home may give a permit to one who waits, and nobody may take one past those
 * who wait: that is what the first word is for.
 */

/** 1 while somebody waits at home. Then permits go through the home, in the order of waiting. */
const CONTENDED = 0;
/** The last number that was given to a copy of a handle. */
const LAST_NUMBER = 1;
/** Changes whenever the home has given a permit to one who waits synchronously. */
const BELL = 2;
const HEADER = 4;
const WORDS_PER_PERMIT = 2;
/** The owner of a permit that does not exist. */
const ABSENT = -1;

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
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.count = (this.#words.length - HEADER) / WORDS_PER_PERMIT;
  }

  /** Memory for so many permits, all free, and for so many more that do not exist yet. */
  static allocate(count: number, more: number): PermitWords {
    const bytes = (HEADER + WORDS_PER_PERMIT * (count + more)) * Int32Array.BYTES_PER_ELEMENT;
    const permits = new PermitWords(new SharedArrayBuffer(bytes));
    for (let index = count; index < count + more; index++) permits.#words[ownerAt(index)] = ABSENT;
    return permits;
  }

  /** Makes another permit, free. False if there is no place left for it. */
  open(): boolean {
    const index = this.indexOf(ABSENT);
    return index >= 0 && this.free(index, ABSENT);
  }

  /** A number that no other copy of a handle has. */
  nextNumber(): number {
    return Atomics.add(this.#words, LAST_NUMBER, 1) + 1;
  }

  get contended(): boolean {
    return Atomics.load(this.#words, CONTENDED) !== 0;
  }

  set contended(value: boolean) {
    Atomics.store(this.#words, CONTENDED, value ? 1 : 0);
  }

  /** Takes any free permit. */
  take(number: number): Permit | undefined {
    const index = this.claim(number);
    return index < 0 ? undefined : this.#taken(index, number);
  }

  /** The same for somebody who will find it by `given`: the index, or -1. */
  claim(number: number): number {
    for (let index = 0; index < this.count; index++) {
      if (Atomics.compareExchange(this.#words, ownerAt(index), 0, number) === 0) return index;
    }
    return -1;
  }

  /** Frees a permit. False if it was not that number's. */
  free(index: number, number: number): boolean {
    return Atomics.compareExchange(this.#words, ownerAt(index), number, 0) === number;
  }

  /** Who has a permit; 0 is nobody. */
  ownerOf(index: number): number {
    return Atomics.load(this.#words, ownerAt(index));
  }

  /** The index of a permit that a number has, or -1. */
  indexOf(number: number): number {
    for (let index = 0; index < this.count; index++) if (this.ownerOf(index) === number) return index;
    return -1;
  }

  /** What a number has, that was given to it by the home. */
  given(number: number): Permit | undefined {
    const index = this.indexOf(number);
    return index < 0 ? undefined : this.#taken(index, number);
  }

  /** Notes that the owner of a permit died, for whoever has it next. */
  abandon(index: number): void {
    Atomics.store(this.#words, ownerAt(index) + 1, 1);
  }

  /** Wakes those who wait synchronously. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1);
    Atomics.notify(this.#words, BELL);
  }

  /** What the bell says now. */
  get bell(): number {
    return Atomics.load(this.#words, BELL);
  }

  /** Sleeps until the bell says something else, or time has passed. */
  sleep(bell: number, ms: number): void {
    Atomics.wait(this.#words, BELL, bell, ms);
  }

  #taken(index: number, number: number): Permit {
    return { index, number, abandoned: Atomics.exchange(this.#words, ownerAt(index) + 1, 0) === 1 };
  }
}

function ownerAt(index: number): number {
  return HEADER + index * WORDS_PER_PERMIT;
}
