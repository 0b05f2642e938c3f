import { actorExited } from "../exited.ts";
import { showAddress } from "../../channels/kernel/address.ts";
import { adopted } from "../../channels/kernel/adoption.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { packPlain } from "../../channels/kernel/pack.ts";
import { channelWait, isStopped } from "../../channels/kernel/wait.ts";
import { addressOf } from "../../channels/kernel/cell.ts";
import type { Changes } from "./changes.ts";
import { type DeepReadonly, frozen } from "./frozen.ts";
import { type Key, keyOfText, textOfKey } from "./key.ts";
import { type SharedClient, sharedKind } from "./shared_client.ts";

/** The handle of a dict, and its lease. */
export const DICT = "shared-dict";

/** What `changes()` of a dict gives: a key, and its value unless it has none any more. */
export type DictChange<K, V> =
  | { readonly type: "set"; readonly key: K; readonly value: DeepReadonly<V> }
  | { readonly type: "delete"; readonly key: K };

/**
 * A dict that actors share, wherever they run; made by {@linkcode Manager.dict}. (Python's `Manager().dict()`, in which
 * changing a value that was read does nothing, and `d[k] += 1` loses counts.)
 *
 * - **Keys** are strings, numbers, bigints, booleans, null, undefined, and lists of these, equal by content. They keep
 *   the order in which they were first set.
 * - **Values** read are frozen copies: changing one throws at once. A handle in a value (a queue, another shared object)
 *   is a handle, through which one changes the thing itself; what is stored lives while it is stored. Dicts that hold
 *   each other in a circle live as long as the manager.
 * - **Atomic**: every operation, `update` too. What resolved is seen by whoever asks after that.
 * - **Death**: one who dies while using it harms nobody. When the manager is gone, pending and later calls reject with
 *   `ActorExitedError`.
 *
 * @example Count together
 * ```ts
 * import { manage } from "@troupe/troupe";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const counts = await manager.dict<string, number>();
 * await Promise.all([counts.increment("a"), counts.increment("a", 2)]);
 * assertEquals(await counts.get("a"), 3);
 *
 * const people = await manager.dict<string, { age: number }>();
 * await people.set("Ada", { age: 36 });
 * const ada = await people.get("Ada") as { age: number };
 * assertThrows(() => ada.age++, TypeError);
 * await people.update("Ada", ({ age } = { age: 0 }) => ({ age: age + 1 }));
 * assertEquals(await people.get("Ada"), { age: 37 });
 * ```
 */
export class SharedDict<K extends Key, V> implements Disposable {
  readonly #client: SharedClient;

