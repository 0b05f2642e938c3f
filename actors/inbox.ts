import { sizeOf } from "../channels/kernel/snapshot.ts";
import { MailboxFullError } from "../channels/errors.ts";
import { deadLetters } from "../channels/kernel/dead_letters.ts";
import { Deque } from "../channels/kernel/deque.ts";
import { releaseAll } from "../channels/kernel/handle.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { logger } from "../channels/kernel/log.ts";
import type { OptionNames } from "../channels/kernel/options.ts";
import { EMPTY_PACKET } from "../channels/kernel/packet.ts";
import { type Cancellable, Request } from "../channels/kernel/request.ts";
import { CastBound } from "./cast_bound.ts";
import { Credits } from "./credits.ts";
import type { Down } from "./hooks.ts";

/** How many messages an actor's mailbox takes, and what becomes of more. */
export interface MailboxOptions {
  /** Messages that may be waiting, 1024 when left out. */
  readonly capacity?: number | undefined;
  /**
   * What happens to a message that comes when the mailbox is full: it waits at its sender (`"wait"`, when left out),
   * its call rejects with `MailboxFullError` (`"reject"`), it is dropped, or the oldest one is. A cast that is
   * rejected or dropped is a dead letter; a call that is dropped rejects with `MailboxFullError`. Up to 65,536 casts or
   * 64 MiB of them wait at a sender; more are dead letters. Calls wait in any number: when more than 65,536 messages
   * or 64 MiB wait in one isolate for one actor, the log tells, once until none waited. An isolate has up to 1024 messages
   * under way to an actor elsewhere that this has not begun, and of those longer than 64 KiB up to 64 MiB and one more.
   */
  readonly overflow?: "wait" | "reject" | "drop-newest" | "drop-oldest" | undefined;
}

/** The names of `MailboxOptions`. */
export const MAILBOX_OPTIONS: OptionNames<MailboxOptions> = { capacity: true, overflow: true };

/** A mailbox that takes fewer is meant to be full. */
const SMALL = 16;

/** An end that the actor is to hear of. It waits its turn among the messages, and is nobody's to refuse. */
export class News extends Request {
  constructor(holder: Holder, readonly down: Down) {
    super(holder, "down", "", EMPTY_PACKET, undefined);
  }
}

/** The messages that an actor has yet to handle, in order, within their bounds. */
export class Inbox implements Cancellable {
  readonly #queue = new Deque<Request>();
  /** How much of the queue is news, for which there is always room. */
  #news = 0;
  /** Beyond the capacity: these still wait at their senders, as far as anybody can tell. */
  #later: Deque<Request> | undefined;
  /** To be called when those that wait are let in. */
  #onAdmission: Map<Request, () => void> | undefined;
  /** Casts that wait, by the isolate they come from: those of this one wait in no outbox, and others might not, either. */
  #casts: Map<string, CastBound> | undefined;
  /** None, while nobody elsewhere has sent anything. */
  #credits: Credits | undefined;
  #ended = false;
  readonly #capacity: number;
  /** So many waiting messages are worth a word, once until the mailbox was empty again. */
  readonly #alarmAt: number;
  #alarm: number;
  readonly #overflow: NonNullable<MailboxOptions["overflow"]>;

  constructor(
    readonly owner: { readonly holder: Holder; readonly title: string },
    options: MailboxOptions | undefined,
  ) {
    this.#capacity = options?.capacity ?? 1024;
    this.#overflow = options?.overflow ?? "wait";
    this.#alarmAt = this.#capacity < SMALL ? Infinity : Math.floor(this.#capacity / 2) + 1;
    this.#alarm = this.#alarmAt;
  }

  /** How many messages there are. */
  get size(): number {
    return this.#queue.size;
  }

  /** Whether another message would find room. */
  get hasRoom(): boolean {
    return this.#queue.size - this.#news < this.#capacity;
  }

