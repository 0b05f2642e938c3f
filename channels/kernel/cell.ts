import type { Exit } from "../exit.ts";
import { type Account, Charges } from "./account.ts";
import { type Address, MAIN_SLOT, makeSecret } from "./address.ts";
import { type Holder, holders, Lease } from "./holder.ts";
import { isolate } from "./isolate.ts";
import type { Request } from "./request.ts";
import { singleton } from "./singleton.ts";

interface Held {
  /** Below zero: so many were returned before they were granted. */
  count: number;
  readonly lease: Lease;
}

/** Those that hold a cell by one kind of lease. */
class Holders {
  readonly #held = new Map<Holder, Held>();
  /** How many of them have a lease; the others have returned one that is to come. */
  present = 0;

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  get(holder: Holder): Held | undefined {
    return this.#held.get(holder);
  }

  add(holder: Holder, held: Held): void {
    this.#held.set(holder, held);
    if (held.count > 0) this.present++;
  }

  /** @param hadLease whether it had one until now */
  delete(holder: Holder, hadLease: boolean): void {
    this.#held.delete(holder);
    if (hadLease) this.present--;
  }
}

/**
 * Whatever can be addressed: an actor, a queue, an end of a pipe. It lives in one isolate, and only that isolate's code
 * touches its state, so that a death elsewhere can leave nothing half done.
 *
 * A cell is reachable from other isolates once it was exported, which happens when a handle to it first travels. From
 * then on it lives while something here refers to it, or somebody elsewhere has a lease on it, or it is pinned.
 */
export abstract class Cell {
  /** Its place in this isolate; 0 until it needs one. */
  slot = 0;
  /** What an address must know; empty until exported. */
  secret = "";
  /** Which life of the slot this is. */
  incarnation = 1;
  #held: Map<string, Holders> | undefined;
  #leases = 0;
  #charges: Charges<"made"> | undefined;

  /** Handles one request. It must settle each one sooner or later, or leave that to the asker's death. */
  abstract receive(request: Request): void;

  /**
   * Whether it takes a message of this verb from elsewhere to which nobody waits for an answer. All others, but one that only
   * gives back handles, are dead letters: a request that reads would work for nobody, and one that makes something could
   * not be refused.
   */
  takesCast(verb: string): boolean {
    return this.keepsMail(verb);
  }

  /** Whether it may keep such a message. All others are done with at once, or not at all. */
  keepsMail(_verb: string): boolean {
    return false;
  }

  /** Where a message for this cell may go straight away; undefined when it has to come here. */
  get direct(): Target | undefined {
    return this;
  }

  /** What went straight to `target` found nobody there. */
  missed(_target: Target): void {}

  /** A handle was given to a holder. `number` is its name in the cell's shared memory, 0 where it has none. */
  granted(_kind: string, _holder: Holder, _number: number): void {}

  /** The same, but the holder is dead already, or has returned it. */
  grantedTooLate(_kind: string, _number: number): void {}

  /** A holder gave back its last lease of this kind, or died. */
  returned(_kind: string, _holder: Holder): void {}

  /**
   * Counts a holder's leases of one kind. They may be returned before they are granted, when two links are at work.
   *
   * @param account counts it for a stranger, if that is not the holder's own
   */
  changeLease(kind: string, holder: Holder, by: 1 | -1, number: number = 0, account?: Account): void {
    const held = this.#held?.get(kind);
    const entry = held?.get(holder);
    if (by > 0) {
      if (entry !== undefined && entry.count < 0) this.grantedTooLate(kind, number);
      else this.granted(kind, holder, number);
    }
    if (entry === undefined) return this.#hold(kind, holder, by, account);
    entry.count += by;
    if (entry.count !== 0) return;
    this.#forget(kind, holder, by < 0);
    entry.lease.end();
    if (by < 0) this.#gone(kind, holder);
  }

