import { Charges } from "./kernel/account.ts";
import { type Cell, cells } from "./kernel/cell.ts";
import { deadLetters } from "./kernel/dead_letters.ts";
import { Deque } from "./kernel/deque.ts";
import { grantAll, type Passage, releaseAll } from "./kernel/handle.ts";
import { type Holder, holders } from "./kernel/holder.ts";
import { isolate } from "./kernel/isolate.ts";
import { endMoved } from "./kernel/moving.ts";
import { onwardTo } from "./kernel/pack.ts";
import type { Packet } from "./kernel/packet.ts";
import type { Request } from "./kernel/request.ts";

/** One item, from the moment it was accepted until somebody has it. */
export interface Item {
  /** Its place in the order of acceptance. */
  readonly number: number;
  packet: Packet;
  /** Its size, with the memory that moved with it. */
  readonly bytes: number;
  /** What the owner wants to know of it. */
  readonly label: number;
  /** How often somebody has had it. */
  deliveries: number;
}

/** More than that is not lent at once. */
const MOST_LENT_BYTES = 65_536;

/** What the owner of a store decides, and is told. */
export interface StoreOwner {
  /** The cell that holds the handles in the items. */
  readonly cell: Cell;
  /** Whether an item may come back after it was taken; if so the owner releases it in the end. */
  readonly keepsTaken: boolean;
  /** Whether another item may be accepted now. */
  hasRoom(): boolean;
  /** Whether a taker can take this item; if not, the taker has been told why, and the item stays. */
  suits(taker: Request, item: Item): boolean;
  /** An item was accepted; nobody has been offered it yet. */
  accepted(item: Item): void;
  /** Somebody has an item now, and has said so. */
  taken(item: Item, by: Holder): void;
  /** An item has been accepted, has left or has come back; or somebody has given up waiting. */
  changed(): void;
}

/**
 * Items in the order in which they were accepted, with those who wait to put one and those who wait to take one. An
 * item is taken when the taker's isolate has acknowledged it; until then it can come back, and then to where it was.
 */
export class ItemStore {
  readonly #items = new Deque<Item>();
  /** Items that are back, until one is looked at: most come back with many others. */
  readonly #back: Item[] = [];
  readonly #putters = new Deque<{ readonly request: Request; readonly label: number }>();
  readonly #takers = new Deque<Request>();
  readonly #owner: StoreOwner;
  #cargo: Cargo | undefined;
  /** For the items that strangers have put. */
  #charges: Charges<Item> | undefined;
  #lastNumber = 0;
  #bytes = 0;
  #offered = 0;

  constructor(owner: StoreOwner) {
    this.#owner = owner;
  }

  /** How many items wait to be taken. */
  get size(): number {
    return this.#items.size + this.#back.length;
  }