  /** Takes a message in, or deals with it as the options say. `admitted` is called once it counts as in the mailbox. */
  add(request: Request, admitted?: () => void): void {
    if (this.hasRoom && this.#waitingSize === 0) return this.#admit(request, admitted);
    switch (this.#overflow) {
      case "wait":
        this.#admitLater(request, admitted);
        return;
      case "reject":
      case "drop-newest":
        return this.#refuse(request);
      case "drop-oldest":
        this.#refuseOldest();
        return this.#admit(request, admitted);
    }
  }

  /** Takes news in, behind what has come before it. */
  addNews(news: News): void {
    if (this.#waitingSize > 0) return this.#waiting.push(news);
    this.#news++;
    this.#admit(news, undefined);
  }

  /** Whether a message is here, or waits for room. */
  has(request: Request): boolean {
    return this.#queue.has(request) || (this.#later?.has(request) ?? false);
  }

  /** Nobody waits for this message any more. */
  cancelled(request: Request): void {
    if (this.#withdraw(this.#queue, request) || this.#later === undefined) return;
    this.#withdraw(this.#later, request);
  }

  /** Turns a call away that was let in. */
  turnAway(request: Request, error: Error): void {
    this.cancelled(request);
    request.onCancel = undefined;
    request.throw(error);
  }

  /** Takes the next message. */
  take(): Request | undefined {
    const request = this.#queue.shift();
    if (request === undefined) {
      this.#credits?.soon();
      this.#alarm = this.#alarmAt;
      return undefined;
    }
    request.onCancel = undefined;
    if (this.#news > 0 && request instanceof News) this.#news--;
    this.#left(request);
    return request;
  }

  /** A message is not here any more, or was turned away at the door: its sender may send another. */
  credit(request: Request): void {
    // The charge of an open call ends with its answer.
    if (request.asker === undefined || !request.open) request.charge?.end();
    if (request.left !== undefined) request.left();
    else if (request.from.isolate !== isolate.id) {
      this.#credits ??= new Credits(() => this.owner.holder.slot);
      this.#credits.give(request, this.#ended ? 1 : undefined);
    }
  }

  /** The actor has ended: whoever waits is told so, and what nobody waits for is a dead letter. */
  end(lost: (request: Request) => void): void {
    for (const request of [...this.#queue.clear(), ...this.#later?.clear() ?? []]) {
      if (request instanceof News) continue;
      releaseAll(request.body.passages, this.owner.holder);
      this.credit(request);
      if (request.open && request.asker !== undefined) lost(request);
      else this.#deadLetter(request);
    }
    this.#ended = true;
    this.#credits?.giveAll();
  }

  #admit(request: Request, admitted: (() => void) | undefined): void {
    this.#queue.push(request);
    if (this.#queue.size === this.#alarm) this.#filling();
    request.onCancel = this;
    admitted?.();
  }

  #filling(): void {
    const message = `${this.owner.title} has ${this.#alarm} messages waiting, of ${this.#capacity} that it takes`;
    logger.log({ level: "warn", event: "mailbox-filling", message });
    this.#alarm = Infinity;
  }

  #admitLater(request: Request, admitted: (() => void) | undefined): void {
    if (isCast(request) && !this.#castsOf(request).admit(sizeOf(request.body))) return this.#refuse(request);
    this.#waiting.push(request);
    request.onCancel = this;
    if (admitted !== undefined) (this.#onAdmission ??= new Map()).set(request, admitted);
  }

  get #waiting(): Deque<Request> {
    return this.#later ??= new Deque();
  }

  get #waitingSize(): number {
    return this.#later === undefined ? 0 : this.#later.size;
  }

  #withdraw(from: Deque<Request>, request: Request): boolean {
    if (!from.remove(request)) return false;
    this.#onAdmission?.delete(request);
    releaseAll(request.body.passages, this.owner.holder);
    this.#left(request);
    return true;
  }

  /** A message has left: its sender may send another, and one that waits may come in. */
  #left(request: Request): void {
    this.credit(request);
    while (this.#waitingSize > 0 && this.hasRoom) {
      const next = this.#waiting.shift()!;
      if (next instanceof News) this.#news++;
      if (isCast(next)) this.#castsOf(next).release(sizeOf(next.body));
      if (this.#waitingSize === 0) this.#casts = undefined;
      const admitted = this.#onAdmission?.get(next);
      this.#onAdmission?.delete(next);
      this.#admit(next, admitted);
    }
  }

  #castsOf({ from }: Request): CastBound {
    const all = this.#casts ??= new Map();
    let casts = all.get(from.isolate);
    if (casts === undefined) all.set(from.isolate, casts = new CastBound());
    return casts;
  }

  #refuseOldest(): void {
    if (this.#news === 0) return this.#refuse(this.#queue.shift()!);
    for (const request of this.#queue) {
      if (request instanceof News) continue;
      this.#queue.remove(request);
      return this.#refuse(request);
    }
  }

  #refuse(request: Request): void {
    request.onCancel = undefined;
    releaseAll(request.body.passages, this.owner.holder);
    this.credit(request);
    if (request.asker === undefined) return this.#deadLetter(request);
    request.throw(
      new MailboxFullError(`Cannot call ${this.owner.title}: its mailbox holds ${this.#capacity} messages`),
    );
  }

  #deadLetter(request: Request): void {
    deadLetters.add(this.owner.title, request.detail || request.verb);
  }
}

function isCast(request: Request): boolean {
  return request.asker === undefined && !(request instanceof News);
}
