import { checkSize } from "../argument.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { expected, isCount, startsWith } from "../kernel/shape.ts";
import { brief } from "../kernel/show.ts";
import { clamp, indexAmong } from "./index_among.ts";
import { checkKind, checkNumber, isKind, type NumberKind, type NumberView, type Numeric } from "./number_kind.ts";
import { Numbers } from "./numbers.ts";
import { NumbersClient } from "./numbers_client.ts";

/**
 * Numbers that actors share, of a fixed count. (Python's `multiprocessing.Array`.)
 *
 * Each element is like a {@linkcode SharedValue}: every change is atomic. Indexes may be negative, counted from the
 * end; one outside is a `RangeError`.
 *
 * @example Add to an element
 * ```ts
 * import { SharedArray } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const totals = new SharedArray("float64", 3);
 * await totals.add(-1, 0.5);
 * assertEquals(await totals.slice(), [0, 0, 0.5]);
 * ```
 */
export class SharedArray<K extends NumberKind> {
  readonly #client: NumbersClient;

  /**
   * Makes an array whose home is here.
   *
   * @param kind what its elements can hold
   * @param lengthOrValues how many zeros, or the values to begin with
   * @throws {TypeError} If there is no such kind, or a value is not of its type.
   * @throws {RangeError} If the length is no whole number of at least 0, or the kind cannot hold a value.
   */
  constructor(kind: K, lengthOrValues: number | Iterable<Numeric<K>>) {
    this.#client = adopted<NumbersClient>() ?? NumbersClient.here("shared array", make(kind, lengthOrValues));
    enroll(this, () => this.#client.passage("shared-array"));
  }

  /** What its elements can hold. */
  get kind(): K {
    return this.#client.kind as K;
  }

  /** How many elements it has. */
  get length(): number {
    return this.#client.length;
  }

  /** Reads an element. */
  async get(index: number): Promise<Numeric<K>> {
    return await this.#client.get(this.#at(index)) as Numeric<K>;
  }

  /** Writes an element. */
  async set(index: number, value: Numeric<K>): Promise<void> {
    await this.#client.set(this.#at(index), value);
  }

  /** Adds to an element, and gives the sum. */
  async add(index: number, by: Numeric<K>): Promise<Numeric<K>> {
    return await this.#client.add(this.#at(index), by) as Numeric<K>;
  }

  /** Replaces an element if it is `expected`, and gives what was there. */
  async compareExchange(index: number, expected: Numeric<K>, replacement: Numeric<K>): Promise<Numeric<K>> {
    return await this.#client.compareExchange(this.#at(index), expected, replacement) as Numeric<K>;
  }

  /** Replaces an element by what `change` makes of it, asked again until nobody came in between. */
  async update(index: number, change: (old: Numeric<K>) => Numeric<K>): Promise<Numeric<K>> {
    return await this.#client.update(this.#at(index), change as never) as Numeric<K>;
  }

  /** The elements from `start` up to but not with `end`, as `Array.slice` counts. Each is read atomically, not all. */
  async slice(start: number = 0, end: number = this.length): Promise<Numeric<K>[]> {
    return await this.#client.slice(clamp(start, this.length), clamp(end, this.length)) as Numeric<K>[];
  }

  /** As `get`, at once. All `…Sync` throw `TypeError` where the memory is not shared. */
  getSync(index: number): Numeric<K> {
    return this.#client.shared("read").get(this.#at(index)) as Numeric<K>;
  }

  /** As `set`, at once. */
  setSync(index: number, value: Numeric<K>): void {
    this.#client.shared("set").set(this.#at(index), value);
  }

  /** As `add`, at once. */
  addSync(index: number, by: Numeric<K>): Numeric<K> {
    return this.#client.shared("add to").add(this.#at(index), by) as Numeric<K>;
  }

  /** As `compareExchange`, at once. */
  compareExchangeSync(index: number, expected: Numeric<K>, replacement: Numeric<K>): Numeric<K> {
    return this.#client.shared("exchange").compareExchange(this.#at(index), expected, replacement) as Numeric<K>;
  }

  /** As `update`, at once. */
  updateSync(index: number, change: (old: Numeric<K>) => Numeric<K>): Numeric<K> {
    return this.#client.shared("update").update(this.#at(index), change as never) as Numeric<K>;
  }

  /** The memory itself, where it is shared; use it with `Atomics`. */
  get view(): NumberView<K> {
    return this.#client.shared("view").view as unknown as NumberView<K>;
  }

  static {
    inspectAs(this, (array) => `SharedArray(${array.kind}, ${array.length})`);
  }

  #at(index: number): number {
    return indexAmong("use a shared array", index, this.length);
  }
}

function make(kind: NumberKind, lengthOrValues: number | Iterable<number | bigint>): Numbers {
  const action = "make a shared array";
  checkKind(action, kind);
  if (typeof lengthOrValues === "number") {
    return Numbers.zeros(kind, checkSize(action, "the length", lengthOrValues, 0));
  }
  if (typeof lengthOrValues !== "object" || lengthOrValues === null || !(Symbol.iterator in lengthOrValues)) {
    throw new TypeError(`Cannot ${action}: a length or values are needed, not ${brief(lengthOrValues)}`);
  }
  const values = Array.from(lengthOrValues, (value) => checkNumber(action, kind, value));
  const numbers = Numbers.zeros(kind, values.length);
  for (const [index, value] of values.entries()) numbers.set(index, value);
  return numbers;
}

handleKind("shared-array", {
  leased: true,
  revive({ target, meta, memory }) {
    const [kind, length] = expected("a handle to a shared array", meta, startsWith(isKind, isCount));
    return adopting(new NumbersClient("shared array", kind, length, target, memory), () => new SharedArray(kind, 0));
  },
});
