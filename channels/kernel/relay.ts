import type { Exit } from "../exit.ts";
import type { IsolateId } from "./address.ts";
import { discard, unansweredBy, unsent } from "./ask.ts";
import type { Unanswered } from "./question.ts";
import { deadLetters } from "./dead_letters.ts";
import { cells, isCell, type Target } from "./cell.ts";
import type { Outcome } from "./envelope.ts";
import { type Holder, holders, Lease } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { destinationOf, drop, handOver, onwardTo, unpack } from "./pack.ts";
import type { Packet } from "./packet.ts";
import { Request } from "./request.ts";

/** What the relaying cell adds to a relay, and what it is told of it. */
export interface RelayOptions {
  /** Lets the request leave for another isolate when it is its turn; returns what withdraws it until then. */
  gate?(send: () => void): (() => void) | undefined;
  /** Told when a cell of this isolate is done with the message as such, so that another may come. */
  left?(): void;
  /** Told when the other cell is gone, or went before it answered. */
  lost?(): void;
}

/**
 * Hands a request that came to one cell on to another, unread, and the answer back. The cell between holds what is in
 * the message while it is there.
 */
export function relay(request: Request, via: Holder, target: Target, options: RelayOptions = {}): void {
  const { verb, detail, asker } = request;
  const [to, slot] = isCell(target) ? [isolate.id, 0] : [target.isolate, target.slot];
  let body: Packet;
  try {
    body = onwardTo(to, request.body);
  } catch (error) {
    drop(request.body, via);
    options.left?.();
    if (asker === undefined) deadLetters.add(`${to}#${slot}`, detail || verb);
    return request.throw(error);
  }
  handOver(body, via, destinationOf(target));
  const relayed = asker === undefined ? undefined : new RelayedRequest(request, via, to, slot, options.lost);
  if (isCell(target)) {
    const inner = new Request(via, verb, detail, body, relayed);
    inner.left = options.left;
    inner.relayedFor = request.account;
    if (relayed !== undefined) {
      request.onCancel = () => inner.cancel();
      request.onward = { cell: target, request: inner };
    }
    return target.receive(inner);
  }
  const { incarnation, secret } = target;
  const id = relayed === undefined ? 0 : unansweredBy(relayed);
  const route = { to, from: isolate.id, slot, incarnation, secret, holder: via.slot, id };
  let withdraw: (() => void) | undefined;
  if (relayed !== undefined) {
    request.onward = { target, id };
    request.onCancel = () => {
      if (withdraw === undefined) return isolate.post({ kind: "cancel", to, from: isolate.id, id });
      withdraw();
      unsent(id);
      relayed?.unsent();
      discard(target, via, body);
    };
  }
  const send = () => {
    withdraw = undefined;
    isolate.post({ kind: "send", ...route, verb, detail, body, relayedFor: request.account?.stranger });
  };
  withdraw = options.gate === undefined ? void send() : options.gate(send);
}

/** Brings the answer back to who asked first. */
class RelayedRequest implements Unanswered {
  readonly awaited = false;
  /** Until the answer comes this is known here, though its asker may give up; so it counts as the asker's. */
  readonly #lease: Lease | undefined;

  constructor(
    readonly request: Request,
    readonly holder: Holder,
    readonly to: IsolateId,
    readonly slot: number,
    readonly lost: RelayOptions["lost"],
  ) {
    if (request.from.account !== undefined) this.#lease = new Lease(request.from, () => {});
  }

  settled(outcome: Outcome, body: Packet, exit?: Exit): void {
    // First: who is told that it is lost may send it again at once, and then it has to wait.
    if (outcome === "lost") this.lost?.();
    this.#lease?.end();
    this.request.onCancel = undefined;
    passAnswer(this.request, this.holder, outcome, body, exit);
  }

  offered(body: Packet): void {
    // Actors answer calls and never offer; whoever does has no place behind a relay.
    this.#lease?.end();
    passAnswer(this.request, this.holder, "value", body);
  }

  /** It never left. */
  unsent(): void {
    this.#lease?.end();
  }

  /** What the cell between had asked for is nobody's any more. */
  abandoned(): void {
    this.#lease?.end();
  }
}

/** Answers a request, unless nobody waits any more, with what came as the answer to another and is `via`'s until then. */
export function passAnswer(request: Request, via: Holder, outcome: Outcome, body: Packet, exit?: Exit): void {
  if (!request.open) return drop(body, via);
  let onward: Packet;
  try {
    onward = onwardTo(request.from.isolate, body);
  } catch (error) {
    drop(body, via);
    return request.throw(error);
  }
  handOver(onward, via, request.from);
  request.settle(outcome, onward, exit);
}

/** Reads a request as the cell that it came to, to which the handles in it were granted, whoever asks. */
export function bodyOf(request: Request, cell: Parameters<typeof cells.slotOf>[0]): unknown {
  return unpack(request.body, holderOf(cell));
}

/** The holder that stands for a cell of this isolate in what it relays. */
export function holderOf(cell: Parameters<typeof cells.slotOf>[0]): Holder {
  return holders.get(isolate.id, cells.slotOf(cell));
}
