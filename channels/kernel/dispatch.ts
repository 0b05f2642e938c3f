import { ProtocolError, type QuotaError } from "../errors.ts";
import type { Account } from "./account.ts";
import { type IsolateId, isWithin, sameProcess } from "./address.ts";
import { answered, askerOf, DISCARD } from "./ask.ts";
import { type Cell, cells } from "./cell.ts";
import { deadLetters } from "./dead_letters.ts";
import type { Envelope, Grant, Item, Release, Reply, Send } from "./envelope.ts";
import { handerOf, heardThatKept, keep, KEPT, putInEscrow } from "./escrow.ts";
import { type Destination, isLeased, metaSize, releaseAll } from "./handle.ts";
import { type Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { logger } from "./log.ts";
import { packThrown } from "./pack.ts";
import { EMPTY_PACKET, type Packet } from "./packet.ts";
import { incoming } from "./request.ts";
import { singleton } from "./singleton.ts";
import { Snapshot } from "./snapshot.ts";

/** The bytes that a handle in a message takes beside its kind and meta. */
const PASSAGE_BYTES = 256;

/** A shorter answer cannot be too rich. */
const SHORT_BYTES = 256;

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
      return answer(envelope);
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
      return release(envelope);
    case "down":
      return isolate.down(envelope.isolate, envelope.exit);
  }
}

function receive(send: Send): void {
  const cell = cells.find(send.slot, send.incarnation, send.secret);
  const from = holders.get(send.from, send.holder);
  const account = send.relayedFor === undefined ? from.account : accountBehind(from, send.relayedFor);
  const error = account === undefined ? undefined : admit(send, from, account);
  if (error !== undefined) refuse(send, from, error);
  else if (cell === undefined) miss(send, from);
  else if (send.verb === KEPT) keptBy(from, cell, send.detail);
  else if (send.id === 0 && send.verb !== DISCARD && !cell.takesCast(send.verb)) miss(send, from);
  else deliver(send, from, cell, account);
  // A holder that waits for nothing and holds nothing need not be known.
  if (from.leases.size === 0) holders.idle(from);
}

/** Of a stranger for which a sender hands something on. One that is gone counts no more. */
function accountBehind(from: Holder, stranger: IsolateId): Account | undefined {
  if (from.account !== undefined) throw new ProtocolError("Cannot read a frame: its sender speaks for another");
  return isolate.exitOf(stranger) === undefined ? holders.accountOf(stranger) : undefined;
}

function deliver(send: Send, from: Holder, cell: Cell, account: Account | undefined): void {
  const request = incoming.open(from, send.verb, send.detail, send.body, send.id);
  if (account !== undefined) {
    request.charge = account.charge(sizeOf(send));
    request.relayedFor = account;
  }
  try {
    cell.receive(request);
    // Nobody would ever take it back; so it must not lie here until it can be done.
    if (send.id === 0 && !cell.keepsMail(send.verb)) request.forget();
  } catch (error) {
    // Whatever it is about the request, it is the asker's to know, and harms neither the cell nor the link.
    request.throw(error);
  }
}

/** What a stranger sends is taken while there is room for it. */
function admit(send: Send, from: Holder, account: Account): QuotaError | undefined {
  const { slot, id, body } = send;
  const { passages } = body;
  if (passages.length > 0 && from.account !== undefined) {
    withHolder(slot, (holder) => keep(passages, from.isolate, holder));
  }
  return (id === 0 ? undefined : account.noEntry) ?? account.noRoom(sizeOf(send)) ?? account.tooRich(body.bytes);
}

function miss(send: Send, from: Holder): void {
  giveBack(send);
  if (send.id === 0) deadLetters.add(`${isolate.id}#${send.slot}`, send.detail || send.verb);
  else incoming.open(from, send.verb, send.detail, send.body, send.id).lose(cells.exitOf(send.slot, send.secret));
}

/** A stranger has more here than it may. */
function refuse(send: Send, from: Holder, error: QuotaError): void {
  giveBack(send);
  if (send.id === 0) return deadLetters.add(`${isolate.id}#${send.slot}`, send.detail || send.verb);
  const { from: to, id } = send;
  isolate.post({ kind: "reply", to, from: isolate.id, id, outcome: "thrown", body: packed(error, from) });
}

const packedErrors = new WeakMap<QuotaError, Packet>();

