import { type Account, accounts } from "./account.ts";
import { isForeign, type IsolateId, isWithin, LONGEST_NAME, programOf, rootOf, strangerOf } from "./address.ts";
import { tell } from "./ask.ts";
import { type Cell, isCell } from "./cell.ts";
import { isLeased, type Passage } from "./handle.ts";
import { Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { heardOf } from "./isolate_cell.ts";
import { EMPTY_PACKET } from "./packet.ts";
import { singleton } from "./singleton.ts";
import { wheel } from "./wheel.ts";

/*
 * A stranger that sends a handle to another isolate says to the handle's home that the receiver holds it. It may lie, and
 * then a handle that nobody has would be held for ever. So a handle that a stranger hands on is in escrow, held by the
 * stranger for the receiver, until the receiver says that it has it. A handle that is in escrow when the stranger dies, and
 * has not reached its receiver by then, is nobody's.
 *
 * To a home in another program all of this program is one stranger. A sandbox of it is a stranger to the rest of it all the
 * same, and what that hands on there is in escrow, too.
 */

/** The verb by which a receiver says to a cell that a handle has come; the detail is from whom, and the kind. */
export const KEPT = "kept";
/** Before a path that begins at the root of the receiver's program. All others begin at that of the home's. */
const MINE = "<";
/** As far as to the first connection on the way to an isolate of another program. */
const FIRST_CONNECTION = /^[^@]*@[0-9]*/;

/** How long a receiver that is a stranger, too, may take to hear of everything that a dead one has sent. */
const STRANGER_MS = 10_000;

/** The holders of handles in escrow, by the stranger and then by the receiver. */
const escrows: Map<IsolateId, Map<IsolateId, Holder>> = singleton("escrows", () => new Map());

/**
 * The stranger of which a home takes word that `from` hands a handle on to `to`: to the home, or at least to `to`, within whose
 * program it is then. Undefined if there is none, and the word is as good as that of `to`.
 */
export function handerOf(from: IsolateId, to: IsolateId, home: IsolateId): IsolateId | undefined {
  const stranger = strangerOf(from, home);
  if (stranger === undefined || !isWithin(to, stranger)) return stranger;
  const nearer = strangerOf(from, to);
  return nearer !== undefined && isWithin(nearer, programOf(to)) ? nearer : undefined;
}

/** The same as this isolate, which is `to`, sees it. */
function handerSeen(from: IsolateId, home: IsolateId): IsolateId | undefined {
  if (isWithin(from, programOf(home))) return handerOf(from, isolate.id, home);
  // What comes by the way that leads to the home is in the hands of those on that way.
  const [way] = FIRST_CONNECTION.exec(home)!;
  return isWithin(from, way) ? undefined : strangerOf(from, isolate.id);
}

/** A stranger has handed on a handle of a cell. */
export function putInEscrow(stranger: IsolateId, to: IsolateId, cell: Cell, kind: string): void {
  changeEscrow(stranger, to, cell, kind, 1);
}

/** A message with handles has come to a holder of this isolate. The home of each is told, if it takes the sender for a stranger. */
export function keep(passages: readonly Passage[], from: IsolateId, holder: Holder): void {
  for (const { kind, target } of passages) {
    if (!isLeased(kind)) continue;
    const home = isCell(target) ? isolate.id : target.isolate;
    const stranger = handerSeen(from, home);
    if (stranger === undefined) continue;
    if (isCell(target)) kept(target, kind, holder, stranger);
    else tell(target, holder, KEPT, `${pathOf(stranger, programOf(home))} ${kind}`, EMPTY_PACKET);
  }
}

function pathOf(stranger: IsolateId, program: IsolateId): string {
  return isWithin(stranger, program)
    ? stranger.slice(program.length)
    : MINE + stranger.slice(rootOf(isolate.id).length);
}

/** A holder says to a cell of this isolate that it has a handle; the detail is that of `KEPT`. */
export function heardThatKept(cell: Cell, detail: string, holder: Holder): void {
  const [path] = detail.split(" ", 1);
  const kind = detail.slice(path.length + 1);
  const program = programOf(path.startsWith(MINE) ? holder.isolate : isolate.id);
  kept(cell, kind, holder, program + path.slice(path.startsWith(MINE) ? MINE.length : 0));
}

function kept(cell: Cell, kind: string, holder: Holder, stranger: IsolateId): void {
  if (!isLeased(kind)) return;
  cell.changeLease(kind, holder, 1);
  if (stranger.length > LONGEST_NAME) return;
  const { account, isolate: to } = holder;
  const isGone = isolate.exitOf(stranger) !== undefined;
  if (isGone ? !escrows.get(stranger)?.has(to) : handerOf(stranger, to, isolate.id) !== stranger) return;
  // A stranger could make others up. Should the other have yet to be heard of, its handle is in escrow until its end.
  if (account !== undefined && !isWithin(stranger, account.stranger) && !accounts.knows(stranger)) return;
  // This may be heard before what the stranger has said, and then the count is below zero until that is.
  changeEscrow(stranger, to, cell, kind, -1, account);
}

function changeEscrow(
  stranger: IsolateId,
  to: IsolateId,
  cell: Cell,
  kind: string,
  by: 1 | -1,
  account?: Account,
): void {
  const holder = holderFor(stranger, to);
  cell.changeLease(kind, holder, by, 0, account);
  // Two strangers could make up any number of receivers.
  if (holder.leases.size === 0) forget(stranger, to);
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
  if (isForeign(to) && isWithin(stranger, programOf(to))) {
    // The other program tells of a death without asking all of its isolates whether they know.
    return void wheel.after(STRANGER_MS, () => sweep(stranger, to));
  }
  if (to !== isolate.id && escrows.get(stranger)!.get(to)!.leases.size > 0) {
    const isTrusted = strangerOf(to, isolate.id) === undefined;
    await heardOf(stranger, to, isTrusted ? Infinity : STRANGER_MS);
  }
  sweep(stranger, to);
}

function sweep(stranger: IsolateId, to: IsolateId): void {
  const holder = escrows.get(stranger)?.get(to);
  if (holder === undefined) return;
  forget(stranger, to);
  holders.sweep(holder);
}

function forget(stranger: IsolateId, to: IsolateId): void {
  const receivers = escrows.get(stranger);
  receivers?.delete(to);
  if (receivers?.size === 0) escrows.delete(stranger);
}

isolate.downListeners.add(settle);
