import { Deque } from "./deque.ts";
import { oneLine } from "./escape.ts";
import { isWorthALine, logger } from "./log.ts";
import type { Packet } from "./packet.ts";
import { remains } from "./remains.ts";
import { singleton } from "./singleton.ts";

/** A message that nobody will ever handle. */
export interface DeadLetter {
  /** The address it was for, as people read it. */
  readonly to: string;
  /** The method, or what else the message was. */
  readonly what: string;
  /**
   * Of what lay in a queue or pipe: the item, as data alone, so that in the place of a handle stands its kind, as
   * `"[queue]"`. It is missing when it cannot be read any more, or has more than 512 KiB, which `what` then says.
   */
  readonly item?: unknown;
  /** Of what lay in a queue or pipe: how often somebody has had it. */
  readonly deliveries?: number | undefined;
}

/** An item of a queue or pipe that nobody will have any more. */
export interface Lost {
  readonly packet: Packet;
  readonly bytes: number;
  readonly deliveries: number;
}

/** A longer item is told without its content. */
export const MOST_ITEM_BYTES: number = 512 * 1024;
/** An observer who reads too slowly misses the oldest beyond this number, or beyond so many bytes of items. */
export const MAX_UNREAD: number = 1000;
export const MAX_UNREAD_BYTES: number = 64 * 1024 * 1024;

/** Told a dead letter, and how many bytes the item in it has. */
type Listener = (letter: DeadLetter, bytes: number) => void;

/** The dead letters of this isolate, and in the program's own those of all others: messages without a caller that could be told, to actors that are gone or full. */
export class DeadLetters {
  #count = 0;
  readonly #listeners = new Set<Listener>();

  /** How many there were so far. */
  get count(): number {
    return this.#count;
  }

  /** Notes one. */
  add(to: string, what: string, lost?: Lost): void {
    this.#count++;
    // A stranger may have written both.
    const letter = { to: oneLine(to), what: oneLine(what) };
    this.#log(letter, lost);
    // Most items are read by nobody.
    if (this.#listeners.size === 0) return;
    const told = lost === undefined ? letter : withItem(letter, lost);
    this.#tell(told, "item" in told ? lost!.bytes : 0);
  }

  /** Who casts to the dead may do so a million times. */
  #log({ to, what }: DeadLetter, lost: Lost | undefined): void {
    const count = this.#count;
    if (!isWorthALine(count)) return;
    const given = lost === undefined || lost.deliveries === 0
      ? ""
      : lost.deliveries === 1
      ? ", which was given once"
      : `, which was given ${lost.deliveries} times`;
    const message = count <= 10
      ? `Dead letter: ${what} to ${to}${given}`
      : `${count} dead letters so far, the last one ${what} to ${to}${given}`;
    logger.log({ level: "warn", event: "dead-letter", message });
  }

  /**
   * Notes those of another isolate, which has told of them itself; of many, `letters` are not all.
   *
   * @param bytes how many the message has in which they came
   */
  addOthers(count: number, letters: readonly DeadLetter[], bytes: number): void {
    this.#count += count;
    for (const { to, what, ...rest } of letters) {
      this.#tell({ ...rest, to: oneLine(to), what: oneLine(what) }, bytes / letters.length);
    }
  }

  #tell(letter: DeadLetter, bytes: number): void {
    for (const listener of this.#listeners) listener(letter, bytes);
  }

  /** Those from now on. */
  [Symbol.asyncIterator](): AsyncIterableIterator<DeadLetter> {
    return new Reader(this);
  }

  /** Gives every later dead letter to `listener` until disposed of. */
  listen(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** Reads them as they come. */
class Reader implements AsyncIterableIterator<DeadLetter> {
  readonly #unread = new Deque<{ readonly letter: DeadLetter; readonly bytes: number }>();
  #unreadBytes = 0;
  readonly #waiting = new Deque<(result: IteratorResult<DeadLetter>) => void>();
  readonly #listening: Disposable;
  #over = false;

  constructor(letters: DeadLetters) {
    this.#listening = letters.listen((letter, bytes) => {
      const next = this.#waiting.shift();
      if (next !== undefined) return next({ done: false, value: letter });
      this.#unread.push({ letter, bytes });
      this.#unreadBytes += bytes;
      while (this.#unread.size > MAX_UNREAD || this.#unreadBytes > MAX_UNREAD_BYTES) this.#oldest();
    });
  }

  #oldest(): DeadLetter | undefined {
    const oldest = this.#unread.shift();
    this.#unreadBytes -= oldest?.bytes ?? 0;
    return oldest?.letter;
  }

  next(): Promise<IteratorResult<DeadLetter>> {
    const value = this.#oldest();
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

function withItem({ to, what }: DeadLetter, { packet, bytes, deliveries }: Lost): DeadLetter {
  if (bytes > MOST_ITEM_BYTES) return { to, what: `${what} (too long to be told: ${bytes} bytes)`, deliveries };
  try {
    return { to, what, item: remains(packet), deliveries };
  } catch {
    // The item cannot be read: an object in it has moved to another holder, or the code of a stranger has written it.
    return { to, what, deliveries };
  }
}

/** This isolate's. */
export const deadLetters: DeadLetters = singleton("dead-letters", () => new DeadLetters());
