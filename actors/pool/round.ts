import { isA, isThenable } from "../../channels/kernel/look.ts";
import { asItArrives, ExitRequest } from "../exited.ts";
import { ONE_BY_ONE, SPREAD, STOPS } from "./chunk_plan.ts";
import { AHEAD_MS, PROVEN } from "./pace.ts";
import type { KnownTask } from "./task_list.ts";
import type { Turn } from "./turn.ts";

/** What became of the items that were in hand. */
export interface Outcomes {
  /** In order, what was thrown included. */
  readonly values: unknown[];
  /** Which of them were thrown. */
  readonly thrown: number[];
  /** No further item will be done. */
  readonly over: boolean;
  /** How many are to be taken in hand next. */
  readonly hand: number;
  /** How long they took. */
  readonly ms: number;
  /** From which item of the chunk on others are to do it. */
  readonly back?: number | undefined;
}

/** The items of one chunk at the worker that does them: so many in hand at a time, of which it tells together. */
export class Round implements Outcomes {
  values: unknown[] = [];
  thrown: number[] = [];
  ms = 0;
  hand: number;
  over = false;
  back: number | undefined;
  /** A task has asked for the worker's end. */
  exited = false;
  #at: number;
  /** Where those in hand end, and where all do. */
  #end = 0;
  readonly #last: number;
  #began = 0;
  readonly #mayBegin: (piece: number) => boolean;
  /** The items before this one are this worker's to do. */
  #claimed: number;

  /** @param mayBegin whether a piece may be begun here, counted from the first that was given */
  constructor(
    readonly turn: Turn,
    readonly task: KnownTask,
    readonly items: readonly unknown[],
    mayBegin: (piece: number) => boolean,
  ) {
    this.hand = turn.hand;
    this.#at = turn.at;
    this.#last = Math.min(turn.end, items.length);
    this.#mayBegin = mayBegin;
    this.#claimed = this.#endOfPiece;
  }

  /** Takes items in hand, and does them; what it returns is to be waited for and given to `settle`, and then `goOn` called. */
  take(): PromiseLike<unknown> | undefined {
    this.values = [];
    this.thrown = [];
    this.#began = performance.now();
    this.#end = Math.min(this.#last, this.#at + this.hand);
    return this.goOn();
  }

  /** Does the rest of the items in hand. */
  goOn(): PromiseLike<unknown> | undefined {
    const spreads = (this.turn.mode & SPREAD) !== 0;
    while (this.#at < this.#end && !this.over) {
      if (this.turn.aborted || (this.#at === this.#claimed && !this.#claim())) this.over = true;
      else {
        const item = this.items[this.#at];
        try {
          const result = this.task.call(spreads ? item as unknown[] : [item]);
          if (isThenable(result)) return result;
          this.#succeeded(result);
        } catch (error) {
          this.#failed(error);
        }
      }
    }
    this.over ||= this.#at >= this.#last;
    this.#measure();
    return undefined;
  }

  /** Makes the next piece this worker's, unless it is for others. */
  #claim(): boolean {
    const { at, piece } = this.turn;
    if (this.#mayBegin(Math.floor(this.#at / piece) - Math.floor(at / piece))) {
      this.#claimed = this.#endOfPiece;
      return true;
    }
    this.back = this.#at;
    return false;
  }

  get #endOfPiece(): number {
    const { piece } = this.turn;
    return (Math.floor(this.#at / piece) + 1) * piece;
  }

  /** Waits for the item that is being done. */
  async settle(result: PromiseLike<unknown>): Promise<void> {
    try {
      this.#succeeded(await result);
    } catch (error) {
      this.#failed(error);
    }
  }

  #succeeded(value: unknown): void {
    this.values.push(value);
    this.#at++;
  }

  #failed(error: unknown): void {
    // By heeding its signal it has not failed.
    this.exited = isA(error, ExitRequest);
    if (this.exited || this.turn.isReason(error)) {
      this.over = true;
      return;
    }
    this.thrown.push(this.values.length);
    this.#succeeded(asItArrives(error));
    this.over = (this.turn.mode & STOPS) !== 0;
  }

  #measure(): void {
    this.ms = performance.now() - this.#began;
    if ((this.turn.mode & ONE_BY_ONE) !== 0) return;
    if (this.ms > AHEAD_MS) this.hand = Math.max(1, Math.floor(this.hand * AHEAD_MS / this.ms));
    else if (this.#at - this.turn.at >= PROVEN && this.ms < AHEAD_MS / 4) this.hand *= 4;
  }
}
