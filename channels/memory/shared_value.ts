import { adopted, adopting } from "../kernel/adoption.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { expected, isCount, startsWith } from "../kernel/shape.ts";
import { checkKind, checkNumber, isKind, type NumberKind, type NumberView, type Numeric } from "./number_kind.ts";
import { Numbers } from "./numbers.ts";
import { NumbersClient } from "./numbers_client.ts";

/**
 * A number that actors share. (Python's `multiprocessing.Value`, whose `+=` loses updates: here every change is
 * atomic, and nothing that is not is offered.)
 *
 * - **Threads** of one process change the memory itself, without a message; others ask its home, which changes the same
 *   memory for them.
 * - **Range**: what the kind cannot hold is a `RangeError`, never another number. Floats are rounded to their kind.
 * - **Home**: the value lives where it was made. When that is gone, those who have to ask get `DisconnectedError`.
 *
 * @example Count together
 * ```ts
 * import { SharedValue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const hits = new SharedValue("int32", 40);
 * assertEquals(await hits.add(2), 42);
 * assertEquals(hits.getSync(), 42);
 * ```
 */
export class SharedValue<K extends NumberKind> {
  readonly #client: NumbersClient;

  /**
   * Makes a value whose home is here.
   *
   * @param kind what it can hold
   * @param initial 0 when left out
   * @throws {TypeError} If there is no such kind, or `initial` is not of its type.
   * @throws {RangeError} If the kind cannot hold `initial`.
   */
  constructor(kind: K, initial?: Numeric<K>) {
    this.#client = adopted<NumbersClient>() ?? NumbersClient.here("shared value", make(kind, initial));
    enroll(this, () => this.#client.passage("shared-value"));
  }

  /** What it can hold. */
  get kind(): K {
    return this.#client.kind as K;
  }

  /** Reads it. */
  get(): Promise<Numeric<K>> {
    return this.#client.get(0) as Promise<Numeric<K>>;
  }

  /** Writes it. */
  set(value: Numeric<K>): Promise<void> {
    return this.#client.set(0, value);
  }

  /** Adds to it, and gives the sum. */
  add(by: Numeric<K>): Promise<Numeric<K>> {
    return this.#client.add(0, by) as Promise<Numeric<K>>;
  }

  /** Replaces it if it is `expected`, and gives what was there. */
  compareExchange(expected: Numeric<K>, replacement: Numeric<K>): Promise<Numeric<K>> {
    return this.#client.compareExchange(0, expected, replacement) as Promise<Numeric<K>>;
  }

  /**
   * Replaces it by what `change` makes of it, which is asked again until nobody came in between. Gives the new value. Who
   * has to ask the home may be overtaken for long by threads that never pause; `add` and a `Lock` are not.
   */
  update(change: (old: Numeric<K>) => Numeric<K>): Promise<Numeric<K>> {
    return this.#client.update(0, change as never) as Promise<Numeric<K>>;
  }

  /** As `get`, at once. All `…Sync` throw `TypeError` where the memory is not shared. */
  getSync(): Numeric<K> {
    return this.#client.shared("read").get(0) as Numeric<K>;
  }

  /** As `set`, at once. */
  setSync(value: Numeric<K>): void {
    this.#client.shared("set").set(0, value);
  }

  /** As `add`, at once. */
  addSync(by: Numeric<K>): Numeric<K> {
    return this.#client.shared("add to").add(0, by) as Numeric<K>;
  }

  /** As `compareExchange`, at once. */
  compareExchangeSync(expected: Numeric<K>, replacement: Numeric<K>): Numeric<K> {
    return this.#client.shared("exchange").compareExchange(0, expected, replacement) as Numeric<K>;
  }

  /** As `update`, at once. */
  updateSync(change: (old: Numeric<K>) => Numeric<K>): Numeric<K> {
    return this.#client.shared("update").update(0, change as never) as Numeric<K>;
  }

  /** The memory itself, where it is shared; use it with `Atomics`. */
  get view(): NumberView<K> {
    return this.#client.shared("view").view as unknown as NumberView<K>;
  }

  static {
    inspectAs(this, (value) => `SharedValue(${value.#client.describe()})`);
  }
}

function make(kind: NumberKind, initial: number | bigint | undefined): Numbers {
  const numbers = Numbers.zeros(checkKind("make a shared value", kind), 1);
  if (initial !== undefined) numbers.set(0, checkNumber("make a shared value", kind, initial));
  return numbers;
}

handleKind("shared-value", {
  leased: true,
  revive({ target, meta, memory }) {
    const [kind, length] = expected("a handle to a shared value", meta, startsWith(isKind, isCount));
    return adopting(new NumbersClient("shared value", kind, length, target, memory), () => new SharedValue(kind));
  },
});