/** The same for all who are refused for the same reason. */
function packed(error: QuotaError, to: Destination): Packet {
  let packet = packedErrors.get(error);
  if (packet === undefined) packedErrors.set(error, packet = packThrown(error, to));
  return packet;
}

/** Nobody is left to count a message: its sender may send another. The handles in it are nobody's. */
function giveBack({ from: to, slot, body }: Send): void {
  isolate.post({ kind: "credit", to, from: isolate.id, slot, count: 1 });
  if (body.passages.length > 0) withHolder(slot, (holder) => releaseAll(body.passages, holder));
}

/** Does something with the holder that a cell would be, which is not remembered if there is no such cell. */
function withHolder(slot: number, use: (holder: Holder) => void): void {
  const holder = holders.get(isolate.id, slot);
  use(holder);
  if (holder.leases.size === 0) holders.idle(holder);
}

function keptBy(holder: Holder, cell: Cell, detail: string): void {
  if (holder.account !== undefined && cell.isGivenUp) return;
  if (mayHold(holder.account)) heardThatKept(cell, detail, holder);
}

function answer(envelope: Reply | Item): void {
  const { body } = envelope;
  const { passages } = body;
  const asker = passages.length === 0 ? undefined : askerOf(envelope);
  if (asker !== undefined) keep(passages, envelope.from, asker);
  // A snapshot is short, and plain.
  const error = body instanceof Snapshot || body.bytes.length < SHORT_BYTES
    ? undefined
    : holders.accountOf(envelope.from)?.tooRich(body.bytes);
  if (error === undefined) answered(envelope);
  else refuseAnswer(envelope, error);
}

/** Nobody could read it. An item stays with whoever has offered it. */
function refuseAnswer({ kind, id, from, body: { passages } }: Reply | Item, error: QuotaError): void {
  const body = { ...packed(error, { isolate: isolate.id, slot: 0 }), passages };
  answered({ kind: "reply", to: isolate.id, from, id, outcome: "thrown", body });
  if (kind === "item") isolate.post({ kind: "taken", to: from, from: isolate.id, id, kept: false, body: EMPTY_PACKET });
}

function grant({ from, slot, secret, lease, holderIsolate, holder, ...told }: Grant): void {
  const cell = cells.find(slot, 0, secret);
  if (cell === undefined || !isLeased(lease)) return;
  // A number of another process means nothing here, and could be that of somebody else.
  const number = sameProcess(from, isolate.id) && sameProcess(holderIsolate, isolate.id) ? told.number : 0;
  // The dead have been swept already, and must not come back.
  if (isolate.exitOf(holderIsolate) !== undefined) return cell.grantedTooLate(lease, number);
  const account = holders.accountOf(from);
  if ((account !== undefined && cell.isGivenUp) || !mayHold(account)) return;
  const stranger = account && handerOf(from, holderIsolate, isolate.id);
  if (stranger === undefined) cell.changeLease(lease, holders.get(holderIsolate, holder), 1, number);
  else putInEscrow(stranger, holderIsolate, cell, lease);
}

function release({ from, slot, secret, lease, holder }: Release): void {
  const cell = cells.find(slot, 0, secret);
  if (cell === undefined || !isLeased(lease)) return;
  const by = holders.get(from, holder);
  // A release that comes before its grant is noted, too.
  if (cell.isLeased(lease, by) || mayHold(by.account)) cell.changeLease(lease, by, -1);
  if (by.leases.size === 0) holders.idle(by);
}

/** Whether somebody may hold one thing more. A stranger that may not has said so without being asked: it is hung up on. */
function mayHold(account: Account | undefined): boolean {
  const error = account?.noEntry;
  if (error === undefined) return true;
  logger.log({ level: "warn", event: "quota", message: `${account!.stranger} is hung up on: ${error.message}` });
  isolate.hangUp(account!.stranger);
  return false;
}

/** What a message takes here. */
function sizeOf({ verb, detail, body: { bytes, trace = "", passages } }: Send): number {
  let size = bytes.length + verb.length + detail.length + trace.length;
  for (const { kind, meta } of passages) size += PASSAGE_BYTES + kind.length + metaSize(meta);
  return size;
}

isolate.deliver = dispatch;
isolate.downListeners.add((gone) => incoming.forget((id) => isWithin(id, gone)));
