import type { IsolateId } from "../channels/kernel/address.ts";
import { isolate } from "../channels/kernel/isolate.ts";

/** A sender gets credit for so many messages at once. */
const BATCH = 256;
/** So many senders at most have credit due that they do not know of. */
const MOST_DUE = 256;

/** Longer messages under way are bounded by their bytes, too: their sender is told of each at once when it is done with. */
export const HEAVY_BYTES: number = 64 * 1024;

/** Tells senders elsewhere how many of their messages a cell is done with: they may send it as many more. */
export class Credits {
  readonly #due = new Map<IsolateId, number>();

  /** @param slot the slot of the cell that they send to */
  constructor(readonly slot: () => number) {}

  /** One message of this isolate's, so long, is done with; it is told when there are `batch` of them. */
  give(to: IsolateId, bytes: number, batch: number = bytes > HEAVY_BYTES ? 1 : BATCH): void {
    if (to === isolate.id) return;
    if (this.#due.size > MOST_DUE) this.giveAll();
    const count = (this.#due.get(to) ?? 0) + 1;
    if (count < batch) {
      this.#due.set(to, count);
      return;
    }
    this.#due.delete(to);
    this.#post(to, count);
  }

  /** Tells all senders of what they do not know yet. */
  giveAll(): void {
    for (const [to, count] of this.#due) this.#post(to, count);
    this.#due.clear();
  }

  #post(to: IsolateId, count: number): void {
    isolate.post({ kind: "credit", to, from: isolate.id, slot: this.slot(), count });
  }
}
