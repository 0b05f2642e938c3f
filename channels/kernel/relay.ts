import type { Exit } from "../exit.ts";
import type { IsolateId } from "./address.ts";
import { type Unanswered, unansweredBy } from "./ask.ts";
import { cells, isCell, type Target } from "./cell.ts";
import type { Outcome } from "./envelope.ts";
import { releaseAll } from "./handle.ts";
import { type Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { destinationOf, handOver } from "./pack.ts";
import type { Packet } from "./packet.ts";
import { Request } from "./request.ts";

/**
 * Hands a request that came to one cell on to another, unread, and the answer back. The cell between holds what is in
 * the message while it is there.
 *
 * @param gate lets the request leave when it is its turn
 */
export function relay(
  request: Request,
  via: Holder,
  target: Target,
  gate: (send: () => void) => void = (send) => send(),
): void {
  const { verb, detail, body } = request;
  handOver(body, via, destinationOf(target));
  if (isCell(target)) {
    if (request.asker === undefined) return target.receive(new Request(via, verb, detail, body, undefined));
    const relayed = new RelayedRequest(request, via, isolate.id, 0);
    const inner = new Request(via, verb, detail, body, relayed);
    request.onCancel = () => inner.cancel();
    request.onward = { cell: target, request: inner };
    return target.receive(inner);
  }
  const { isolate: to, slot, incarnation, secret } = target;
  const route = { to, from: isolate.id, slot, incarnation, secret, holder: via.slot, verb, detail, body };
  if (request.asker === undefined) return gate(() => isolate.post({ kind: "send", ...route, id: 0 }));
  const id = unansweredBy(new RelayedRequest(request, via, to, slot));
  request.onCancel = () => isolate.post({ kind: "cancel", to, from: isolate.id, id });
  request.onward = { target, id };
  gate(() => isolate.post({ kind: "send", ...route, id }));
}

/** Brings the answer back to who asked first. */
class RelayedRequest implements Unanswered {
  readonly awaited = false;

  constructor(
    readonly request: Request,
    readonly via: Holder,
    readonly to: IsolateId,
    readonly slot: number,
  ) {}

  settled(outcome: Outcome, body: Packet, exit?: Exit): void {
    this.#passOn(body);
    this.request.onCancel = undefined;
    this.request.settle(outcome, body, exit);
  }

  offered(body: Packet): void {
    // Actors answer calls and never offer; whoever does has no place behind a relay.
    this.#passOn(body);
    this.request.settle("value", body);
  }

  /** What the cell between had asked for is nobody's any more. */
  abandoned(): void {}

  #passOn(body: Packet): void {
    if (this.request.open) handOver(body, this.via, this.request.from);
    else releaseAll(body.passages, this.via);
  }
}

/** The holder that stands for a cell of this isolate in what it relays. */
export function holderOf(cell: Parameters<typeof cells.slotOf>[0]): Holder {
  return holders.get(isolate.id, cells.slotOf(cell));
}
