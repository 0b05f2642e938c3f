import type { IsolateId } from "../channels/kernel/address.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import type { Request } from "../channels/kernel/request.ts";
import { sizeOf } from "../channels/kernel/snapshot.ts";

/** A sender gets credit for so many messages at once. */
const BATCH = 256;
/** So many senders at most have credit due that they do not know of. */
const MOST_DUE = 256;

/** Longer messages under way are bounded by their bytes, too: their sender is told of each at once when it is done with. */
export const HEAVY_BYTES: number = 64 * 1024;

/**
 * Tells senders elsewhere how many of their messages a cell is done with: they may send it as many more, and do not count
 * those among what was lost when this isolate is gone.
 */
export class Credits {
  readonly #due = new Map<IsolateId, number>();
  /** Whether the cell is done with a cast whose sender may not know yet. */
  #owesCast = false;
  #telling = false;

  /** @param slot the slot of the cell that they send to */
  constructor(readonly slot: () => number) {}

  /**
   * The cell is done with a message; its sender is told when there are `batch` of them. A sender that has the answer to a
   * call knows that the casts before it were taken.
   */
  give(request: Request, batch?: number): void {
    const { isolate: to } = request.from;
    if (to === isolate.id) return;
    this.#give(to, batch ?? (sizeOf(request.body) > HEAVY_BYTES ? 1 : BATCH));
    if (request.asker === undefined) this.#owesCast = true;
    else if (this.#owesCast) this.giveAll();
  }

  /** Nothing more is there: tells senders of the last casts. Not at once: the next may come in the same frame. */
  soon(): void {
    if (!this.#owesCast || this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      this.giveAll();
    });
  }

  /** Tells all senders of what they do not know yet. */
  giveAll(): void {
    this.#owesCast = false;
    for (const [to, count] of this.#due) this.#post(to, count);
    this.#due.clear();
  }

  #give(to: IsolateId, batch: number): void {
    if (this.#due.size > MOST_DUE) this.giveAll();
    const count = (this.#due.get(to) ?? 0) + 1;
    if (count < batch) {
      this.#due.set(to, count);
      return;
    }
    this.#due.delete(to);
    this.#post(to, count);
  }

  #post(to: IsolateId, count: number): void {
    isolate.post({ kind: "credit", to, from: isolate.id, slot: this.slot(), count });
  }
}