  /** Who waits to put. */
  get putters(): Holder[] {
    return [...this.#putters].map(({ request }) => request.from);
  }

  /** Who waits to take. */
  get takers(): Holder[] {
    return [...this.#takers].map((request) => request.from);
  }

  /** How many requests wait. */
  get waits(): number {
    return this.#takers.size + this.#putters.size;
  }

  /** The requests that wait: to take, or else to put. */
  get waiting(): Request[] {
    return this.isAwaited ? [...this.#takers] : [...this.#putters].map(({ request }) => request);
  }

  /** Whether somebody waits to take. */
  get isAwaited(): boolean {
    return this.#takers.size > 0;
  }

  /** Whether an item may come back after it was taken. */
  get keepsTaken(): boolean {
    return this.#owner.keepsTaken;
  }

  /** How many bytes the items have that nobody has taken yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether every accepted item is taken for good, and nobody waits to put another. */
  get drained(): boolean {
    return this.size === 0 && this.#offered === 0 && this.#putters.size === 0;
  }

  /** Accepts the request's body as an item, now or when there is room. */
  put(request: Request, label: number): void {
    if (this.#putters.size === 0 && this.#owner.hasRoom()) return this.#accept(request, label);
    const putter = { request, label };
    this.#putters.push(putter);
    this.#note(request.body);
    request.onCancel = () => {
      if (!this.#putters.remove(putter)) return;
      this.release(request.body);
      this.#owner.changed();
    };
  }

  /** Accepts it now or not at all. */
  tryPut(request: Request, label: number): boolean {
    if (this.#putters.size > 0 || !this.#owner.hasRoom()) return false;
    this.#accept(request, label);
    return true;
  }

  /** Gives the next item to who asks, now or when there is one. */
  take(request: Request): void {
    this.#takers.push(request);
    request.onCancel = () => {
      if (this.#takers.remove(request)) this.#owner.changed();
    };
    this.#match();
  }

  /** Parts with the next items, at most so many, to be settled later. What is more than bytes stays, and what is large. */
  lend(most: number): Item[] {
    const lent: Item[] = [];
    let bytes = 0;
    const items = this.#inOrder();
    for (let item = items.peek(); item !== undefined && lent.length < most; item = items.peek()) {
      const { packet } = item;
      bytes += packet.bytes.length;
      if (bytes > MOST_LENT_BYTES || packet.passages.length > 0 || packet.moved.length > 0) break;
      lent.push(item);
      items.shift();
    }
    this.#offered += lent.length;
    return lent;
  }

  /** Of what was lent so many are taken; the others are back where they were. */
  settle(lent: readonly Item[], taken: number, by: Holder): void {
    this.#offered -= lent.length;
    this.#back.push(...lent.slice(taken));
    for (let at = 0; at < taken; at++) {
      this.#bytes -= lent[at].bytes;
      this.#charges?.end(lent[at]);
      lent[at].deliveries++;
      this.#owner.taken(lent[at], by);
    }
    this.#match();
    this.#owner.changed();
  }

  /** Somebody is done with an item that was taken and kept. */
  done(item: Item): void {
    this.#charges?.end(item);
    this.release(item.packet);
  }

  /** Puts an item that was taken back to where it was. */
  restore(item: Item): void {
    this.#bytes += item.bytes;
    this.#putBack(item);
  }

  #putBack(item: Item): void {
    this.#back.push(item);
    this.#match();
    this.#owner.changed();
  }

  /** The items, with those that are back where they were. */
  #inOrder(): Deque<Item> {
    if (this.#back.length > 0) this.#items.merge(this.#back.splice(0), (one, other) => one.number - other.number);
    return this.#items;
  }

  /** Lets those who wait to put go on, as far as there is room. */
  admit(): void {
    while (this.#putters.size > 0 && this.#owner.hasRoom()) {
      const { request, label } = this.#putters.shift()!;
      this.#accept(request, label);
    }
  }

  /** Refuses all who wait to put. */
  refusePutters(error: () => Error): void {
    for (const { request } of this.#putters.clear()) {
      this.release(request.body);
      request.onCancel = undefined;
      request.throw(error());
    }
  }

  /** Refuses those who wait to take; all, or those of one holder. */
  refuseTakers(error: () => Error, of?: Holder): void {
    for (const request of [...this.#takers]) {
      if (of !== undefined && request.from !== of) continue;
      this.#takers.remove(request);
      request.onCancel = undefined;
      request.throw(error());
    }
  }

  /** Drops what nobody will ever take. */
  discard(what: string): void {
    for (const item of this.#inOrder().clear()) this.#drop(item, what);
  }

  /** Gives back the handles in a packet that was packed for the store and goes no further. */
  release(packet: Packet): void {
    if (packet.passages.length === 0) return;
    this.#cargo?.handles.delete(packet.passages);
    releaseAll(packet.passages, this.#holder());
  }

  /** The handles in a packet are here to stay for a while. */
  #note({ passages }: Packet): void {
    if (passages.length === 0) return;
    this.#cargo ??= new Cargo(this.#holder());
    this.#cargo.handles.add(passages);
  }

  #accept(request: Request, label: number): void {
    const packet = request.body;
    const item: Item = { number: ++this.#lastNumber, packet, bytes: sizeOf(packet), label, deliveries: 0 };
    this.#items.push(item);
    this.#bytes += item.bytes;
    this.#note(item.packet);
    request.onCancel = undefined;
    const charge = request.takeCharge();
    if (charge !== undefined) (this.#charges ??= new Charges(this)).add(item, charge);
    request.reply(true);
    this.#owner.accepted(item);
    this.#match();
    this.#owner.changed();
  }

  #match(): void {
    while (this.#takers.size > 0 && this.size > 0) {
      const taker = this.#takers.shift()!;
      // Its death is just being settled, and with it this request.
      if (taker.from.gone) continue;
      const items = this.#inOrder();
      if (this.#owner.suits(taker, items.peek()!)) this.#offer(taker, items.shift()!);
    }
  }

  #offer(request: Request, item: Item): void {
    const body = this.#bodyFor(request, item);
    if (body === undefined) return;
    grantAll(body.passages, request.from);
    this.#offered++;
    request.offer(body, item.number, (kept, moved) => {
      this.#offered--;
      if (kept) {
        item.deliveries++;
        this.#bytes -= item.bytes;
        if (!this.#owner.keepsTaken) this.done(item);
        this.#owner.taken(item, request.from);
        this.admit();
        this.#owner.changed();
      } else if (moved === undefined && body === item.packet && leavesWithTaker(body, request.from)) {
        this.#lose(item, request.from);
      } else {
        // What moved came back as a new object.
        if (moved !== undefined) item.packet = { ...item.packet, moved };
        this.#putBack(item);
      }
    });
    this.admit();
    this.#owner.changed();
  }

  /** The packet itself, unless something in it had moved here and has to go on as bytes. */
  #bodyFor(request: Request, item: Item): Packet | undefined {
    try {
      return onwardTo(request.from.isolate, item.packet);
    } catch (error) {
      this.#drop(item, "message that cannot leave its process");
      request.throw(error);
      this.admit();
      this.#owner.changed();
      return undefined;
    }
  }

  /** A taker has died with what had moved to it, without which the item is nothing. */
  #lose(item: Item, taker: Holder): void {
    this.#drop(item, "item with objects that had moved to a dead taker");
    this.#owner.taken(item, taker);
    this.admit();
    this.#owner.changed();
  }

  /** Nobody will ever take it. */
  #drop(item: Item, what: string): void {
    this.#bytes -= item.bytes;
    this.lost(item, what);
    this.done(item);
    endMoved(item.packet.moved);
  }

  /** Notes that nobody will have this item any more. */
  lost(item: Item, what: string): void {
    deadLetters.add(`${isolate.id}#${cells.slotOf(this.#owner.cell)}`, what, item);
  }

  #holder(): Holder {
    return holders.get(isolate.id, cells.slotOf(this.#owner.cell));
  }
}

/** The handles that lie in a store. They are given back when the store is collected, and nobody can take them any more. */
class Cargo {
  readonly handles = new Set<readonly Passage[]>();

  constructor(readonly holder: Holder) {
    holder.imports.add(this);
  }

  release(): void {
    for (const passages of this.handles) releaseAll(passages, this.holder);
    this.handles.clear();
  }
}

/** Whether something in a packet moved when it was sent to this taker, and is here no more. */
function leavesWithTaker({ moved }: Packet, taker: Holder): boolean {
  return taker.isolate !== isolate.id && moved.some((object) => !(object instanceof SharedArrayBuffer));
}

function sizeOf({ bytes, moved }: Packet): number {
  let size = bytes.length;
  for (const object of moved) if (object instanceof ArrayBuffer) size += object.byteLength;
  return size;
}
