import { assertMayStart } from "../start_guard.ts";
import { SPREAD, STOPS, STOPS_JOB } from "./chunk.ts";
import { type PackedItems, type PoolClient, taskOf } from "./pool_client.ts";
import { checkMapOptions, type MapOptions } from "./pool_options.ts";
import type { Report } from "./report.ts";

/** So many chunks for each worker are given to the pool at once: more than the workers would be given. */
const GIVEN = 64;

/** What kind of map it is. */
export interface MapKind {
  /** Items are lists of arguments. */
  readonly spread: boolean;
  /** Failures are outcomes like others. */
  readonly settles: boolean;
}

/** One map: all its items at once, and all results in their order. */
export class PoolMap {
  readonly #client: PoolClient;
  readonly #kind: MapKind;
  readonly #task: string;
  readonly #options: MapOptions;
  readonly #job: number;
  readonly #chunks: PackedItems[];
  readonly #results: unknown[];
  #begun = 0;
  #done = 0;
  #failed = 0;
  /** The failure that counts so far: that of the lowest index. */
  #failure: { readonly index: number; readonly error: unknown } | undefined;
  #telling: boolean;

  /** Takes a snapshot of the items. Throws what is wrong with the arguments. */
  constructor(client: PoolClient, task: unknown, items: Iterable<unknown>, options: MapOptions, kind: MapKind) {
    this.#task = taskOf("map", task);
    checkMapOptions("map", options);
    assertMayStart("map");
    const all = itemsOf(items, kind.spread);
    this.#client = client;
    this.#kind = kind;
    this.#options = options;
    this.#telling = options.onProgress !== undefined;
    this.#job = client.nextJob();
    this.#results = new Array(all.length);
    this.#chunks = pack(
      client,
      all,
      Math.min(all.length, options.chunkSize ?? Math.ceil(all.length / (4 * client.size))),
    );
  }

  /** Has it done. */
  async results(): Promise<unknown[]> {
    const { signal } = this.#options;
    const abort = () => this.#client.abort(this.#job, -1);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await Promise.all(
        Array.from({ length: Math.min(this.#chunks.length, GIVEN * this.#client.size) }, () => this.#lane()),
      );
    } finally {
      signal?.removeEventListener("abort", abort);
      for (const chunk of this.#chunks.slice(this.#begun)) this.#client.discard(chunk);
    }
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw withIndex(this.#failure.error, this.#failure.index);
    return this.#results;
  }

  get #isOver(): boolean {
    return this.#failure !== undefined || (this.#options.signal?.aborted ?? false);
  }

  async #lane(): Promise<void> {
    const mode = (this.#kind.spread ? SPREAD : 0) | (this.#kind.settles ? 0 : STOPS | STOPS_JOB);
    while (this.#begun < this.#chunks.length && !this.#isOver) {
      const chunk = this.#chunks[this.#begun++];
      let at = chunk.first;
      try {
        await this.#client.chunk(this.#job, chunk, mode, this.#task, (report) => at = this.#take(report, at));
      } catch (error) {
        // Not one of its items: there is no pool, or no worker, to do it.
        this.#fail(at, error);
      }
    }
  }

  #take([values, thrown]: Report, from: number): number {
    for (let i = 0; i < values.length; i++) {
      this.#results[from + i] = this.#kind.settles ? { status: "fulfilled", value: values[i] } : values[i];
    }
    for (const i of thrown ?? []) {
      if (this.#kind.settles) this.#results[from + i] = { status: "rejected", reason: values[i] };
      else this.#fail(from + i, values[i]);
    }
    this.#done += values.length;
    this.#failed += thrown?.length ?? 0;
    if (values.length > 0) this.#tellProgress();
    return from + values.length;
  }

  #fail(index: number, error: unknown): void {
    if (this.#failure !== undefined && this.#failure.index <= index) return;
    this.#failure = { index, error };
    this.#client.abort(this.#job, index);
  }

  #tellProgress(): void {
    if (!this.#telling) return;
    try {
      this.#options.onProgress!({ done: this.#done, failed: this.#failed, total: this.#results.length });
    } catch (error) {
      this.#telling = false;
      console.error("onProgress failed, and is not called again for this map:", error);
    }
  }
}

/** Says on an error which item it is about; what else was thrown stays as it is. */
export function withIndex(error: unknown, index: number): unknown {
  if (typeof error === "object" && error !== null && Object.isExtensible(error)) {
    Object.defineProperty(error, "index", { value: index, writable: true, enumerable: true, configurable: true });
  }
  return error;
}

/** @throws {TypeError} If they are no items, or one of them is no list of arguments though it should be. */
function itemsOf(items: Iterable<unknown>, spread: boolean): unknown[] {
  if (items === null || items === undefined || typeof items[Symbol.iterator] !== "function") {
    throw new TypeError(`Cannot map: the items must be iterable, not ${Deno.inspect(items)}`);
  }
  const all = Array.from(items);
  const wrong = spread ? all.findIndex((item) => !Array.isArray(item)) : -1;
  if (wrong < 0) return all;
  throw new TypeError(`Cannot starmap: item ${wrong} must be an array of arguments, not ${Deno.inspect(all[wrong])}`);
}

function pack(client: PoolClient, items: readonly unknown[], chunkSize: number): PackedItems[] {
  const packed: PackedItems[] = [];
  try {
    for (let at = 0; at < items.length; at += chunkSize) {
      packed.push(client.packItems(items.slice(at, at + chunkSize), at));
    }
  } catch (error) {
    for (const chunk of packed) client.discard(chunk);
    throw error;
  }
  return packed;
}
