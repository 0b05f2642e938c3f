import { type Exit, PARENT_GONE } from "../exit.ts";
import { TimeoutError } from "../errors.ts";
import { type Address, type IsolateId, isWithin, showAddress } from "./address.ts";
import { type Cell, isCell, type Target } from "./cell.ts";
import { deadLetters } from "./dead_letters.ts";
import type { Item, Outcome, Reply } from "./envelope.ts";
import { releaseAll } from "./handle.ts";
import { Held, type Holder } from "./holder.ts";
import { exitOfCell, isolate } from "./isolate.ts";
import { keepAlive } from "./keep_alive.ts";
import { losses } from "./losses.ts";
import { endMoved } from "./moving.ts";
import { NumberMap } from "./number_map.ts";
import { checkReadable, drop, unpack } from "./pack.ts";
import { EMPTY_PACKET, type Packet } from "./packet.ts";
import { Request } from "./request.ts";
import { singleton } from "./singleton.ts";
import { sizeOf, Snapshot } from "./snapshot.ts";
import { Stale } from "./stale.ts";
import type { Settler } from "./awaited.ts";
import type { OpenQuestion, Question, Unanswered } from "./question.ts";
import { type Deadline, type Expiring, wheel } from "./wheel.ts";

/** The verb of a message that is only sent so that the receiver gives back the handles in it. */
export const DISCARD = "discard";

/** What a holder of this isolate has asked and waits for, wherever it has asked. */
export function* questionsOf(holder: Holder): Generator<OpenQuestion> {
  for (const held of holder.leases.all()) {
    const asker = held instanceof Request ? held.asker : held;
    if (asker instanceof Pending && asker.awaited) yield asker;
  }
}

/** One unanswered question. Every one gets exactly one answer, also after it gave up; only then is it forgotten. */
class Pending extends Held implements Unanswered, OpenQuestion, Expiring {
  /** The cell that it asks, and the request there, if that lives here. */
  cell: Cell | undefined;
  request: Request | undefined;
  /** Takes it back, while it has not left. */
  withdraw: (() => void) | undefined;
  #deadline: Deadline | undefined;
  #since: number | undefined;
  #aborted: (() => void) | undefined;
  #gaveUp: (() => unknown) | undefined;
  #settled = false;
  #stale: Stale | undefined;

