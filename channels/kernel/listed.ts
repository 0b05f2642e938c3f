import { isolate } from "./isolate.ts";
import { type Cell, cells } from "./cell.ts";
import type { Holder } from "./holder.ts";
import { singleton } from "./singleton.ts";

/** Somebody at a cell, by address. Plain data, as all that follows. */
export interface Party {
  /** Where it lives. */
  readonly address: string;
  /** How people read it; the address again where nobody could say. */
  readonly name: string;
}

/** A queue, as it was a moment ago. */
export interface QueueReport {
  /** Where it lives. */
  readonly address: string;
  /** What it is. */
  readonly kind: string;
  /** How many items wait to be taken. */
  readonly size: number;
  /** How many it takes; 0 is any number. */
  readonly maxSize: number;
  /** Who waits for room. */
  readonly putters: readonly Party[];
  /** Who waits for an item. */
  readonly takers: readonly Party[];
}

/** A lock or semaphore, as it was a moment ago. */
export interface LockReport {
  /** Where it lives. */
  readonly address: string;
  /** What it is. */
  readonly kind: string;
  /** How many may have it at once. */
  readonly permits: number;
  /** Who has it. */
  readonly owners: readonly Party[];
  /** Who waits for it, the first one first. `wait` is a number that no other wait for it has. */
  readonly waiters: readonly (Party & { readonly wait: number })[];
}

/** What a cell says of itself: one of these. */
export interface CellReport {
  readonly queue?: QueueReport;
  readonly lock?: LockReport;
  /** Where a supervised child is found, under its name. */
  readonly place?: Party;
}

/** A cell that can say how it is. */
export interface Listed extends Cell {
  report(): CellReport;
}

/** The queues, locks and places of an isolate, as long as anybody has them. */
class Listing {
  readonly #cells = new Set<WeakRef<Listed>>();
  readonly #collected = new FinalizationRegistry<WeakRef<Listed>>((ref) => void this.#cells.delete(ref));

  /** Notes a new one. */
  add(cell: Listed): void {
    const ref = new WeakRef(cell);
    this.#cells.add(ref);
    this.#collected.register(cell, ref);
  }

  *[Symbol.iterator](): Iterator<Listed> {
    for (const ref of this.#cells) {
      const cell = ref.deref();
      if (cell !== undefined) yield cell;
    }
  }
}

/** This isolate's. */
export const listing: Listing = singleton("listing", () => new Listing());

/** Where a cell of this isolate is. */
export function whereIs(cell: Cell): string {
  return `${isolate.id}#${cells.slotOf(cell)}`;
}

/** One who has or wants something, by address alone: others know the name. */
export function partyOf(holder: Holder): Party {
  const address = `${holder.isolate}#${holder.slot}`;
  return { address, name: address };
}
