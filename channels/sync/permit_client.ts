import { whoActs } from "../kernel/acting.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import { showAddress } from "../kernel/address.ts";
import type { Import, Passage } from "../kernel/handle.ts";
import type { Holder } from "../kernel/holder.ts";
import { patience, type WaitOptions } from "../kernel/wait.ts";
import type { LockGuard } from "./lock_guard.ts";
import { notOwner, type PermitCell } from "./permit_cell.ts";
import { PermitSeat } from "./permit_seat.ts";
import { type Permit, PermitWords } from "./permit_words.ts";

/** An actor's seats, so that all its handles to one lock are the same to it. */
const seats = new WeakMap<Holder, Map<Target | string, PermitSeat>>();

/** One handle's way to a lock or semaphore. */
export class PermitClient {
  readonly #title: string;
  readonly #target: Target;
  readonly #words: PermitWords | undefined;
  /** Who got this handle by message, and what it is called in the memory. */
  readonly #arrived: { readonly holder: Holder; readonly number: number } | undefined;

  constructor(title: string, target: Target, passage?: Passage, imported?: Import) {
    this.#title = title;
    this.#target = target;
    if (isCell(target)) this.#words = (target as PermitCell).words;
    else if (passage?.memory !== undefined) this.#words = new PermitWords(passage.memory);
    if (imported !== undefined) this.#arrived = { holder: imported.holder, number: passage!.number! };
  }

  /** What travels. Each copy is called by a number of its own. */
  passage(kind: string): Passage {
    const words = this.#words;
    return { kind, target: this.#target, meta: null, memory: words?.memory, number: words?.nextNumber() };
  }

  async acquire(options: WaitOptions | undefined): Promise<LockGuard> {
    const wait = patience(`acquire a ${this.#title}`, options);
    const seat = this.seat();
    return guard(seat, await seat.acquire(wait));
  }

  async tryAcquire(): Promise<LockGuard | undefined> {
    const seat = this.seat();
    const permit = await seat.tryAcquire();
    return permit && guard(seat, permit);
  }

  acquireSync(options: WaitOptions | undefined): LockGuard {
    const wait = patience(`acquire a ${this.#title}`, options);
    const seat = this.seat();
    return guard(seat, seat.acquireSync(wait));
  }

  async release(): Promise<void> {
    const seat = this.seat();
    await seat.release(seat.held.at(-1));
  }

  releaseSync(): void {
    const seat = this.seat();
    const permit = seat.held.at(-1);
    if (permit === undefined) throw notOwner(this.#title);
    seat.releaseSync(permit);
  }

  /** What the calling actor has of it. */
  seat(): PermitSeat {
    const holder = whoActs.holder();
    const key = isCell(this.#target) ? this.#target : showAddress(this.#target);
    let mine = seats.get(holder);
    if (mine === undefined) seats.set(holder, mine = new Map());
    let seat = mine.get(key);
    if (seat === undefined) mine.set(key, seat = this.#makeSeat(holder));
    return seat;
  }

  #makeSeat(holder: Holder): PermitSeat {
    if (isCell(this.#target)) {
      const cell = this.#target as PermitCell;
      const number = cell.words.nextNumber();
      cell.enlist(holder, number);
      return new PermitSeat(this.#title, cell, holder, cell.words, number);
    }
    // In the memory only the one whom the home knows by this handle's number may act.
    if (this.#arrived?.holder !== holder) return new PermitSeat(this.#title, this.#target, holder, undefined, 0);
    return new PermitSeat(this.#title, this.#target, holder, this.#words, this.#arrived.number);
  }
}

const clients = new WeakMap<object, PermitClient>();

/** Lets others of this folder find the client of a lock. */
export function remember(lock: object, client: PermitClient): PermitClient {
  clients.set(lock, client);
  return client;
}

/** The client of a lock; undefined if it is none. */
export function clientOf(lock: object): PermitClient | undefined {
  return clients.get(lock);
}

/** Holds a permit until it is disposed of. */
export function guard(seat: PermitSeat, permit: Permit): LockGuard {
  let held = true;
  return {
    abandoned: permit.abandoned,
    [Symbol.dispose]() {
      // Released by name in the meantime, it is no longer this guard's to give back.
      if (held && seat.held.includes(permit)) seat.releaseSync(permit);
      held = false;
    },
  };
}
