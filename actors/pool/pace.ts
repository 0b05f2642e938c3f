/** So much work may wait at a worker behind what it does, in milliseconds: enough to hide the way to it and back. */
export const AHEAD_MS = 1;
/** How much of an average its past is. */
const PAST = 0.7;
/** Of how many tasks it is remembered how long they take. */
const KNOWN = 1000;

/** How long the tasks of a pool take, by their names, as far as has been seen. */
export class Pace {
  readonly #msPerItem = new Map<string, number>();

  /** So many items of a task took so long. */
  note(task: string, count: number, ms: number): void {
    if (count === 0) return;
    const now = ms / count;
    const before = this.#msPerItem.get(task) ?? 0;
    // One that was slow may be so again: what is thought of it gets worse at once, and better by and by.
    this.#msPerItem.set(task, now >= before ? now : before * PAST + now * (1 - PAST));
    if (this.#msPerItem.size > KNOWN) this.#msPerItem.delete(this.#msPerItem.keys().next().value!);
  }

  /** How long so many items will take; `Infinity` for a task that is not known. */
  expect(task: string, count: number): number {
    return (this.#msPerItem.get(task) ?? Infinity) * count;
  }

  /** How many items a worker may take in hand before it says what became of them. */
  hand(task: string): number {
    const ms = this.#msPerItem.get(task) ?? Infinity;
    return Math.max(1, Math.floor(AHEAD_MS / Math.max(ms, 1e-6)));
  }
}
