/** How often the flag was set or cleared. It is set while this is odd. */
const TURNS = 0;
/** 1 while somebody waits at home, who has to be told. */
const WATCHED = 1;
const WORDS = 2;

/** An event flag, as every thread of the process sees it. */
export class FlagWords {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  get turns(): number {
    return Atomics.load(this.#words, TURNS);
  }

  get isSet(): boolean {
    return (this.turns & 1) !== 0;
  }

  /** Whether the home has to look, once this has changed. */
  get watched(): boolean {
    return Atomics.load(this.#words, WATCHED) !== 0;
  }

  set watched(value: boolean) {
    Atomics.store(this.#words, WATCHED, value ? 1 : 0);
  }

  set(): void {
    this.#turn(0);
  }

  clear(): void {
    this.#turn(1);
  }

  /** Turns it over, if it is like that. */
  #turn(from: 0 | 1): void {
    for (let turns = this.turns; (turns & 1) === from;) {
      const found = Atomics.compareExchange(this.#words, TURNS, turns, turns + 1 | 0);
      if (found === turns) return;
      turns = found;
    }
  }
}
