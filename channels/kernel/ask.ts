import { type Exit, PARENT_GONE } from "../exit.ts";
import { TimeoutError } from "../errors.ts";
import { type IsolateId, isWithin } from "./address.ts";
import { isCell, type Target } from "./cell.ts";
import type { Item, Outcome, Reply } from "./envelope.ts";
import { releaseAll } from "./handle.ts";
import type { Holder } from "./holder.ts";
import { exitOfCell, isolate } from "./isolate.ts";
import { keepAlive } from "./keep_alive.ts";
import { unpack } from "./pack.ts";
import { EMPTY_PACKET, type Packet } from "./packet.ts";
import { type Asker, Request } from "./request.ts";
import { singleton } from "./singleton.ts";
import type { Patience } from "./wait.ts";
import { type Deadline, wheel } from "./wheel.ts";

/** The verb of a message that is only sent so that the receiver gives back the handles in it. */
export const DISCARD = "discard";

/** What to ask of a cell, on whose behalf, and what to make of each way it can end. */
export interface Question {
  readonly holder: Holder;
  readonly verb: string;
  readonly detail?: string;
  /** Packed for the target. */
  readonly body?: Packet;
  readonly wait?: Patience;
  /**
   * Whether the question gives something away. If so, giving up waits for the home's word, since what the home had
   * accepted by then must not be reported as not given; else giving up is immediate, and what comes late is returned.
   */
  readonly gives?: boolean;
  /** Whether the program may end while this is pending: nobody is waiting, we only want to know. */
  readonly quiet?: boolean;
  /**
   * Lets the question leave when it is its turn: calls `send` now, or keeps it and returns what withdraws it.
   */
  gate?(send: () => void): (() => void) | undefined;
  /** The error when the target is gone. */
  lost(exit: Exit | undefined): Error;
  /** The error when time has run out. */
  late?(timeoutMs: number): Error;
  /** Told the home's number of an item, before the promise resolves with it. */
  tagged?(tag: number, value: unknown): void;
}

/** One unanswered question. Every one gets exactly one answer, also after it gave up; only then is it forgotten. */
class Pending implements Asker {
  /** The request itself, while the cell lives here. */
  request: Request | undefined;
  /** Takes it back, while it has not left. */
  withdraw: (() => void) | undefined;
  #deadline: Deadline | undefined;
  #aborted: (() => void) | undefined;
  #gaveUp: (() => unknown) | undefined;
  #settled = false;