  constructor(
    readonly question: Question,
    /** Whom it asks; nobody, when the cell lives here. */
    readonly target: Address | undefined,
    /** What the home knows it by; of one to a cell that lives here 0, until somebody needs to name it. */
    public id: number,
    readonly result: Settler,
  ) {
    super(question.holder);
    const { wait, quiet } = question;
    if (!quiet) {
      keepAlive.hold();
      // The holder has a request to a cell that lives here instead.
      if (target !== undefined) this.begin();
    }
    if (wait === undefined) return;
    const { timeoutMs, signal } = wait;
    if (timeoutMs === Infinity) this.#since = performance.now();
    else {
      this.#deadline = wheel.expire(timeoutMs, this);
    }
    if (signal !== undefined) {
      this.#aborted = () => this.#giveUp(() => signal.reason);
      signal.addEventListener("abort", this.#aborted, { once: true });
    }
  }

  get ageMs(): number {
    const now = performance.now();
    // A clock for each would cost: its deadline tells.
    const since = this.#deadline === undefined ? this.#since : this.#deadline.dueMs - this.question.wait!.timeoutMs;
    return since === undefined ? 0 : Math.max(0, now - since);
  }

  number(): number {
    if (this.id === 0) this.id = nextId();
    return this.id;
  }

  get to(): IsolateId {
    return this.target?.isolate ?? isolate.id;
  }

  get slot(): number {
    return this.target?.slot ?? 0;
  }

  get awaited(): boolean {
    return !this.#settled && !this.question.quiet;
  }

  /** Sends the question to where its cell lives. */
  send(): void {
    this.withdraw = undefined;
    const { holder, verb, detail = "", body = EMPTY_PACKET } = this.question;
    post(this.target!, holder, this.id, verb, detail, body);
  }

  settled(outcome: Outcome, body: Packet, exit?: Exit): void {
    if (this.target !== undefined) pendings.delete(this.id);
    this.#stale?.remove();
    if (this.#settled) return drop(body, this.question.holder);
    this.withdraw?.();
    this.#end();
    if (outcome === "cancelled" && this.#gaveUp !== undefined) this.result.reject(this.#gaveUp());
    // Cancelled though nobody gave up: whatever sent that is not the cell that was asked.
    else if (outcome === "lost" || outcome === "cancelled") losses.add(() => this.#lose(exit));
    else {
      try {
        const value = unpack(body, this.question.holder);
        if (outcome === "value") this.result.resolve(value);
        else this.result.reject(value);
      } catch (error) {
        this.result.reject(error);
      }
    }
  }

  offered(body: Packet, tag: number): void {
    if (this.question.claim !== undefined && !this.#settled && !isReadable(body)) return this.#passOver(tag);
    const taker = this.#wants() ? this : this.#heir();
    if (taker === undefined) {
      releaseAll(body.passages, this.question.holder);
      this.#answer(false, { ...EMPTY_PACKET, moved: body.moved });
    } else {
      taker.#end();
      if (taker !== this) taker.#cancel();
      this.#answer(true, EMPTY_PACKET);
      taker.#take(body, tag);
    }
    this.#stale?.remove();
  }

  protected override dropped(): void {
    this.abandoned();
  }

  expired(): void {
    const { question } = this;
    this.#giveUp(() => late(question, question.wait!.timeoutMs));
  }

  /** Nobody is there to be told: the promise stays as it is, and the dead do not go on. */
  abandoned(): void {
    if (this.#settled) return;
    this.#end();
    if (this.target !== undefined) this.#cancel();
  }

  override stopped(): void {
    const stop = this.question.wait?.stop;
    if (stop?.came) this.#giveUp(() => stop.reason);
  }

  #lose(exit: Exit | undefined): void {
    try {
      this.result.reject(this.question.lost(exit));
    } catch (error) {
      this.result.reject(error);
    }
  }

  #take(body: Packet, tag: number): void {
    const { question, result } = this;
    let value: unknown;
    try {
      value = unpack(body, question.holder);
    } catch (error) {
      return question.unreadable === undefined ? result.reject(error) : this.#askAgain(tag);
    }
    try {
      question.tagged?.(tag, value);
      result.resolve(value);
    } catch (error) {
      result.reject(error);
    }
  }

  /** Takes an unreadable item without claiming it: a `select` is not decided by it. */
  #passOver(tag: number): void {
    this.#end();
    this.#answer(true, EMPTY_PACKET);
    this.#askAgain(tag);
  }

  /** An unreadable item is a dead letter, and costs its reader nothing: the same question gets the next item. */
  #askAgain(tag: number): void {
    const { question, target, cell } = this;
    noteUnreadable(target ?? cell!);
    question.unreadable!(tag);
    const { wait } = question;
    const rest = wait && { ...wait, timeoutMs: Math.max(0, wait.timeoutMs - this.ageMs) };
    askFor(this.result, target ?? cell!, { ...question, wait: rest, late: () => late(question, wait!.timeoutMs) });
  }

  /** Whether an item that has come is wanted; if it is, it must be taken. */
  #wants(): boolean {
    if (this.#settled || this.question.holder.gone) return false;
    if (this.question.claim?.() ?? true) return true;
    this.#end();
    this.result.reject(new Error(`Nobody wanted the answer to "${this.question.verb}"`));
    return false;
  }

  /** Who gets an item that came for this question, which does not want it. */
  #heir(): Pending | undefined {
    const { target, question: { takes, holder } } = this;
    if (target === undefined || takes === undefined || this.#stale?.returned) return undefined;
    const address = showAddress(target);
    for (const [, other] of pendings.entries()) {
      if (!(other instanceof Pending)) continue;
      if (other.#settled || other.question.takes !== takes || other.question.holder !== holder) continue;
      if (showAddress(other.target!) !== address) continue;
      if (other.#wants()) return other;
      other.#cancel();
    }
    Stale.returns(target, holder);
    return undefined;
  }

  #answer(kept: boolean, body: Packet): void {
    if (this.request !== undefined) this.request.taken(kept);
    else isolate.post({ kind: "taken", to: this.target!.isolate, from: isolate.id, id: this.id, kept, body });
  }

  #giveUp(reason: () => unknown): void {
    if (this.#settled || this.#gaveUp !== undefined) return;
    this.#gaveUp = reason;
    if (!this.question.gives) {
      this.#end();
      this.result.reject(reason());
    }
    this.#cancel();
  }

  /** Tells the home that no answer is wanted. */
  #cancel(): void {
    if (this.request !== undefined) this.request.cancel();
    else if (this.withdraw !== undefined) {
      this.withdraw();
      this.settled("cancelled", EMPTY_PACKET);
    } else {
      const { takes, holder } = this.question;
      if (takes !== undefined) this.#stale = Stale.of(this.target!, holder).add();
      isolate.post({ kind: "cancel", to: this.target!.isolate, from: isolate.id, id: this.id });
    }
  }

  #end(): void {
    this.#settled = true;
    this.#deadline?.cancel();
    if (this.#aborted !== undefined) this.question.wait!.signal!.removeEventListener("abort", this.#aborted);
    this.end();
    if (!this.question.quiet) keepAlive.release();
  }
}

/** Notes that an item of a cell was unreadable. */
export function noteUnreadable(target: Target): void {
  deadLetters.add(isCell(target) ? `${isolate.id}#${target.slot}` : showAddress(target), "unreadable item");
}

function isReadable(body: Packet): boolean {
  if (body instanceof Snapshot) return true;
  try {
    checkReadable(body);
    return true;
  } catch {
    return false;
  }
}

const pendings: NumberMap<Unanswered> = singleton("pendings", () => new NumberMap());
const ids: { last: number } = singleton("ask-ids", () => ({ last: 0 }));

/** A number that no unanswered question has. It has 32 bits, for short frames. */
function nextId(): number {
  do ids.last = (ids.last + 1) >>> 0; while (ids.last === 0 || pendings.get(ids.last) !== undefined);
  return ids.last;
}

/** Gives a number to who will get the answer to a question that is about to be sent. */
export function unansweredBy(asker: Unanswered): number {
  const id = nextId();
  pendings.set(id, asker);
  return id;
}

/** The question of that number never left, and nobody will answer it. */
export function unsent(id: number): void {
  pendings.delete(id);
}

/**
 * Asks a cell, here or anywhere. The promise always settles: with the answer, or when the target dies, time runs out,
 * or the signal aborts.
 */
export function ask(target: Target, question: Question): Promise<unknown> {
  const answer = Promise.withResolvers<unknown>();
  askFor(answer, target, question);
  return answer.promise;
}

/** The same for who settles with the answer what it has made for it. */
export function askFor(result: Settler, target: Target, question: Question): void {
  const { holder, body = EMPTY_PACKET, wait, takes } = question;
  const stop = wait?.stop;
  if (stop?.came) {
    discard(target, holder, body);
    return result.reject(stop.reason);
  }
  if (isCell(target)) {
    const pending = new Pending(question, undefined, 0, result);
    pending.request = new Request(holder, question.verb, question.detail ?? "", body, pending);
    pending.cell = target;
    try {
      target.receive(pending.request);
    } catch (error) {
      // An asker elsewhere is told in the same way, by `dispatch`.
      pending.request.throw(error);
    }
    return;
  }
  const pending = new Pending(question, target, nextId(), result);
  pendings.set(pending.id, pending);
  const gate = question.gate ?? (takes === undefined ? undefined : Stale.at(target, holder));
  if (gate === undefined || gate.enter(sizeOf(body))) return pending.send();
  const withdraw = gate.queue(sizeOf(body), () => pending.send());
  pending.withdraw = () => {
    withdraw();
    discard(target, holder, body);
  };
}

/** Tells a cell something that it takes as a cast (`Cell.takesCast`); no answer is wanted. */
export function tell(target: Target, holder: Holder, verb: string, detail: string, body: Packet): void {
  if (isCell(target)) return target.receive(new Request(holder, verb, detail, body, undefined));
  post(target, holder, 0, verb, detail, body);
}

function post(address: Address, holder: Holder, id: number, verb: string, detail: string, body: Packet): void {
  const { isolate: to, slot, incarnation, secret } = address;
  if (isolate.framesTo(to)?.request(address, verb, detail, holder.slot, id, body)) return;
  const about = { slot, incarnation, secret, holder: holder.slot, id, verb, detail, body, address };
  isolate.post({ kind: "send", to, from: isolate.id, ...about });
}

/**
 * Does what is due for a message that was packed for the target and will not be sent: the handles in it were leased to
 * the receiver, and only the receiver can give them back.
 */
export function discard(target: Target, holder: Holder, body: Packet): void {
  if (body.passages.length > 0) tell(target, holder, DISCARD, "", body);
}

function late(question: Question, timeoutMs: number): Error {
  return question.late?.(timeoutMs) ??
    new TimeoutError(`Cannot finish "${question.verb}": ${timeoutMs} ms have passed`, { timeoutMs });
}

/** How many questions somebody waits for. */
export function unanswered(): number {
  let count = 0;
  for (const [, pending] of pendings.entries()) if (pending.awaited) count++;
  return count;
}

/** Who gets an answer from another isolate; undefined if nobody has asked that isolate so. */
export function askerOf({ id, from }: Reply | Item): Holder | undefined {
  const pending = pendings.get(id);
  return pending?.to === from ? pending.holder : undefined;
}

/** An answer from another isolate. Only the isolate that was asked may give it. */
export function answered(envelope: Reply | Item): void {
  const pending = pendings.get(envelope.id);
  if (pending !== undefined && pending.to !== envelope.from) return;
  pendings.delete(envelope.id);
  if (envelope.kind === "reply") {
    if (pending === undefined) endMoved(envelope.body.moved);
    else pending.settled(envelope.outcome, envelope.body, envelope.exit);
  } else if (pending !== undefined) pending.offered(envelope.body, envelope.tag);
  else {isolate.post({
      kind: "taken",
      to: envelope.from,
      from: isolate.id,
      id: envelope.id,
      kept: false,
      body: EMPTY_PACKET,
    });}
}

isolate.downListeners.add((gone, exit) => {
  for (const [id, pending] of pendings.entries()) {
    if (!isWithin(pending.to, gone)) continue;
    pendings.delete(id);
    pending.settled("lost", EMPTY_PACKET, pending.to === gone ? exitOfCell(pending.slot, exit) : PARENT_GONE);
  }
});
