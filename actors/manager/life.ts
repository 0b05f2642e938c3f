import type { Exit } from "../../channels/exit.ts";
import { type Cell, isCell, type Target } from "../../channels/kernel/cell.ts";
import { passagesOf, releaseAll } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import type { Request } from "../../channels/kernel/request.ts";

const lives = new WeakMap<Cell, Life>();

/**
 * One life of a manager. What was made in it ends with it, also where the isolate lives on, as it does for a manager
 * placed inline.
 */
export class Life {
  exit: Exit | undefined;
  /** What was not answered at once. Those answered since are looked through now and then. */
  #waiting: Set<Request> = new Set();
  #most = 64;

  /** The thing behind a handle, and what belongs to it, ends with this life. */
  own<F extends object>(face: F): F {
    for (const { target } of passagesOf(face)!) if (isCell(target)) this.#own(target);
    return face;
  }

  /** Tells all that wait, and all that come, that this life is over. */
  end(exit: Exit): void {
    this.exit = exit;
    for (const request of this.#waiting) {
      if (!request.open) continue;
      request.tellCancelled();
      request.lose(exit);
    }
    this.#waiting.clear();
  }

  #own(cell: Cell): void {
    lives.set(cell, this);
    const receive = cell.receive.bind(cell);
    cell.receive = (request) => {
      if (this.exit !== undefined) {
        releaseAll(request.body.passages, holderOf(cell));
        return request.lose(this.exit);
      }
      receive(request);
      if (request.asker !== undefined && request.open) this.#wait(request);
    };
  }

  #wait(request: Request): void {
    this.#waiting.add(request);
    if (this.#waiting.size < this.#most) return;
    this.#waiting = new Set([...this.#waiting].filter((request) => request.open));
    this.#most = Math.max(64, 2 * this.#waiting.size);
  }
}

/** How a thing that a manager made has ended, if it is known to have. */
export function endOf(target: Target): Exit | undefined {
  return isCell(target) ? lives.get(target)?.exit : isolate.exitOf(target.isolate);
}
