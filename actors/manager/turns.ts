import { type Holder, Lease } from "../../channels/kernel/holder.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { type Deadline, wheel } from "../../channels/kernel/wheel.ts";

/** A turn lasts no longer, so that one who hangs holds up nobody for long. */
const TURN_MS = 1000;

interface Turn {
  readonly owner: Holder;
  readonly lease: Lease;
  readonly deadline: Deadline;
  readonly waiting: Request[];
}

/**
 * The turns of those who were too slow a few times to change a value before another did. While one has its turn at a
 * place, what others want to write there waits; so nobody is too slow for ever.
 */
export class Turns {
  readonly #turns = new Map<string, Turn>();
  readonly #again: (request: Request) => void;

  /** @param again receives, in order, what has waited */
  constructor(again: (request: Request) => void) {
    this.#again = again;
  }

  /** Whether a request has to wait for the end of somebody's turn. */
  defers(place: string, request: Request): boolean {
    const turn = this.#turns.get(place);
    if (turn === undefined) return false;
    turn.waiting.push(request);
    return true;
  }

  /** Gives one its turn, if nobody else has it. A stranger with too many entries goes without. */
  begin(place: string, owner: Holder): void {
    if (this.#turns.has(place) || owner.account?.noEntry !== undefined) return;
    const end = () => this.end(place, owner);
    const turn = { owner, lease: new Lease(owner, end), deadline: wheel.after(TURN_MS, end), waiting: [] };
    this.#turns.set(place, turn);
  }

  /** Ends its turn, if it has it. */
  end(place: string, owner: Holder): void {
    const turn = this.#turns.get(place);
    if (turn?.owner !== owner) return;
    this.#turns.delete(place);
    turn.lease.end();
    turn.deadline.cancel();
    for (const request of turn.waiting) this.#again(request);
  }
}
