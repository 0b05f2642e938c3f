/**
 * What a giver and a taker agree on without a message: what was given in advance is the taker's to begin, until the giver
 * takes it back. One word, the number of the last piece that was either begun or taken back; whoever moves it on first has
 * what comes next. So a taker that computes, and hears nothing, keeps from others only what it has begun.
 */
export class Claims {
  readonly memory: SharedArrayBuffer;
  readonly #word: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#word = new Int32Array(memory);
  }

  /** The taker begins a piece, and all before are over. False if it was taken back. */
  begin(sequence: number): boolean {
    const before = sequence - 1 | 0;
    return Atomics.compareExchange(this.#word, 0, before, sequence) === before;
  }

  /** The last piece that was begun or taken back. */
  get last(): number {
    return Atomics.load(this.#word, 0);
  }

  /** The giver takes back all that has not begun, up to the last that it gave. Returns the last that had begun. */
  takeBack(last: number): number {
    for (let begun = Atomics.load(this.#word, 0);;) {
      const now = Atomics.compareExchange(this.#word, 0, begun, last);
      if (now === begun) return begun;
      begun = now;
    }
  }
}

/** The number so many after this one; numbers begin again below zero, as words do. */
export function following(sequence: number, by: number): number {
  return sequence + by | 0;
}

/** Whether a number is not after another. */
export function isUpTo(sequence: number, last: number): boolean {
  return (last - sequence | 0) >= 0;
}
