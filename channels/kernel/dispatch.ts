import { isWithin, sameProcess } from "./address.ts";
import { answered } from "./ask.ts";
import { cells } from "./cell.ts";
import { deadLetters } from "./dead_letters.ts";
import type { Envelope, Grant, Send } from "./envelope.ts";
import { releaseAll } from "./handle.ts";
import { holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { incoming } from "./request.ts";
import { singleton } from "./singleton.ts";

/** Who counts the messages that it may still send to a cell. */
export const credited: Set<(from: string, slot: number, count: number) => void> = singleton(
  "credited",
  () => new Set(),
);

/** Gives an envelope for this isolate to whom it concerns. */
function dispatch(envelope: Envelope): void {
  switch (envelope.kind) {
    case "send":
      return receive(envelope);
    case "reply":
    case "item":
      return answered(envelope);
    case "taken":
      return incoming.taken(envelope.from, envelope.id, envelope.kept, envelope.body);
    case "cancel":
      return incoming.cancel(envelope.from, envelope.id);
    case "credit":
      for (const listener of credited) listener(envelope.from, envelope.slot, envelope.count);
      return;
    case "grant":
      return grant(envelope);
    case "release":
      cells.find(envelope.slot, 0, envelope.secret)
        ?.changeLease(envelope.lease, holders.get(envelope.from, envelope.holder), -1);
      return;
    case "down":
      return isolate.down(envelope.isolate, envelope.exit);
  }
}

function receive(send: Send): void {
  const cell = cells.find(send.slot, send.incarnation, send.secret);
  const from = holders.get(send.from, send.holder);
  if (cell !== undefined) {
    const request = incoming.open(from, send.verb, send.detail, send.body, send.id);
    try {
      cell.receive(request);
      // Nobody would ever take it back; so it must not lie here until it can be done.
      if (send.id === 0 && !cell.hasMailbox) request.onCancel?.();
    } catch (error) {
      // Whatever it is about the request, it is the asker's to know, and harms neither the cell nor the link.
      request.throw(error);
    }
    // Who waits for nothing and holds nothing need not be known.
    if (from.leases.size === 0) holders.idle(from);
    return;
  }
  // Nobody is left to count it: its sender may send another, which is refused too.
  isolate.post({ kind: "credit", to: send.from, from: isolate.id, slot: send.slot, count: 1 });
  releaseAll(send.body.passages, holders.get(isolate.id, send.slot));
  if (send.id === 0) deadLetters.add(`${isolate.id}#${send.slot}`, send.detail || send.verb);
  else incoming.open(from, send.verb, send.detail, send.body, send.id).lose(cells.exitOf(send.slot, send.secret));
}

function grant({ from, slot, secret, lease, holderIsolate, holder, ...told }: Grant): void {
  const cell = cells.find(slot, 0, secret);
  // A number of another process means nothing here, and could be that of somebody else.
  const number = sameProcess(from, isolate.id) && sameProcess(holderIsolate, isolate.id) ? told.number : 0;
  // The dead have been swept already, and must not come back.
  if (isolate.exitOf(holderIsolate) !== undefined) cell?.grantedTooLate(lease, number);
  else cell?.changeLease(lease, holders.get(holderIsolate, holder), 1, number);
}

isolate.deliver = dispatch;
isolate.downListeners.add((gone) => incoming.forget((id) => isWithin(id, gone)));
