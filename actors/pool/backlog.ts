import { Deque } from "../../channels/kernel/deque.ts";
import type { Chunk } from "./chunk.ts";

/** So many priorities are remembered. */
const KEPT_RANKS = 8;

/** What no worker has yet, the most urgent first, and first come first served among equals. */
export class Backlog {
  /** By rising priority. An empty one is kept while they are few, since most come again. */
  #ranks: { readonly priority: number; readonly chunks: Deque<Chunk> }[] = [];
  /** How many have become empty since the empty ones were forgotten. */
  #emptied = 0;
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
    return this.#first()?.peek();
  }

  /** Takes the next one. */
  shift(): Chunk | undefined {
    const chunks = this.#first();
    const chunk = chunks?.shift();
    if (chunk === undefined) return undefined;
    this.#count(chunk, -1);
    this.#prune(chunks!);
    return chunk;
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
    for (const { chunks } of this.#ranks.toReversed()) {
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

  /** Forgets the empty ranks, when many have become empty. */
  #prune(chunks: Deque<Chunk>): void {
    if (chunks.size > 0 || this.#ranks.length <= KEPT_RANKS) return;
    if (++this.#emptied <= this.#ranks.length / 2) return;
    this.#ranks = this.#ranks.filter((rank) => rank.chunks.size > 0);
    this.#emptied = 0;
  }

  /** The most urgent that there are. */
  #first(): Deque<Chunk> | undefined {
    for (let at = this.#ranks.length - 1; at >= 0; at--) {
      const { chunks } = this.#ranks[at];
      if (chunks.size > 0) return chunks;
      if (this.#ranks.length > KEPT_RANKS) this.#ranks.pop();
    }
    return undefined;
  }

  /** Of one priority; found by halves, as there may be as many priorities as chunks. */
  #rank(priority: number): Deque<Chunk> {
    let [at, end] = [0, this.#ranks.length];
    while (at < end) {
      const middle = (at + end) >> 1;
      if (this.#ranks[middle].priority < priority) at = middle + 1;
      else end = middle;
    }
    if (this.#ranks[at]?.priority !== priority) this.#ranks.splice(at, 0, { priority, chunks: new Deque() });
    return this.#ranks[at].chunks;
  }
}
