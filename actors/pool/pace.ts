import type { TaskName } from "./task_name.ts";

/** So much work may wait at a worker behind what it does, in milliseconds: enough to hide the way to it and back. */
export const AHEAD_MS = 1;
/**
 * After so many items a task is known for how long it takes. Only of such a one several are taken in hand at once: what is
 * in hand is lost with its worker, whether it had begun or not.
 */
export const PROVEN = 1000;
/** How much of an average its past is. */
const PAST = 0.7;
/** Finite, so that it can be taken from a sum again. */
const UNKNOWN_MS = 1e6;
/** Of how many tasks it is remembered how long they take. */
const KNOWN = 1000;

/** How long the tasks of a pool take, by their names, as far as has been seen. */
export class Pace {
  readonly #seen = new Map<TaskName, { items: number; msPerItem: number }>();

  /** So many items of a task took so long. */
  note(task: TaskName, count: number, ms: number): void {
    if (count === 0) return;
    const now = ms / count;
    const seen = this.#seen.get(task);
    if (seen === undefined) {
      this.#seen.set(task, { items: count, msPerItem: now });
      if (this.#seen.size > KNOWN) this.#seen.delete(this.#seen.keys().next().value!);
      return;
    }
    seen.items += count;
    // One that was slow may be so again: what is thought of it gets worse at once, and better by and by.
    seen.msPerItem = Math.max(now, seen.msPerItem * PAST + now * (1 - PAST));
  }

  /** How long so many items will take; very long for a task that is not known. */
  expect(task: TaskName, count: number): number {
    return (this.#seen.get(task)?.msPerItem ?? UNKNOWN_MS) * count;
  }

  /** How many items a worker may take in hand before it says what became of them. */
  hand(task: TaskName): number {
    const seen = this.#seen.get(task);
    if (seen === undefined || seen.items < PROVEN) return 1;
    return Math.max(1, Math.floor(AHEAD_MS / Math.max(seen.msPerItem, 1e-6)));
  }
}