  /** Not for programs, which get one of a manager. */
  constructor() {
    this.#client = clientGiven("dict");
    enroll(this, () => this.#client.passage(DICT));
  }

  /** The value of a key; undefined if there is none. */
  get(key: K): Promise<DeepReadonly<V> | undefined> {
    return this.#do("get", key);
  }

  /**
   * Sets the value of a key. What was read of this dict, or another, can be set as it is.
   *
   * @throws {NotSerializableError} If the value cannot travel; or is a handle, and the dict is kept on disk.
   */
  async set(key: K, value: V | DeepReadonly<V>): Promise<void> {
    await this.#client.ask("set", textOfKey("set in a dict", key), this.#client.pack(value));
  }

  /** Whether a key has a value. */
  has(key: K): Promise<boolean> {
    return this.#do("has", key);
  }

  /** Takes a key away, and says whether it was there. */
  delete(key: K): Promise<boolean> {
    return this.#do("delete", key);
  }

  /** Takes a key away, and gives the value that it had. */
  pop(key: K): Promise<DeepReadonly<V> | undefined> {
    return this.#do("pop", key);
  }

  /** The value of a key, which is set to `value` first if there is none. */
  async setDefault(key: K, value: V | DeepReadonly<V>): Promise<DeepReadonly<V>> {
    const text = textOfKey("set in a dict", key);
    return await this.#client.read("setDefault", text, this.#client.pack(value)) as DeepReadonly<V>;
  }

  /**
   * Adds to the number of a key, which counts as 0 if there is none, and gives the sum.
   *
   * @param by 1 when left out
   * @throws {TypeError} If the value, or `by`, is no number or the other is a bigint.
   */
  async increment(this: [V] extends [number | bigint] ? SharedDict<K, V> : never, key: K, by?: V): Promise<V> {
    const dict = this as SharedDict<K, V>;
    const text = textOfKey("increment in a dict", key);
    return await dict.#client.ask("increment", text, by === undefined ? undefined : packPlain(by)) as V;
  }

  /**
   * Replaces the value of a key by what `change` makes of it: of a frozen copy of it, undefined if there is none. It is
   * asked again until nobody else changed the value in between, so it may run more than once. Nobody starves: who was too
   * slow a few times makes the others wait, for at most a second.
   *
   * @returns what `change` has made, which was stored; what it took of the old value is frozen
   * @throws What `change` throws; the value is then as it was.
   *
   * @example Change a part, and keep the rest
   * ```ts
   * import { manage } from "@troupe/troupe";
   * import { assertEquals } from "@std/assert";
   *
   * await using manager = await manage({}, { placement: "inline" });
   * const jobs = await manager.dict<string, { tags?: string[]; done?: boolean }>();
   * await jobs.set("a", { tags: ["urgent"] });
   * await jobs.update("a", (old) => ({ ...old, done: true }));
   * await jobs.set("b", (await jobs.get("a"))!);
   * assertEquals(await jobs.get("b"), { tags: ["urgent"], done: true });
   * ```
   */
  async update(
    key: K,
    change: (old: DeepReadonly<V> | undefined) => V | DeepReadonly<V> | Promise<V | DeepReadonly<V>>,
  ): Promise<DeepReadonly<V>> {
    const text = textOfKey("update in a dict", key);
    return await this.#client.update<unknown>(text, change as (old: unknown) => unknown) as DeepReadonly<V>;
  }

  /** How many keys there are. */
  size(): Promise<number> {
    return this.#client.ask("size") as Promise<number>;
  }

  /** The keys at one moment. */
  async keys(): Promise<readonly K[]> {
    const texts = await this.#client.keys();
    return Object.freeze(texts.map((text) => keyOfText(text) as K));
  }

  /** The values at one moment. */
  async values(): Promise<readonly DeepReadonly<V>[]> {
    return Object.freeze((await this.entries()).map(([, value]) => value));
  }

  /** The keys with their values at one moment. What changes later does not change this list. */
  async entries(): Promise<readonly (readonly [K, DeepReadonly<V>])[]> {
    const found = await this.#client.entries();
    const entries = found.map(([text, value]) => [keyOfText(text), frozen(value)] as const);
    return frozen(entries) as readonly (readonly [K, DeepReadonly<V>])[];
  }

  /** The whole dict at one moment, as a Map that refuses changes. */
  async snapshot(): Promise<ReadonlyMap<K, DeepReadonly<V>>> {
    return frozen(new Map(await this.entries())) as ReadonlyMap<K, DeepReadonly<V>>;
  }

  /** Takes all keys away. */
  async clear(): Promise<void> {
    await this.#client.ask("clear");
  }

  /**
   * What changes from now on, without end. Of a key that changes faster than one reads, only the latest value is given,
   * and of one that came and went in between nothing. Rejects with `ActorExitedError` when the manager is gone.
   */
  changes(): AsyncIterableIterator<DictChange<K, V>> {
    const following = this.#client.ask("follow") as Promise<Changes>;
    following.catch(() => {});
    return this.#follow(following);
  }

  /** Gives back this handle. */
  [Symbol.dispose](): void {
    this.#client.release();
  }

  static {
    inspectAs(this, (dict) => `SharedDict(${dict.#client.describe()})`);
  }

  async *#follow(following: Promise<Changes>): AsyncGenerator<DictChange<K, V>> {
    const wait = channelWait("follow a dict", undefined);
    const changes = await following;
    const address = showAddress(addressOf(this.#client.target));
    const lost = () => actorExited("follow a dict", "its manager", address);
    try {
      while (true) {
        for (const [text, ...value] of await changes.next(wait, lost)) {
          const key = keyOfText(text) as K;
          if (value.length === 0) yield Object.freeze({ type: "delete", key });
          else yield Object.freeze({ type: "set", key, value: frozen(value[0]) as DeepReadonly<V> });
        }
      }
    } catch (error) {
      if (!isStopped(wait, error)) throw error;
    } finally {
      changes.release();
    }
  }

  #do<R>(verb: string, key: K): Promise<R> {
    return this.#client.read(verb, textOfKey(`${verb} in a dict`, key)) as Promise<R>;
  }
}

/** The client that a face is made for. */
export function clientGiven(title: string): SharedClient {
  const client = adopted<SharedClient>();
  if (client !== undefined) return client;
  throw new TypeError(`Cannot make a shared ${title}: ask a manager for one, by manager.${title}()`);
}

handleKind(DICT, sharedKind("dict", () => new SharedDict()));
