import { checkNumber } from "../../channels/argument.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { packPlain } from "../../channels/kernel/pack.ts";
import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import type { DeepReadonly } from "./frozen.ts";
import { type SharedClient, sharedKind } from "./shared_client.ts";
import { clientGiven } from "./shared_dict.ts";

/** The handle of a list, and its lease. */
export const LIST = "shared-list";

/** What `SharedList.sort` takes. */
export interface SortOptions {
  /** Whether the greatest comes first; false when left out. */
  readonly descending?: boolean | undefined;
}

const SORT_OPTIONS: OptionNames<SortOptions> = { descending: true };

/**
 * A list that actors share, wherever they run; made by {@linkcode Manager.list}. (Python's `Manager().list()`.)
 *
 * - **Indexes** may be negative, and count from the end then.
 * - **Values**, atomicity and death: as for a {@linkcode SharedDict}.
 * - **On disk** every item is a row: a change at the front of a long list writes all that comes after it.
 * - **Equality** (`indexOf`, `includes`, `remove`) is by content; handles are equal when they are of the same thing. Values
 *   that hold an object more than once, and those with objects in a Set or as keys of a Map, are equal when they were built
 *   in the same order.
 *
 * @example Append together, and change an item in place
 * ```ts
 * import { manage } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const list = await manager.list<number>();
 * await list.extend([3, 1]);
 * await list.push(2);
 * await list.sort();
 * await list.update(-1, (last) => last * 10);
 * assertEquals(await list.snapshot(), [1, 2, 30]);
 * ```
 */
export class SharedList<T> implements AsyncIterable<DeepReadonly<T>>, Disposable {
  readonly #client: SharedClient;

  /** Not for programs, which get one of a manager. */
  constructor() {
    this.#client = clientGiven("list");
    enroll(this, () => this.#client.passage(LIST));
  }

  /** An item; undefined if there is none of that index. */
  async get(index: number): Promise<DeepReadonly<T> | undefined> {
    return await this.#client.read("get", detailOf("get", index)) as DeepReadonly<T> | undefined;
  }

  /**
   * Replaces an item.
   *
   * @throws {RangeError} If there is none of that index.
   */
  async set(index: number, value: T | DeepReadonly<T>): Promise<void> {
    await this.#client.ask("set", detailOf("set", index), this.#client.pack(value));
  }

  /** Appends values, and gives the new length. */
  async push(...values: (T | DeepReadonly<T>)[]): Promise<number> {
    if (values.length !== 1) return await this.extend(values);
    return await this.#client.ask("push", "", this.#client.pack(values[0])) as number;
  }

  /** Appends all of `values`, at one moment, and gives the new length. */
  async extend(values: Iterable<T | DeepReadonly<T>>): Promise<number> {
    return await this.#client.ask("extend", "", this.#client.pack([...values], "values")) as number;
  }

  /** Puts a value in front of the item of this index, or at the end, and gives the new length. */
  async insert(index: number, value: T | DeepReadonly<T>): Promise<number> {
    return await this.#client.ask("insert", detailOf("insert", index), this.#client.pack(value)) as number;
  }

  /** Takes an item away, the last one when left out, and gives it; undefined if there is none. */
  async pop(index: number = -1): Promise<DeepReadonly<T> | undefined> {
    return await this.#client.read("pop", detailOf("pop", index)) as DeepReadonly<T> | undefined;
  }

  /** Takes away the first item that equals `value`, and says whether there was one. */
  async remove(value: T | DeepReadonly<T>): Promise<boolean> {
    return await this.#client.ask("remove", "", this.#client.pack(value)) as boolean;
  }

  /** The index of the first item that equals `value`; -1 if there is none. */
  async indexOf(value: T | DeepReadonly<T>): Promise<number> {
    return await this.#client.ask("indexOf", "", this.#client.pack(value)) as number;
  }

  /** Whether an item equals `value`. */
  async includes(value: T | DeepReadonly<T>): Promise<boolean> {
    return await this.indexOf(value) >= 0;
  }

  /** The items from `start` up to, and without, `end`, as `Array.prototype.slice` gives them. */
  async slice(start?: number, end?: number): Promise<readonly DeepReadonly<T>[]> {
    return await this.#client.read("slice", "", packPlain([start, end])) as readonly DeepReadonly<T>[];
  }

  /**
   * Sorts numbers and bigints by size, strings by their characters' codes, dates by time, and false before true.
   *
   * @throws {TypeError} If there is something else, or a mixture.
   */
  async sort(options: SortOptions = {}): Promise<void> {
    const { descending = false } = checkOptions("sort a list", options, SORT_OPTIONS);
    await this.#client.ask("sort", descending ? "descending" : "");
  }

  /** Reverses the order. */
  async reverse(): Promise<void> {
    await this.#client.ask("reverse");
  }

  /**
   * Replaces an item by what `change` makes of a frozen copy of it. It is asked again until nobody else changed the item
   * in between, so it may run more than once; nobody starves.
   *
   * @returns what `change` has made, which was stored; what it took of the old item is frozen
   * @throws {RangeError} If there is no item of that index.
   * @throws What `change` throws; the item is then as it was.
   */
  async update(
    index: number,
    change: (old: DeepReadonly<T>) => T | DeepReadonly<T> | Promise<T | DeepReadonly<T>>,
  ): Promise<DeepReadonly<T>> {
    const made = await this.#client.update<unknown>(detailOf("update", index), change as (old: unknown) => unknown);
    return made as DeepReadonly<T>;
  }

  /** How many items there are. */
  size(): Promise<number> {
    return this.#client.ask("size") as Promise<number>;
  }

  /** The whole list at one moment. */
  snapshot(): Promise<readonly DeepReadonly<T>[]> {
    return this.slice();
  }

  /** Takes all items away. */
  async clear(): Promise<void> {
    await this.#client.ask("clear");
  }

  /** The items as they are when the loop begins. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<DeepReadonly<T>> {
    yield* await this.snapshot();
  }

  /** Gives back this handle. */
  [Symbol.dispose](): void {
    this.#client.release();
  }

  static {
    inspectAs(this, (list) => `SharedList(${list.#client.describe()})`);
  }
}

function detailOf(action: string, index: number): string {
  return String(Math.trunc(checkNumber(`${action} an item of a list`, "the index", index)));
}

handleKind(LIST, sharedKind("list", () => new SharedList()));
