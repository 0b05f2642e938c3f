import { accounts } from "./account.ts";
import { type IsolateId, isWithin, LONGEST_NAME, programOf, strangerOf } from "./address.ts";
import { tell } from "./ask.ts";
import { type Cell, isCell } from "./cell.ts";
import { isLeased, type Passage } from "./handle.ts";
import { Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { heardOf } from "./isolate_cell.ts";
import { EMPTY_PACKET } from "./packet.ts";
import { singleton } from "./singleton.ts";

/*
 * A stranger that sends a handle to another isolate says to the handle's home that the receiver holds it. It may lie, and
 * then a handle that nobody has would be held for ever. So a handle that a stranger hands on is in escrow, held by the
 * stranger for the receiver, until the receiver says that it has it. A handle that is in escrow when the stranger dies, and
 * has not reached its receiver by then, is nobody's.
 */

/** The verb by which a receiver says to a cell that a handle has come; the detail is from whom, and the kind. */
export const KEPT = "kept";

/** How long a receiver that is a stranger, too, may take to hear of everything that a dead one has sent. */
const STRANGER_MS = 10_000;

/** The holders of handles in escrow, by the stranger and then by the receiver. */
const escrows: Map<IsolateId, Map<IsolateId, Holder>> = singleton("escrows", () => new Map());

/** A stranger has handed on a handle of a cell. */
export function putInEscrow(stranger: IsolateId, to: IsolateId, cell: Cell, kind: string): void {
  cell.changeLease(kind, holderFor(stranger, to), 1);
}

/** A message with handles has come to a holder of this isolate. The home of each is told, if it takes the sender for a stranger. */
export function keep(passages: readonly Passage[], from: IsolateId, holder: Holder): void {
  for (const { kind, target } of passages) {
    if (!isLeased(kind)) continue;
    const home = isCell(target) ? isolate.id : target.isolate;
    // To a home beyond a connection all on this side of that are one stranger, and so is what they hand to each other.
    const stranger = isWithin(from, programOf(home)) ? strangerOf(from, home) : undefined;
    if (stranger === undefined || isWithin(isolate.id, stranger)) continue;
    const path = stranger.slice(programOf(home).length);
    if (isCell(target)) kept(target, kind, holder, path);
    else tell(target, holder, KEPT, `${path} ${kind}`, EMPTY_PACKET);
  }
}

/** A holder says to a cell of this isolate that it has a handle; the detail is that of `KEPT`. */
export function heardThatKept(cell: Cell, detail: string, holder: Holder): void {
  const [path] = detail.split(" ", 1);
  kept(cell, detail.slice(path.length + 1), holder, path);
}

function kept(cell: Cell, kind: string, holder: Holder, path: string): void {
  if (!isLeased(kind)) return;
  cell.changeLease(kind, holder, 1);
  const stranger = programOf(isolate.id) + path;
  if (stranger.length > LONGEST_NAME) return;
  const isGone = isolate.exitOf(stranger) !== undefined;
  if (isGone ? !escrows.get(stranger)?.has(holder.isolate) : strangerOf(stranger, isolate.id) !== stranger) return;
  // A stranger could make others up. Should the other have yet to be heard of, its handle is in escrow until its end.
  if (holder.account !== undefined && !accounts.knows(stranger)) return;
  // This may be heard before what the stranger has said, and then the count is below zero until that is.
  cell.changeLease(kind, holderFor(stranger, holder.isolate), -1, 0, holder.account);
}

function holderFor(stranger: IsolateId, to: IsolateId): Holder {
  let receivers = escrows.get(stranger);
  if (receivers === undefined) escrows.set(stranger, receivers = new Map());
  let holder = receivers.get(to);
  if (holder === undefined) {
    receivers.set(to, holder = new Holder(stranger, 0, false, accounts.of(stranger, isolate.id)));
  }
  return holder;
}

/** A handle in escrow for a dead receiver is nobody's. A handle that a dead stranger has sent may still be on its way. */
function settle(gone: IsolateId): void {
  for (const [stranger, receivers] of escrows) {
    for (const to of [...receivers.keys()]) {
      if (isWithin(to, gone)) sweep(stranger, to);
      else if (isWithin(stranger, gone)) void sweepLater(stranger, to);
    }
  }
}

/** Waits until the receiver has heard everything that the stranger had sent to it. */
async function sweepLater(stranger: IsolateId, to: IsolateId): Promise<void> {
  if (to !== isolate.id && escrows.get(stranger)!.get(to)!.leases.size > 0) {
    const isTrusted = strangerOf(to, isolate.id) === undefined;
    await heardOf(stranger, to, isTrusted ? Infinity : STRANGER_MS);
  }
  sweep(stranger, to);
}

function sweep(stranger: IsolateId, to: IsolateId): void {
  const receivers = escrows.get(stranger);
  const holder = receivers?.get(to);
  if (holder === undefined) return;
  receivers!.delete(to);
  if (receivers!.size === 0) escrows.delete(stranger);
  holders.sweep(holder);
}

isolate.downListeners.add(settle);
