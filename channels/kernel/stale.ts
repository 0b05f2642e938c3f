import { type Address, showAddress } from "./address.ts";
import type { Holder } from "./holder.ts";
import { singleton } from "./singleton.ts";

const known: Map<string, Stale> = singleton("stale", () => new Map());

/**
 * The questions by which one holder wanted items of one cell, and gave up, while they are unanswered: an item may be on
 * its way to each of them. Those items must neither be lost nor come after later ones. So, until the last is answered,
 *
 * - an item is for the oldest question that still waits, whichever it was sent for;
 * - if none waits it goes back, and then so does whatever comes for another that gave up;
 * - no new question leaves, since it could be sent an item ahead of one that goes back.
 *
 * (What goes back may still be got after later items by another holder: those can have left before anybody gave up.)
 */
export class Stale {
  /** Whether an item went back. */
  returned = false;
  #count = 0;
  readonly #held = new Set<() => void>();

  private constructor(readonly key: string) {}

  /** Those of this holder at this cell. */
  static of(target: Address, holder: Holder): Stale {
    const key = keyOf(target, holder);
    const found = known.get(key);
    if (found !== undefined) return found;
    const made = new Stale(key);
    known.set(key, made);
    return made;
  }

  /** An item goes back. */
  static returns(target: Address, holder: Holder): void {
    const found = known.get(keyOf(target, holder));
    if (found !== undefined) found.returned = true;
  }

  /** What a new question must pass, if anything: it leaves when nothing is on its way any more to one that gave up. */
  static at(target: Address, holder: Holder): Stale | undefined {
    return known.size === 0 ? undefined : known.get(keyOf(target, holder));
  }

  /** No question leaves now. */
  enter(): boolean {
    return false;
  }

  /** The question leaves when the last is answered. Returns what withdraws it. */
  queue(_bytes: number, send: () => void): () => void {
    this.#held.add(send);
    return () => void this.#held.delete(send);
  }

  /** One more gave up. */
  add(): this {
    this.#count++;
    return this;
  }

  /** One of them was answered. */
  remove(): void {
    if (--this.#count > 0) return;
    known.delete(this.key);
    for (const send of this.#held) send();
  }
}

function keyOf(target: Address, holder: Holder): string {
  return `${showAddress(target)} ${holder.slot}`;
}
