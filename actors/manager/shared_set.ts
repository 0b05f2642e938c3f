import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { packPlain } from "../../channels/kernel/pack.ts";
import { frozen } from "./frozen.ts";
import { type Key, keyOfText, textOfKey } from "./key.ts";
import type { SharedClient } from "./shared_client.ts";
import { sharedKind } from "./shared_client.ts";
import { clientGiven } from "./shared_dict.ts";

/** The handle of a set, and its lease. */
export const SET = "shared-set";

/** A writer that finds nothing there adds it. */
const PRESENT = true;

/**
 * A set that actors share, wherever they run; made by {@linkcode Manager.set}.
 *
 * - **Items** are what can be a key of a {@linkcode SharedDict}, equal by content, in the order of adding.
 * - **Atomic**: every operation. What resolved is seen by whoever asks after that.
 * - **Death**: as for a dict.
 *
 * @example Who was here
 * ```ts
 * import { manage } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const seen = await manager.set<string>();
 * assertEquals([await seen.add("Ada"), await seen.add("Ada")], [true, false]);
 * assertEquals(await seen.values(), ["Ada"]);
 * ```
 */
export class SharedSet<T extends Key> implements Disposable {
  readonly #client: SharedClient;

  /** Not for programs, which get one of a manager. */
  constructor() {
    this.#client = clientGiven("set");
    enroll(this, () => this.#client.passage(SET));
  }

  /** Adds an item, and says whether it is new. */
  add(item: T): Promise<boolean> {
    return this.#client.ask("add", this.#text(item), packPlain(PRESENT)) as Promise<boolean>;
  }

  /** Whether an item is in the set. */
  has(item: T): Promise<boolean> {
    return this.#client.ask("has", this.#text(item)) as Promise<boolean>;
  }

  /** Takes an item away, and says whether it was there. */
  delete(item: T): Promise<boolean> {
    return this.#client.ask("delete", this.#text(item)) as Promise<boolean>;
  }

  /** How many items there are. */
  size(): Promise<number> {
    return this.#client.ask("size") as Promise<number>;
  }

  /** The items at one moment. */
  async values(): Promise<readonly T[]> {
    const texts = await this.#client.keys();
    return Object.freeze(texts.map((text) => keyOfText(text) as T));
  }

  /** The whole set at one moment, as a Set that refuses changes. */
  async snapshot(): Promise<ReadonlySet<T>> {
    return frozen(new Set(await this.values())) as ReadonlySet<T>;
  }

  /** Takes all items away. */
  async clear(): Promise<void> {
    await this.#client.ask("clear");
  }

  /** Gives back this handle. */
  [Symbol.dispose](): void {
    this.#client.release();
  }

  static {
    inspectAs(this, (set) => `SharedSet(${set.#client.describe()})`);
  }

  #text(item: T): string {
    return textOfKey("use a set", item);
  }
}

handleKind(SET, sharedKind("set", () => new SharedSet()));
