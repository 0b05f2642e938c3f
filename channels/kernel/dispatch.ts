import { isWithin } from "./address.ts";
import { answered } from "./ask.ts";
import { cells } from "./cell.ts";
import { deadLetters } from "./dead_letters.ts";
import type { Envelope, Send } from "./envelope.ts";
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
      // What is granted to the dead has been swept already.
      if (isolate.exitOf(envelope.holderIsolate) !== undefined) return;
      return changeLease(envelope.slot, envelope.secret, envelope.lease, envelope.holderIsolate, envelope.holder, 1);
    case "release":
      return changeLease(envelope.slot, envelope.secret, envelope.lease, envelope.from, envelope.holder, -1);
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
    } catch (error) {
      // Whatever it is about the request, it is the asker's to know, and harms neither the cell nor the link.
      request.throw(error);
    }
    return;
  }
  releaseAll(send.body.passages, holders.get(isolate.id, send.slot));
  if (send.id === 0) deadLetters.add(`${isolate.id}#${send.slot}`, send.detail || send.verb);
  else incoming.open(from, send.verb, send.detail, send.body, send.id).lose(cells.exitOf(send.slot, send.secret));
}

function changeLease(
  slot: number,
  secret: string,
  kind: string,
  holderIsolate: string,
  holder: number,
  by: number,
): void {
  cells.find(slot, 0, secret)?.changeLease(kind, holders.get(holderIsolate, holder), by);
}

isolate.deliver = dispatch;
isolate.downListeners.add((gone) => incoming.forget((id) => isWithin(id, gone)));
