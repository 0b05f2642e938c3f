import type { Exit } from "../exit.ts";
import type { Account, Charge } from "./account.ts";
import type { Address, IsolateId } from "./address.ts";
import type { Cell } from "./cell.ts";
import type { Outcome } from "./envelope.ts";
import { oneLine } from "./escape.ts";
import { Held, type Holder } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { NumberMap } from "./number_map.ts";
import { endMoved, movesWith } from "./moving.ts";
import { packAnswer, packPlain, packThrown } from "./pack.ts";
import { EMPTY_PACKET, type Movable, type Packet } from "./packet.ts";
import { singleton } from "./singleton.ts";

/** The error for a request that a cell does not know. */
export function noSuchRequest(whom: string, verb: string): TypeError {
  return new TypeError(`Cannot ask ${whom}: no such request as "${oneLine(verb)}"`);
}

/** Where the answer to a request goes: straight to a promise of this isolate, or over a link. */
export interface Asker {
  settled(outcome: Outcome, body: Packet, exit?: Exit): void;
  /** Offers an item; the asker answers by `Request.taken`. */
  offered(body: Packet, tag: number): void;
  /** The asker is dead. */
  abandoned(): void;
  /** The asker was asked to stop. */
  stopped?(): void;
}

/** Something that has requests until they are settled. */
export interface Cancellable {
  /** The asker of this one gave up, or died. */
  cancelled(request: Request): void;
}

/** A request that was handed on: to a cell here, or elsewhere under a number of this isolate's. */
export type Onward =
  | { readonly cell: Cell; readonly request: Request }
  | { readonly target: Address; readonly id: number };

/**
 * What a holder asks of a cell, seen from where the cell lives. Settled exactly once: by the cell, by the asker giving
 * up, or by the asker's death.
 */
export class Request extends Held {
  /** Told when the asker gave up or died before the request was settled. */
  onCancel: (() => void) | Cancellable | undefined;
  /** Called when it no longer waits at its cell, if who sent it on wants to know. */
  left: (() => void) | undefined;
  /** Where a cell that only relays has handed it on to. */
  onward: Onward | undefined;
  /** What its body costs the stranger that has sent it. It ends with the request, unless a cell keeps the body and takes it. */
  charge: Charge | undefined;
  /** Of the stranger that has asked whoever hands it on, if one has. */
  relayedFor: Account | undefined;
  /** Nobody, when no answer is wanted. */
  readonly asker: Asker | undefined;
  #committed = false;
  #state: "open" | "offered" | "settled" = "open";
  #taken: ((kept: boolean, moved?: readonly Movable[]) => void) | undefined;

  constructor(
    from: Holder,
    readonly verb: string,
    /** What the verb is about: the method of a call. */
    readonly detail: string,
    readonly body: Packet,
    asker: Asker | undefined,
  ) {
    super(from);
    this.asker = asker;
    if (asker !== undefined) this.begin();
  }

  /** Who asks. */
  get from(): Holder {
    return this.holder;
  }

  /** Of the stranger that asks, if one does. */
  get account(): Account | undefined {
    return this.relayedFor ?? this.holder.account;
  }

  /** Whether the cell still owes an answer. */
  get open(): boolean {
    return this.#state === "open";
  }

  /** Whether the asker owes its word on an offer. */
  get isOffered(): boolean {
    return this.#state === "offered";
  }

  /** Settles with a plain value of the kernel's own; with the reason, if what others put into it cannot travel. */
  reply(value?: unknown): void {
    if (!this.open || this.asker === undefined) return;
    let body: Packet;
    try {
      body = value === undefined ? EMPTY_PACKET : packPlain(value);
    } catch (error) {
      return this.throw(error);
    }
    this.replyPacket(body);
  }

  /** Settles with nothing. The body is kept beyond that, with its charge, which its keeper ends. */
  replyKept(): void {
    const charge = this.takeCharge();
    this.reply();
    this.charge = charge;
  }

  /** Settles with a value of the user's; with the reason, if it cannot travel. */
  replyValue(value: unknown, root: string): void {
    if (!this.open || this.asker === undefined) return endMoved(movesWith(value) ?? []);
    try {
      this.replyPacket(packAnswer(value, root, this.from));
    } catch (error) {
      this.throw(error);
    }
  }

  /** Settles with a value that was packed for the asker. */
  replyPacket(body: Packet): void {
    this.settle("value", body);
  }

  /** Settles with an error, or whatever else was thrown. */
  throw(error: unknown): void {
    if (this.open && this.asker !== undefined) this.settle("thrown", packThrown(error, this.from));
  }

  /** Settles with the news that the cell is gone. */
  lose(exit?: Exit): void {
    this.settle("lost", EMPTY_PACKET, exit);
  }

  /**
   * Offers an item, packed for the asker. It is taken when `taken(true)` says so; `taken(false)` means that it never
   * was, whether the asker gave up in the meantime or died. `moved` is then what had moved with it and came back;
   * what does not come back is lost.
   */
  offer(body: Packet, tag: number, taken: (kept: boolean, moved?: readonly Movable[]) => void): void {
    this.#state = "offered";
    this.onCancel = undefined;
    this.#taken = taken;
    if (this.asker !== undefined) this.asker.offered(body, tag);
    // Nobody takes what nobody wants to be answered with.
    else queueMicrotask(() => this.taken(false));
  }

