import { logger } from "./log.ts";
import { singleton } from "./singleton.ts";

/** A message that nobody will ever handle. */
export interface DeadLetter {
  /** The address it was for, as people read it. */
  readonly to: string;
  /** The method, or what else the message was. */
  readonly what: string;
}

/** The dead letters of this isolate: messages without a caller that could be told, to actors that are gone or full. */
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
    this.#log(to, what);
    for (const listener of this.#listeners) listener({ to, what });
  }

  /** Who casts to the dead may do so a million times. */
  #log(to: string, what: string): void {
    const count = this.#count;
    const event = "dead-letter";
    if (count <= 10) logger.log({ level: "warn", event, message: `Dead letter: ${what} to ${to}` });
    else if (Number.isInteger(Math.log10(count))) {
      logger.log({ level: "warn", event, message: `${count} dead letters so far, the last one ${what} to ${to}` });
    }
  }

  /** Gives every later dead letter to `listener` until disposed of. */
  listen(listener: (letter: DeadLetter) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** This isolate's. */
export const deadLetters: DeadLetters = singleton("dead-letters", () => new DeadLetters());
