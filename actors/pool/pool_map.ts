import { ProtocolError, TimeoutError } from "../../channels/errors.ts";
import { Deque } from "../../channels/kernel/deque.ts";
import { complain } from "../../channels/kernel/log.ts";
import { brief, show } from "../../channels/kernel/show.ts";
import type { Patience } from "../../channels/kernel/wait.ts";
import { wheel } from "../../channels/kernel/wheel.ts";
import { assertMayStart } from "../start_guard.ts";
import { SPREAD, STOPS, STOPS_JOB } from "./chunk_plan.ts";
import type { Job, PackedItems, PoolClient } from "./pool_client.ts";
import { checkMapOptions, type MapOptions } from "./pool_options.ts";
import type { Report } from "./report.ts";
import { nameOf, taskNameOf } from "./task_name.ts";

/** So many pieces for each worker are given to the pool at once: more than the workers would be given. */
const GIVEN = 128;
/** So many of them go together at most, of a task that is known to be quick. */
const TOGETHER = 32;

/** What kind of map it is. */
export interface MapKind {
  /** Items are lists of arguments. */
  readonly spread: boolean;
  /** Failures are outcomes like others. */
  readonly settles: boolean;
}

/**
 * One map: all its items at once, and all results in their order. They are packed in pieces of the size that was asked
 * for; several go to the pool together where one alone would be less work than its way.
 */
export class PoolMap {
  readonly #client: PoolClient;
  readonly #kind: MapKind;
  readonly #options: MapOptions;
  readonly #job: Job;
  readonly #action: string;
  readonly #wait: Patience;
  readonly #pieceSize: number;
  /** In the order of the items. */
  readonly #waiting = new Deque<PackedItems>();
  readonly #results: unknown[];
  /** How many pieces the pool has. */
  #given = 0;
  #done = 0;
  #failed = 0;
  /** The failure that counts so far: that of the lowest index. */
  #failure: { readonly index: number; readonly error: unknown } | undefined;
  /** The index of an item of which nothing was said. */
  #missing: number | undefined;
  /** The caller waits no more: why. */
  #gaveUp: { readonly reason: unknown } | undefined;
  #telling: boolean;
  #allOver: () => void = () => {};

  /** Takes a snapshot of the items. Throws what is wrong with the arguments. */
  constructor(client: PoolClient, task: unknown, items: Iterable<unknown>, options: MapOptions, kind: MapKind) {
    const name = taskNameOf("map", task);
    this.#action = `map ${nameOf(name)}`;
    this.#wait = checkMapOptions("map", options);
    assertMayStart("map");
    const all = itemsOf(items, kind.spread);
    this.#client = client;
    this.#kind = kind;
    this.#options = options;
    this.#telling = options.onProgress !== undefined;
    const mode = (kind.spread ? SPREAD : 0) | (kind.settles ? 0 : STOPS | STOPS_JOB);
    this.#job = client.newJob(name, mode, options.retries ?? 0, all.length);
    this.#results = new Array(all.length);
    this.#pieceSize = Math.min(all.length, options.chunkSize ?? Math.ceil(all.length / (4 * client.size)));
    for (const piece of client.packItems(all, 0, this.#pieceSize, options.transfer)) this.#waiting.push(piece);
  }

  /** Has it done. */
  async results(): Promise<unknown[]> {
    const { timeoutMs, once, signal } = this.#wait;
    if (once) this.#gaveUp = { reason: this.#late() };
    const giveUp = (reason: unknown) => {
      this.#gaveUp = { reason };
      this.#client.abort(this.#job, -1);
      this.#allOver();
    };
    const aborted = () => giveUp(signal!.reason);
    signal?.addEventListener("abort", aborted, { once: true });
    const deadline = timeoutMs === Infinity ? undefined : wheel.after(timeoutMs, () => giveUp(this.#late()));
    try {
      await new Promise<void>((resolve) => {
        this.#allOver = resolve;
        this.#give();
      });
    } finally {
      deadline?.cancel();
      signal?.removeEventListener("abort", aborted);
      for (const piece of this.#waiting) this.#client.discard(piece);
    }
    if (this.#gaveUp !== undefined) throw this.#gaveUp.reason;
    if (this.#failure !== undefined) throw withIndex(this.#failure.error, this.#failure.index);
    if (this.#missing !== undefined) {
      this.#client.abort(this.#job, -1);
      throw withIndex(unsaid(), this.#missing);
    }
    return this.#results;
  }

  #late(): TimeoutError {
    const { timeoutMs } = this.#wait;
    return new TimeoutError(`Cannot ${this.#action}: it was not done after ${timeoutMs} ms`, { timeoutMs });
  }

  get #isOver(): boolean {
    return this.#failure !== undefined || this.#gaveUp !== undefined;
  }

  /** Gives the pool as much as it is to have. */
  #give(): void {
    const most = GIVEN * this.#client.size;
    while (this.#given < most && this.#waiting.size > 0 && !this.#isOver) void this.#do(this.#next());
    if (this.#given === 0) this.#allOver();
  }

  /** The pieces that go together next. */
  #next(): PackedItems[] {
    const pieces = [this.#waiting.shift()!];
    const most = Math.min(TOGETHER, this.#client.togetherOf(this.#job.task) / this.#pieceSize);
    while (pieces.length < most && this.#client.canJoin(pieces.at(-1)!, this.#waiting.peek())) {
      pieces.push(this.#waiting.shift()!);
    }
    return pieces;
  }

  async #do(pieces: PackedItems[]): Promise<void> {
    this.#given += pieces.length;
    const items = this.#client.join(pieces);
    let at = items.first;
    try {
      const missing = await this.#client.chunk(this.#job, items, this.#pieceSize, (report) => {
        this.#take(report, at);
        const [values, , , , back = items.count] = report;
        at += values.length;
        this.#takeBack(pieces.splice(Math.ceil(back / this.#pieceSize)));
      });
      // Of a map that has failed the rest is called off, and that may be heard before the failure.
      if (missing > 0) this.#missing ??= at;
    } catch (error) {
      // Not one of its items: there is no pool, or no worker, to do it.
      this.#fail(at, error);
    }
    this.#given -= pieces.length;
    this.#give();
  }

  /** Pieces that have not begun, and would have to wait where they are. */
  #takeBack(pieces: readonly PackedItems[]): void {
    if (pieces.length === 0) return;
    for (const piece of pieces.toReversed()) this.#waiting.unshift(piece);
    this.#given -= pieces.length;
    this.#give();
  }

  #take([values, thrown]: Report, from: number): void {
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
  }

  #fail(index: number, error: unknown): void {
    if (this.#failure !== undefined && this.#failure.index <= index) return;
    this.#failure = { index, error };
    this.#client.abort(this.#job, index);
  }

  #tellProgress(): void {
    if (!this.#telling || this.#gaveUp !== undefined) return;
    try {
      this.#options.onProgress!({ done: this.#done, failed: this.#failed, total: this.#results.length });
    } catch (error) {
      this.#telling = false;
      complain(`onProgress failed, and is not called again for this map: ${show(error)}`);
    }
  }
}

/** The error of items of which no worker said what became. */
export function unsaid(): ProtocolError {
  return new ProtocolError("Cannot run items of a pool: a worker did not say what became of them");
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
    throw new TypeError(`Cannot map: the items must be iterable, not ${brief(items)}`);
  }
  const all = Array.from(items);
  const wrong = spread ? all.findIndex((item) => !Array.isArray(item)) : -1;
  if (wrong < 0) return all;
  throw new TypeError(`Cannot starmap: item ${wrong} must be an array of arguments, not ${brief(all[wrong])}`);
}