  constructor(
    readonly question: Question,
    readonly to: IsolateId,
    readonly slot: number,
    readonly id: number,
    readonly resolve: (value: unknown) => void,
    readonly reject: (reason: unknown) => void,
  ) {
    if (!question.quiet) keepAlive.hold();
    const { wait } = question;
    if (wait === undefined) return;
    const { timeoutMs, signal } = wait;
    if (timeoutMs !== Infinity) {
      const late = question.late ??
        ((ms: number) => new TimeoutError(`Cannot finish "${question.verb}": ${ms} ms have passed`, { timeoutMs: ms }));
      this.#deadline = wheel.after(timeoutMs, () => this.#giveUp(() => late(timeoutMs)));
    }
    if (signal !== undefined) {
      this.#aborted = () => this.#giveUp(() => signal.reason);
      signal.addEventListener("abort", this.#aborted, { once: true });
    }
  }

  settled(outcome: Outcome, body: Packet, exit?: Exit): void {
    pendings.delete(this.id);
    if (this.#settled) return releaseAll(body.passages, this.question.holder);
    this.withdraw?.();
    this.#end();
    if (outcome === "cancelled" && this.#gaveUp !== undefined) this.reject(this.#gaveUp());
    // Nobody asked to have it cancelled: whoever says so has dropped it.
    else if (outcome === "lost" || outcome === "cancelled") this.reject(this.question.lost(exit));
    else {
      try {
        const value = unpack(body, this.question.holder);
        if (outcome === "value") this.resolve(value);
        else this.reject(value);
      } catch (error) {
        this.reject(error);
      }
    }
  }

  offered(body: Packet, tag: number): void {
    pendings.delete(this.id);
    const kept = !this.#settled && !this.question.holder.gone;
    if (!kept) {
      releaseAll(body.passages, this.question.holder);
      return this.#answer(false, { ...EMPTY_PACKET, moved: body.moved });
    }
    this.#end();
    this.#answer(true, EMPTY_PACKET);
    try {
      const value = unpack(body, this.question.holder);
      this.question.tagged?.(tag, value);
      this.resolve(value);
    } catch (error) {
      this.reject(error);
    }
  }

  #answer(kept: boolean, body: Packet): void {
    if (this.request !== undefined) this.request.taken(kept);
    else isolate.post({ kind: "taken", to: this.to, from: isolate.id, id: this.id, kept, body });
  }

  #giveUp(reason: () => unknown): void {
    if (this.#settled || this.#gaveUp !== undefined) return;
    this.#gaveUp = reason;
    const { request } = this;
    if (!this.question.gives) {
      this.#end();
      this.reject(reason());
    }
    if (request !== undefined) request.cancel();
    else if (this.withdraw !== undefined) {
      this.withdraw();
      this.settled("cancelled", EMPTY_PACKET);
    } else isolate.post({ kind: "cancel", to: this.to, from: isolate.id, id: this.id });
  }

  #end(): void {
    this.#settled = true;
    this.#deadline?.cancel();
    if (this.#aborted !== undefined) this.question.wait!.signal!.removeEventListener("abort", this.#aborted);
    if (!this.question.quiet) keepAlive.release();
  }
}

const pendings: Map<number, Pending> = singleton("pendings", () => new Map());
const ids: { last: number } = singleton("ask-ids", () => ({ last: 0 }));

/**
 * Asks a cell, here or anywhere. The promise always settles: with the answer, or when the target dies, time runs out,
 * or the signal aborts.
 */
export function ask(target: Target, question: Question): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { holder, verb, detail = "", body = EMPTY_PACKET } = question;
    if (isCell(target)) {
      const pending = new Pending(question, isolate.id, target.slot, 0, resolve, reject);
      pending.request = new Request(holder, verb, detail, body, pending);
      target.receive(pending.request);
      return;
    }
    const id = ++ids.last;
    const pending = new Pending(question, target.isolate, target.slot, id, resolve, reject);
    pendings.set(id, pending);
    const { isolate: to, slot, incarnation, secret } = target;
    const route = { to, from: isolate.id, slot, incarnation, secret, holder: holder.slot, detail, body };
    const send = () => {
      pending.withdraw = undefined;
      isolate.post({ kind: "send", ...route, id, verb });
    };
    const withdraw = question.gate === undefined ? void send() : question.gate(send);
    if (withdraw === undefined) return;
    pending.withdraw = () => {
      withdraw();
      // The handles in it were leased to the receiver, and only the receiver can give them back.
      if (body.passages.length > 0) isolate.post({ kind: "send", ...route, id: 0, verb: DISCARD });
    };
  });
}

/** Tells a cell something; no answer is wanted. */
export function tell(target: Target, holder: Holder, verb: string, detail: string, body: Packet): void {
  if (isCell(target)) return target.receive(new Request(holder, verb, detail, body, undefined));
  const { isolate: to, slot, incarnation, secret } = target;
  isolate.post({
    kind: "send",
    to,
    from: isolate.id,
    slot,
    incarnation,
    secret,
    holder: holder.slot,
    id: 0,
    verb,
    detail,
    body,
  });
}

/** How many questions somebody waits for. */
export function unanswered(): number {
  let count = 0;
  for (const pending of pendings.values()) if (!pending.question.quiet) count++;
  return count;
}

/** An answer from another isolate. Only the isolate that was asked may give it. */
export function answered(envelope: Reply | Item): void {
  const pending = pendings.get(envelope.id);
  if (pending !== undefined && pending.to !== envelope.from) return;
  if (envelope.kind === "reply") {
    pending?.settled(envelope.outcome, envelope.body, envelope.exit);
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
  for (const pending of [...pendings.values()]) {
    if (!isWithin(pending.to, gone)) continue;
    pending.settled("lost", EMPTY_PACKET, pending.to === gone ? exitOfCell(pending.slot, exit) : PARENT_GONE);
  }
});
