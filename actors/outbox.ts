import { deadLetters } from "../channels/kernel/dead_letters.ts";
import type { Gate } from "../channels/kernel/question.ts";
import { type Address, isWithin, showAddress } from "../channels/kernel/address.ts";
import { Deque } from "../channels/kernel/deque.ts";
import { credited } from "../channels/kernel/dispatch.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { logger } from "../channels/kernel/log.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import { CastBound, MAX_CAST_BYTES, MAX_CASTS } from "./cast_bound.ts";
import { HEAVY_BYTES } from "./credits.ts";

/** How many messages one isolate may have under way to one actor, and how many bytes of heavy ones. */
const WINDOW = 1024;
const WINDOW_BYTES = 64 * 1024 * 1024;

interface Waiting {
  /** 1 for what takes a place in the mailbox, 0 for what only has to keep the order. */
  readonly weight: 0 | 1;
  readonly bytes: number;
  /** What to call the message, should nobody ever get it; calls tell their caller instead. */
  readonly castOf: string | undefined;
  send(): void;
  /** It will never be sent, though who it was for lives. */
  dropped?(): void;
  /** It is not here any more, whatever became of it. */
  left?(): void;
}

/**
 * What this isolate still has to send to one actor elsewhere. Calls and casts leave in the order in which they were
 * made; the actor's mailbox gives credit as it handles them.
 */
export class Outbox implements Gate {
  readonly #waiting = new Deque<Waiting>();
  readonly #casts = new CastBound();
  /** The casts that the actor has not said to have taken. */
  readonly #untaken = new Deque<Casts>();
  /** The heavy messages of which that is so, by their numbers among all; most outboxes never have one. */
  #heavy: Deque<{ readonly number: number; readonly bytes: number }> | undefined;
  #heavyBytes = 0;
  #waitingBytes = 0;
  #told = false;
  #latest: Casts | undefined;
  #underWay = 0;
  #sent = 0;
  #taken = 0;

  constructor(readonly to: Address) {}

  /** Whether a message would leave at once. */
  get hasRoom(): boolean {
    return this.#waiting.size === 0 && this.#mayLeave;
  }

  get #mayLeave(): boolean {
    return this.#underWay < WINDOW && this.#heavyBytes < WINDOW_BYTES;
  }

  /** Whether nothing is under way or waiting, so that nobody would miss this object. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#underWay === 0;
  }

  /** Whether a call leaves now; it is counted then. */
  enter(bytes: number): boolean {
    if (!this.hasRoom) return false;
    this.#count(1, bytes);
    return true;
  }

  /** Else the call is sent when it is its turn. Returns what withdraws it. */
  queue(bytes: number, send: () => void): () => void {
    return this.submit({ weight: 1, bytes, castOf: undefined, send })!;
  }

  /** The same for a question that takes no place in the mailbox. */
  get order(): Gate {
    return {
      enter: () => this.hasRoom,
      queue: (bytes, send) => this.submit({ weight: 0, bytes, castOf: undefined, send })!,
    };
  }

  /** Sends now, or when it is this message's turn. Returns what withdraws it in the latter case. */
  submit(message: Waiting): (() => void) | undefined {
    if (this.hasRoom) {
      this.#send(message);
      return undefined;
    }
    if (message.castOf !== undefined && !this.#casts.admit(message.bytes)) {
      message.dropped?.();
      message.left?.();
      deadLetters.add(showAddress(this.to), message.castOf);
      return undefined;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.bytes;
    if (this.#waiting.size > MAX_CASTS || this.#waitingBytes > MAX_CAST_BYTES) this.#tell();
    return () => {
      if (!this.#waiting.remove(message)) return;
      this.#waitingBytes -= message.bytes;
      message.left?.();
    };
  }

  /** The actor has handled so many. */
  credit(count: number): void {
    this.#underWay = Math.max(0, this.#underWay - count);
    this.#taken = Math.min(this.#sent, this.#taken + count);
    while (this.#untaken.size > 0 && this.#untaken.peek()!.last <= this.#taken) this.#untaken.shift();
    if (this.#untaken.size === 0) this.#latest = undefined;
    if (this.#heavyBytes > 0) this.#lighten(this.#heavy!);
    while (this.#mayLeave) {
      const message = this.#waiting.shift();
      if (message === undefined) {
        this.#told = false;
        break;
      }
      this.#waitingBytes -= message.bytes;
      if (message.castOf !== undefined) this.#casts.release(message.bytes);
      this.#send(message);
    }
  }

  /** The actor is gone with its isolate, and its mailbox too. Calls learn that by themselves. */
  end(): void {
    for (const { what, first, last } of this.#untaken.clear()) {
      for (let n = Math.max(first, this.#taken + 1); n <= last; n++) deadLetters.add(showAddress(this.to), what);
    }
    this.#waitingBytes = 0;
    for (const message of this.#waiting.clear()) {
      if (message.castOf !== undefined) deadLetters.add(showAddress(this.to), message.castOf);
      message.left?.();
    }
  }

  #noteCast(what: string): void {
    const latest = this.#latest;
    if (latest?.what === what && latest.last === this.#sent - 1) latest.last++;
    else this.#untaken.push(this.#latest = { what, first: this.#sent, last: this.#sent });
  }

  /** Heavy messages that were taken are not under way any more. */
  #lighten(heavy: Deque<{ readonly number: number; readonly bytes: number }>): void {
    while (heavy.size > 0 && heavy.peek()!.number <= this.#taken) this.#heavyBytes -= heavy.shift()!.bytes;
  }

  /** Calls beyond the bound of casts wait all the same: the log tells, once until nothing waited. */
  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    const [messages, mib] = [this.#waiting.size, Math.floor(this.#waitingBytes / 1024 / 1024)];
    const message = `${
      showAddress(this.to)
    } is sent more than it handles: ${messages} messages of ${mib} MiB wait here`;
    logger.log({ level: "warn", event: "outbox-filling", message });
  }

  /** One more is under way. */
  #count(weight: 0 | 1, bytes: number): void {
    this.#underWay += weight;
    this.#sent += weight;
    if (bytes <= HEAVY_BYTES) return;
    (this.#heavy ??= new Deque()).push({ number: this.#sent, bytes });
    this.#heavyBytes += bytes;
  }

  #send({ weight, bytes, castOf, send, left }: Waiting): void {
    this.#count(weight, bytes);
    if (castOf !== undefined) this.#noteCast(castOf);
    send();
    left?.();
  }
}

/** Casts of one method in a row, by their numbers among all messages. */
interface Casts {
  readonly what: string;
  readonly first: number;
  last: number;
}

/** The one that was asked for last, which is mostly asked for again. */
let last: Outbox | undefined;

const outboxes: Map<string, Outbox> = singleton("outboxes", () => {
  const all = new Map<string, Outbox>();
  credited.add((from, slot, count) => all.get(`${from}#${slot}`)?.credit(count));
  isolate.downListeners.add((gone) => {
    for (const [key, outbox] of [...all]) {
      if (!isWithin(outbox.to.isolate, gone)) continue;
      all.delete(key);
      if (last === outbox) last = undefined;
      outbox.end();
    }
  });
  return all;
});

/** The one outbox of this isolate for an actor elsewhere. */
export function outboxOf(to: Address): Outbox {
  if (last?.to === to) return last;
  const key = showAddress(to);
  let outbox = outboxes.get(key);
  if (outbox === undefined) outboxes.set(key, outbox = new Outbox(to));
  return last = outbox;
}
