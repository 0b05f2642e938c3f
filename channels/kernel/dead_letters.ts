import { Deque } from "./deque.ts";
import { oneLine } from "./escape.ts";
import { isWorthALine, logger } from "./log.ts";
import { singleton } from "./singleton.ts";

/** A message that nobody will ever handle. */
export interface DeadLetter {
  /** The address it was for, as people read it. */
  readonly to: string;
  /** The method, or what else the message was. */
  readonly what: string;
}

/** An observer who reads too slowly misses the oldest beyond this number. */
const MAX_UNREAD = 1000;

/** The dead letters of this isolate, and in the program's own those of all others: messages without a caller that could be told, to actors that are gone or full. */
export class DeadLetters {
  #count = 0;
  readonly #listeners = new Set<(letter: DeadLetter) => void>();

  /** How many there were so far. */
  get count(): number {
    return this.#count;
  }

  /** Notes one. */
  add(to: string, what: string): void {
    this.#count++;
    // A stranger may have written both.
    const letter = { to: oneLine(to), what: oneLine(what) };
    this.#log(letter);
    this.#tell(letter);
  }

  /** Who casts to the dead may do so a million times. */
  #log({ to, what }: DeadLetter): void {
    const count = this.#count;
    if (!isWorthALine(count)) return;
    const message = count <= 10
      ? `Dead letter: ${what} to ${to}`
      : `${count} dead letters so far, the last one ${what} to ${to}`;
    logger.log({ level: "warn", event: "dead-letter", message });
  }

  /** Notes those of another isolate, which has told of them itself; of many, `letters` are not all. */
  addOthers(count: number, letters: readonly DeadLetter[]): void {
    this.#count += count;
    for (const { to, what } of letters) this.#tell({ to: oneLine(to), what: oneLine(what) });
  }

  #tell(letter: DeadLetter): void {
    for (const listener of this.#listeners) listener(letter);
  }

  /** Those from now on. */
  [Symbol.asyncIterator](): AsyncIterableIterator<DeadLetter> {
    return new Reader(this);
  }

  /** Gives every later dead letter to `listener` until disposed of. */
  listen(listener: (letter: DeadLetter) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** Reads them as they come. */
class Reader implements AsyncIterableIterator<DeadLetter> {
  readonly #unread = new Deque<DeadLetter>();
  readonly #waiting = new Deque<(result: IteratorResult<DeadLetter>) => void>();
  readonly #listening: Disposable;
  #over = false;

  constructor(letters: DeadLetters) {
    this.#listening = letters.listen((letter) => {
      const next = this.#waiting.shift();
      if (next !== undefined) return next({ done: false, value: letter });
      this.#unread.push(letter);
      if (this.#unread.size > MAX_UNREAD) this.#unread.shift();
    });
  }

  next(): Promise<IteratorResult<DeadLetter>> {
    const value = this.#unread.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<DeadLetter>> {
    this.#over = true;
    this.#listening[Symbol.dispose]();
    this.#unread.clear();
    for (const waiting of this.#waiting.clear()) waiting({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** This isolate's. */
export const deadLetters: DeadLetters = singleton("dead-letters", () => new DeadLetters());