  /** Notes a lease, or that there is one to come which has been returned already. */
  #hold(kind: string, holder: Holder, by: 1 | -1, account: Account | undefined): void {
    // The dead have given back everything at once; nothing of theirs is still to be granted.
    if (by < 0 && holder.gone) return;
    this.#held ??= new Map();
    let held = this.#held.get(kind);
    if (held === undefined) this.#held.set(kind, held = new Holders());
    held.add(holder, { count: by, lease: new Lease(holder, () => this.#drop(kind, holder), account) });
    if (by > 0 && this.#leases++ === 0) cells.pin(this);
  }

  /** A stranger has had it made. What it takes counts for the stranger until nobody elsewhere has it any more. */
  chargeTo(account: Account, bytes: number): void {
    this.#charges = new Charges(this);
    this.#charges.add("made", account.charge(bytes));
  }

  /**
   * Whether it was made for a stranger, and nobody elsewhere has it any more: it counts for nobody. A stranger must not get
   * it back then, which could keep any amount so.
   */
  get isGivenUp(): boolean {
    return this.#charges !== undefined && this.#leases === 0;
  }

  /** Whether a holder has a lease of this kind. */
  isLeased(kind: string, holder: Holder): boolean {
    return (this.#held?.get(kind)?.get(holder)?.count ?? 0) > 0;
  }

  /** How many holders have a lease of this kind. */
  holdersOf(kind: string): number {
    return this.#held?.get(kind)?.present ?? 0;
  }

  /** Forgets all leases of one holder, as its death would. */
  #drop(kind: string, holder: Holder): void {
    const entry = this.#held?.get(kind)?.get(holder);
    if (entry === undefined) return;
    this.#forget(kind, holder, entry.count > 0);
    if (entry.count > 0) this.#gone(kind, holder);
  }

  #forget(kind: string, holder: Holder, hadLease: boolean): void {
    const held = this.#held!.get(kind)!;
    held.delete(holder, hadLease);
    if (held.isEmpty) this.#held!.delete(kind);
  }

  #gone(kind: string, holder: Holder): void {
    if (--this.#leases === 0) {
      cells.unpin(this);
      this.#charges?.endAll();
    }
    this.returned(kind, holder);
  }
}

/** Of how many ended cells it is remembered how they ended. */
const KNOWN_ENDED = 10_000;

/** What a handle points to: the cell itself where it lives, its address elsewhere. */
export type Target = Cell | Address;

/** The cells of this isolate that others can reach. */
export class Cells {
  readonly #table = new Map<number, Cell | WeakRef<Cell>>();
  readonly #collected = new FinalizationRegistry<number>((slot) => {
    const entry = this.#table.get(slot);
    if (entry instanceof WeakRef && entry.deref() === undefined) this.#table.delete(slot);
    // What lay in it is nobody's either.
    holders.sweep(holders.get(isolate.id, slot));
  });
  readonly #ended = new Map<number, { secret: string; exit: Exit }>();
  #lastSlot = MAIN_SLOT;

  /** A slot that no other cell of this isolate has had. */
  nextSlot(): number {
    return ++this.#lastSlot;
  }

  /** Makes a cell reachable, and says where. */
  export(cell: Cell): Address {
    if (cell.secret === "") {
      cell.secret = makeSecret();
      if (cell.slot === 0) this.slotOf(cell);
      else this.#collected.register(cell, cell.slot);
      this.#table.set(cell.slot, new WeakRef(cell));
    }
    return { isolate: isolate.id, slot: cell.slot, incarnation: cell.incarnation, secret: cell.secret };
  }

  /** The cell's slot, which may serve as a name before the cell can be reached. */
  slotOf(cell: Cell): number {
    if (cell.slot === 0) {
      cell.slot = this.nextSlot();
      this.#collected.register(cell, cell.slot);
    }
    return cell.slot;
  }

  /** Puts a cell where it was agreed on beforehand, for good. */
  place(cell: Cell, slot: number, secret: string): void {
    cell.slot = slot;
    cell.secret = secret;
    this.#table.set(slot, cell);
  }

  /** Keeps an exported cell alive. */
  pin(cell: Cell): void {
    this.export(cell);
    this.#table.set(cell.slot, cell);
  }

  /** From now on only references keep the cell alive. */
  unpin(cell: Cell): void {
    if (this.#table.has(cell.slot)) this.#table.set(cell.slot, new WeakRef(cell));
  }

  /** Takes a cell out of reach. */
  remove(cell: Cell): void {
    if (cell.secret !== "") this.#table.delete(cell.slot);
  }

  /** A cell has ended. It answers as long as anybody has it; after that, `exit` is what those who still ask are told. */
  retire(cell: Cell, exit: Exit): void {
    if (cell.secret === "") return;
    this.#ended.set(cell.slot, { secret: cell.secret, exit });
    if (this.#ended.size > KNOWN_ENDED) this.#ended.delete(this.#ended.keys().next().value!);
  }

  /** How a retired cell ended. */
  exitOf(slot: number, secret: string): Exit | undefined {
    const ended = this.#ended.get(slot);
    return ended?.secret === secret ? ended.exit : undefined;
  }

  /** The cell that an address names, if the address is right and the cell is still there. */
  find(slot: number, incarnation: number, secret: string): Cell | undefined {
    const entry = this.#table.get(slot);
    const cell = entry instanceof WeakRef ? entry.deref() : entry;
    if (cell === undefined || cell.secret !== secret) return undefined;
    return incarnation === 0 || incarnation === cell.incarnation ? cell : undefined;
  }

  /** The cell itself if the address is one of this isolate. */
  resolve(address: Address): Target {
    if (address.isolate !== isolate.id) return address;
    return this.find(address.slot, address.incarnation, address.secret) ?? address;
  }
}

/** This isolate's. */
export const cells: Cells = singleton("cells", () => new Cells());

/** Whether a target lives here. (Not `instanceof`: there may be two copies of the library.) */
export function isCell(target: Target): target is Cell {
  return "receive" in target;
}

/** The address of what a handle points to. */
export function addressOf(target: Target): Address {
  return isCell(target) ? cells.export(target) : target;
}
