import { whoActs } from "../kernel/acting.ts";
import { showAddress } from "../kernel/address.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import type { Import, Passage } from "../kernel/handle.ts";
import type { Holder } from "../kernel/holder.ts";
import { expected, type Shape } from "../kernel/shape.ts";
import { channelWait, patience, type WaitOptions } from "../kernel/wait.ts";
import type { LockGuard } from "./lock_guard.ts";
import type { PermitCell, PermitKind } from "./permit_cell.ts";
import { PermitSeat } from "./permit_seat.ts";
import { type Permit, PermitWords } from "./permit_words.ts";

/** So many owners are named to people; a semaphore may have thousands. */
const MOST_SHOWN = 3;

/** One handle's way to a lock or semaphore. */
export class PermitClient {
  /** What all handles to one lock have in common here. */
  readonly key: Target | string;
  readonly words: PermitWords | undefined;
  /** Whose way it is: while a permit is held or awaited by it, it is not collected, and so its lease not returned. */
  handle: object | undefined;
  /** What this thread is called in the memory while it waits, so that what it is given then is not taken for another. */
  sleepingNumber: number | undefined;
  /** Who got this handle by message, and what it is called in the memory. */
  readonly #arrived: { readonly holder: Holder; readonly number: number } | undefined;

  readonly #action: string;
  /** That of whoever called last. */
  #seat: PermitSeat | undefined;

  constructor(readonly kind: PermitKind, readonly target: Target, passage?: Passage, imported?: Import) {
    this.key = isCell(target) ? target : showAddress(target);
    this.#action = `acquire a ${kind.title}`;
    if (isCell(target)) this.words = expected(`a handle to a ${kind.title}`, target, isPermitCell).words;
    else if (passage?.memory !== undefined) this.words = new PermitWords(passage.memory);
    // A number is a name in the memory: one that came without it is another's, or made up by a stranger.
    const number = passage?.memory === undefined ? 0 : passage.number!;
    if (imported !== undefined) this.#arrived = { holder: imported.holder, number };
  }

  /** What travels. Each copy is called by a number of its own. */
  passage(): Passage {
    const { kind, target, words } = this;
    return { kind: kind.name, target, meta: null, memory: words?.memory, number: words?.nextNumber() };
  }

  async acquire(options: WaitOptions | undefined): Promise<LockGuard> {
    const wait = channelWait(this.#action, options);
    const seat = this.seat();
    return new PermitGuard(seat, await seat.acquire(wait));
  }

  async tryAcquire(): Promise<LockGuard | undefined> {
    const seat = this.seat();
    const permit = await seat.tryAcquire();
    return permit && new PermitGuard(seat, permit);
  }

  acquireSync(options: WaitOptions | undefined): LockGuard {
    const wait = patience(this.#action, options);
    const seat = this.seat();
    return new PermitGuard(seat, seat.acquireSync(wait));
  }

  release(): Promise<void> {
    return this.seat().release();
  }

  releaseSync(): void {
    this.seat().releaseSync();
  }

  /** How it is, in words; where it lives, that is. */
  describe(): string {
    if (!isCell(this.target)) return "elsewhere";
    const { owners, waiting, free } = this.target as PermitCell;
    const isLock = this.kind.permits === 1;
    const parts = isLock ? owners.length === 0 ? ["free"] : [] : [`${free} free`];
    if (owners.length > 0) {
      const shown = owners.slice(0, MOST_SHOWN).map(({ isolate, slot }) => `${isolate}#${slot}`);
      if (owners.length > MOST_SHOWN) shown.push(`${owners.length - MOST_SHOWN} more`);
      parts.push(`held by ${shown.join(", ")}`);
    }
    if (waiting.length > 0) parts.push(`${waiting.length} waiting`);
    return parts.join(", ");
  }

  /** What the calling actor has of it. */
  seat(): PermitSeat {
    const holder = whoActs.holder();
    if (this.#seat?.holder !== holder) this.#seat = PermitSeat.of(this, holder);
    return this.#seat;
  }

  /** What a holder is called in the memory; 0 if the home does not know it by a number, so that it may not touch it. */
  numberOf(holder: Holder): number {
    if (isCell(this.target)) return (this.target as PermitCell).residentNumber(holder);
    return this.#arrived?.holder === holder ? this.#arrived.number : 0;
  }
}

/** Holds a permit until it is disposed of. */
class PermitGuard implements LockGuard {
  readonly #seat: PermitSeat;
  readonly #permit: Permit;

  constructor(seat: PermitSeat, permit: Permit) {
    this.#seat = seat;
    this.#permit = permit;
  }

  get abandoned(): boolean {
    return this.#permit.abandoned;
  }

  [Symbol.dispose](): void {
    // Released by name in the meantime, it is no longer this guard's to give back.
    if (this.#seat.held.includes(this.#permit)) this.#seat.releaseSync(this.#permit);
  }
}

const clients = new WeakMap<object, PermitClient>();

/** Lets others of this folder find the client of a lock. */
export function remember(lock: object, client: PermitClient): PermitClient {
  client.handle = lock;
  clients.set(lock, client);
  return client;
}

/** The client of a lock; undefined if it is none. */
export function clientOf(lock: object): PermitClient | undefined {
  return clients.get(lock);
}

/** A handle from elsewhere can name any cell of this isolate. */
const isPermitCell: Shape<PermitCell> = (cell): cell is PermitCell => "residentNumber" in (cell as object);
