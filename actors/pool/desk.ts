import { Deque } from "../../channels/kernel/deque.ts";
import type { Chunk } from "./chunk.ts";
import { piecesFrom } from "./chunk_plan.ts";
import { Claims, following, isUpTo } from "../../channels/claims.ts";

/** So many chunks at most are at a worker, the one that it does included. */
const MOST_CHUNKS = 32;

/**
 * What one worker was given, as its pool knows it. The worker says when it begins the first of all chunks; it does one
 * after another, and says of each when it is over, so that the first is the only one that it may have begun.
 */
export class Desk {
  /** How many items it was given. */
  given = 0;
  /** Whether the worker has begun anything yet. */
  begun = false;
  /** What is agreed on without a message, if there is memory for that. */
  readonly claims: Claims | undefined;
  readonly #chunks: Deque<Chunk> = new Deque();
  /** The number of the last piece given. */
  last = 0;
  #loadMs = 0;
  /** Nobody knows any more how long it will take for the first one. */
  #isStuck = false;

  /** @param shared whether the worker has memory of this process */
  constructor(shared: boolean) {
    this.claims = shared ? new Claims() : undefined;
  }

  get size(): number {
    return this.#chunks.size;
  }

  /** The chunk that the worker does, or is about to. */
  get first(): Chunk | undefined {
    return this.#chunks.peek();
  }

  /** Whether something waits here behind something else. */
  get isCrowded(): boolean {
    const { first } = this;
    return this.#chunks.size > 1 || (first !== undefined && first.left > first.plan.piece);
  }

  /** How many milliseconds the work will take. */
  get load(): number {
    return this.#chunks.size < MOST_CHUNKS && !this.#isStuck ? this.#loadMs : Infinity;
  }

  [Symbol.iterator](): IterableIterator<Chunk> {
    return this.#chunks[Symbol.iterator]();
  }

  has(chunk: Chunk): boolean {
    return this.#chunks.has(chunk);
  }

  /** Adds a chunk that will take so long. */
  add(chunk: Chunk, expectedMs: number): void {
    chunk.sequence = following(this.last, 1);
    chunk.givenAt = chunk.at;
    chunk.expectedMs = expectedMs;
    this.last = following(this.last, piecesFrom(chunk.plan, chunk.at));
    this.#loadMs += expectedMs;
    this.given += chunk.left;
    this.#chunks.push(chunk);
  }

  /** The worker is through with the first one. */
  leave(): void {
    const chunk = this.#chunks.shift()!;
    this.#isStuck = false;
    this.#loadMs = this.#chunks.size === 0 ? 0 : this.#loadMs - chunk.expectedMs;
  }

  /** Whether all of it could be given to somebody else: what has moved to the worker is nowhere else. */
  get isReturnable(): boolean {
    for (const chunk of this.#chunks) if (!chunk.repeatable) return false;
    return this.#chunks.size > 0;
  }

  /** Takes back what has not begun, if that can be said without asking. */
  takeBack(): Chunk[] {
    if (this.claims === undefined || !this.isReturnable) return [];
    const last = this.last;
    return this.returned(this.claims.takeBack(last), last);
  }

  /** What was given after one piece, up to another, has not begun and never will here. */
  returned(begun: number, last: number): Chunk[] {
    const returned: Chunk[] = [];
    this.#isStuck = true;
    for (const chunk of this.#chunks.clear()) {
      if (!isUpTo(chunk.sequence, begun) && isUpTo(chunk.sequence, last)) {
        this.given -= chunk.left;
        this.#loadMs -= chunk.expectedMs;
        returned.push(chunk);
        continue;
      }
      this.#chunks.push(chunk);
      if (!isUpTo(chunk.sequence, begun)) continue;
      const { end } = chunk;
      chunk.giveBack(chunk.endOf(begun));
      this.given -= end - chunk.end;
    }
    if (this.#chunks.size === 0) this.#isStuck = false;
    return returned;
  }

  /** Empties it, since the worker is dead: what that had begun, with no more in hand than may have begun, and the others. */
  end(): { readonly begun: Chunk | undefined; readonly waiting: Chunk[] } {
    const waiting = this.clear();
    const last = this.claims?.last ?? (this.begun ? this.last : 0);
    if (waiting.length === 0 || !isUpTo(waiting[0].sequence, last)) return { begun: undefined, waiting };
    this.begun = true;
    const begun = waiting.shift()!;
    begun.hand = Math.min(begun.hand, begun.endOf(last) - begun.at);
    return { begun, waiting };
  }

  /** Empties it. */
  clear(): Chunk[] {
    return this.#chunks.clear();
  }
}
