import { Deque } from "../../channels/kernel/deque.ts";
import type { Chunk } from "./chunk.ts";

/** So many priorities are remembered. */
const KEPT_RANKS = 8;

/** What no worker has yet, the most urgent first, and first come first served among equals. */
export class Backlog {
  /** By falling priority. An empty one is kept while they are few, since most come again. */
  #ranks: { readonly priority: number; readonly chunks: Deque<Chunk> }[] = [];
  #size = 0;
  #calls = 0;

  /** How many chunks wait. */
  get size(): number {
    return this.#size;
  }

  /** How many of them are calls, and no items. */
  get calls(): number {
    return this.#calls;
  }

  /** Adds a chunk behind its equals. */
  push(chunk: Chunk): void {
    this.#rank(chunk.priority).push(chunk);
    this.#count(chunk, 1);
  }

  /** Puts a chunk back before its equals: a worker had it already. */
  unshift(chunk: Chunk): void {
    this.#rank(chunk.priority).unshift(chunk);
    this.#count(chunk, 1);
  }

  /** The next one, left where it is. */
  peek(): Chunk | undefined {
    for (const { chunks } of this.#ranks) if (chunks.size > 0) return chunks.peek();
    return undefined;
  }

  /** Takes the next one. */
  shift(): Chunk | undefined {
    for (const { chunks } of this.#ranks) {
      if (chunks.size === 0) continue;
      const chunk = chunks.shift()!;
      this.#count(chunk, -1);
      this.#prune(chunks);
      return chunk;
    }
    return undefined;
  }

  /** Takes a chunk from wherever it is. */
  remove(chunk: Chunk): boolean {
    const chunks = this.#rank(chunk.priority);
    const removed = chunks.remove(chunk);
    if (removed) this.#count(chunk, -1);
    this.#prune(chunks);
    return removed;
  }

  /** Takes all, or all of which something is true. */
  clear(which: (chunk: Chunk) => boolean = () => true): Chunk[] {
    const taken: Chunk[] = [];
    for (const { chunks } of [...this.#ranks]) {
      for (const chunk of chunks.clear()) {
        if (which(chunk)) taken.push(chunk);
        else chunks.push(chunk);
      }
      this.#prune(chunks);
    }
    for (const chunk of taken) this.#count(chunk, -1);
    return taken;
  }

  #count(chunk: Chunk, by: 1 | -1): void {
    this.#size += by;
    if (chunk.single) this.#calls += by;
  }

  /** Forgets an empty rank, when there are many. */
  #prune(chunks: Deque<Chunk>): void {
    if (chunks.size > 0 || this.#ranks.length <= KEPT_RANKS) return;
    this.#ranks = this.#ranks.filter((rank) => rank.chunks !== chunks);
  }

  #rank(priority: number): Deque<Chunk> {
    let at = 0;
    while (at < this.#ranks.length && this.#ranks[at].priority > priority) at++;
    if (this.#ranks[at]?.priority !== priority) this.#ranks.splice(at, 0, { priority, chunks: new Deque() });
    return this.#ranks[at].chunks;
  }
}
