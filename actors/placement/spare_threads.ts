import { singleton } from "../../channels/kernel/singleton.ts";
import { wheel } from "../../channels/kernel/wheel.ts";
import { RawThread } from "./raw_thread.ts";

/** Launching a thread keeps its starter's event loop busy for tens of milliseconds: what was just started goes first. */
const CALM_MS = 100;

/** Threads that will import the same modules. */
interface Shelf {
  /** How many there are to be. */
  wanted: number;
  /** How many have been launched and do not wait yet. */
  coming: number;
  readonly threads: RawThread[];
}

/**
 * Threads that were launched before anybody needs them: they have loaded what every thread loads, which takes most of the
 * time of a start, and have run nothing of the user's.
 */
class SpareThreads {
  readonly #shelves = new Map<string, Shelf>();

  /** How many there are. */
  get count(): number {
    let count = 0;
    for (const { threads, coming } of this.#shelves.values()) count += threads.length + coming;
    return count;
  }

  /**
   * Keeps so many more for these modules. Resolves when they wait.
   *
   * @throws {Error} If one ended instead; then nothing is kept.
   */
  async keep(imports: readonly string[], count: number): Promise<void> {
    const key = keyOf(imports);
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) this.#shelves.set(key, shelf = { wanted: 0, coming: 0, threads: [] });
    shelf.wanted += count;
    try {
      await this.#fill(shelf, imports);
    } catch (error) {
      await this.give(imports, count);
      throw error;
    }
  }

  /** Keeps so many less. Resolves when they are gone. */
  async give(imports: readonly string[], count: number): Promise<void> {
    const shelf = this.#shelves.get(keyOf(imports));
    if (shelf === undefined) return;
    shelf.wanted -= count;
    if (shelf.wanted === 0) this.#shelves.delete(keyOf(imports));
    const surplus = shelf.threads.splice(shelf.wanted);
    for (const thread of surplus) thread.terminate();
    await Promise.all(surplus.map(({ ended }) => ended));
  }

  /** Takes one for these modules, if one waits; to be followed by `replace`, when launching another is in nobody's way. */
  take(imports: readonly string[]): RawThread | undefined {
    return this.#shelves.get(keyOf(imports))?.threads.shift();
  }

  /** Launches another for one that was taken, in a while. */
  replace(imports: readonly string[]): void {
    const shelf = this.#shelves.get(keyOf(imports));
    // Where there can be none now, a start takes as long as without.
    if (shelf !== undefined) wheel.after(CALM_MS, () => void this.#fill(shelf, imports).catch(() => {}));
  }

  async #fill(shelf: Shelf, imports: readonly string[]): Promise<void> {
    const missing = shelf.wanted - shelf.threads.length - shelf.coming;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#launch(shelf, imports)));
  }

  async #launch(shelf: Shelf, imports: readonly string[]): Promise<void> {
    const thread = new RawThread(imports, "spare");
    shelf.coming++;
    const end = await Promise.race([
      new Promise<undefined>((resolve) => thread.worker.once("message", () => resolve(undefined))),
      thread.ended,
    ]);
    shelf.coming--;
    if (end !== undefined) throw end.error ?? new Error(`The thread ended with code ${end.code} before it was ready`);
    if (shelf.threads.length >= shelf.wanted) {
      thread.terminate();
      await thread.ended;
      return;
    }
    // One that waits keeps no program alive.
    thread.worker.unref();
    shelf.threads.push(thread);
    void thread.ended.then(() => {
      const at = shelf.threads.indexOf(thread);
      if (at >= 0) shelf.threads.splice(at, 1);
    });
  }
}

function keyOf(imports: readonly string[]): string {
  return JSON.stringify(imports);
}

/** This isolate's. */
export const spareThreads: SpareThreads = singleton("spare-threads", () => new SpareThreads());