  /** The asker's word on the offer. `moved` is what had moved to it and came back. */
  taken(kept: boolean, moved?: readonly Movable[]): void {
    if (this.#state !== "offered") return;
    this.#state = "settled";
    this.charge?.end();
    this.#taken!(kept, moved);
    // Not before: a holder without a lease may be forgotten, and what it has just taken may be its next one.
    this.end();
  }

  override stopped(): void {
    this.asker?.stopped?.();
  }

  /** Tells whoever has it here that the asker gave up. */
  tellCancelled(): void {
    const told = this.onCancel;
    if (typeof told === "function") told();
    else told?.cancelled(this);
  }

  /** Nobody waits for an answer, and the cell is done with it, or never will be. */
  forget(): void {
    this.tellCancelled();
    this.charge?.end();
  }

  /** The keeper of the body bears the charge from now on, if there is one. */
  takeCharge(): Charge | undefined {
    const { charge } = this;
    this.charge = undefined;
    return charge;
  }

  /** From now on the asker can no longer give up: what it asked for is being done, and it will be told. */
  commit(): void {
    this.#committed = true;
    this.onCancel = undefined;
  }

  /** The asker gives up. If it is too late for that, the answer is on its way. */
  cancel(): void {
    if (!this.open || this.#committed) return;
    this.settle("cancelled", EMPTY_PACKET);
    this.tellCancelled();
  }

  /** Settles in whichever way another cell has settled it. */
  settle(outcome: Outcome, body: Packet, exit?: Exit): void {
    if (!this.open) return;
    this.#end();
    this.asker?.settled(outcome, body, exit);
  }

  protected override dropped(): void {
    if (this.#state === "offered") return this.taken(false);
    if (!this.open) return;
    this.#end();
    this.asker!.abandoned();
    this.tellCancelled();
  }

  #end(): void {
    this.#state = "settled";
    this.charge?.end();
    this.end();
  }
}

/** A request that came from another isolate, to where the answer goes. */
class FarRequest extends Request implements Asker {
  override readonly asker: Asker = this;

  constructor(
    from: Holder,
    verb: string,
    detail: string,
    body: Packet,
    readonly id: number,
    readonly requests: NumberMap<Request>,
  ) {
    super(from, verb, detail, body, undefined);
    this.begin();
  }

  settled(outcome: Outcome, body: Packet, exit?: Exit): void {
    this.abandoned();
    const { id, from: { isolate: to } } = this;
    if (outcome === "value" && isolate.framesTo(to)?.value(id, body)) return;
    isolate.post({ kind: "reply", to, from: isolate.id, id, outcome, body, exit });
  }

  offered(body: Packet, tag: number): void {
    isolate.post({ kind: "item", to: this.from.isolate, from: isolate.id, id: this.id, tag, body });
  }

  abandoned(): void {
    this.requests.delete(this.id);
    if (this.requests.size === 0) incoming.idle(this.from.isolate);
  }
}

/** Of so many isolates that ask nothing now it is remembered that they did; a stranger can make up any number. */
const KEPT_IDLE = 256;

/** The unsettled requests from other isolates, by the number that their askers gave them. */
export class Incoming {
  readonly #requests = new Map<IsolateId, NumberMap<Request>>();

  /** Makes the request that an envelope asks for. */
  open(from: Holder, verb: string, detail: string, body: Packet, id: number): Request {
    if (id === 0) return new Request(from, verb, detail, body, undefined);
    let requests = this.#requests.get(from.isolate);
    if (requests === undefined) {
      this.#requests.set(from.isolate, requests = new NumberMap(from.account !== undefined));
    }
    const request = new FarRequest(from, verb, detail, body, id, requests);
    requests.set(id, request);
    return request;
  }

  /** Nothing of an isolate's is unsettled. */
  idle(from: IsolateId): void {
    if (this.#requests.size > KEPT_IDLE) this.#requests.delete(from);
  }

  /** A request that is not settled. */
  find(from: IsolateId, id: number): Request | undefined {
    return this.#requests.get(from)?.get(id);
  }

  /** The asker gave up. */
  cancel(from: IsolateId, id: number): void {
    this.#requests.get(from)?.get(id)?.cancel();
  }

  /** The asker has answered an offer. */
  taken(from: IsolateId, id: number, kept: boolean, body: Packet): void {
    const request = this.#requests.get(from)?.get(id);
    if (!request?.isOffered) return;
    const requests = this.#requests.get(from)!;
    requests.delete(id);
    if (requests.size === 0) this.idle(from);
    request.taken(kept, body.moved.length > 0 ? body.moved : undefined);
  }

  /** Forgets what a dead isolate had asked; its requests are settled as leases. */
  forget(isWithinGone: (id: IsolateId) => boolean): void {
    for (const id of [...this.#requests.keys()]) if (isWithinGone(id)) this.#requests.delete(id);
  }
}

/** This isolate's. */
export const incoming: Incoming = singleton("incoming", () => new Incoming());
