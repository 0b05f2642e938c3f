import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { inspectAs } from "../../channels/kernel/inspect.ts";
import { packPlain } from "../../channels/kernel/pack.ts";
import { type DeepReadonly, frozen } from "./frozen.ts";
import { textOfKey } from "./key.ts";
import { type SharedClient, sharedKind } from "./shared_client.ts";
import { clientGiven } from "./shared_dict.ts";

/** The handle of a namespace, and its lease. */
export const NAMESPACE = "shared-namespace";

/** The names of a namespace whose values are numbers. */
export type NumberNames<T> = { [N in keyof T]: T[N] extends number | bigint ? N : never }[keyof T] & string;

/**
 * Named values of different types that actors share; made by {@linkcode Manager.namespace}. (Python's
 * `Manager().Namespace()`, with methods in place of attributes, since a read elsewhere takes a promise.)
 *
 * - **Names** that begin with `_` are not shared: their values stay with this handle.
 * - **Values**, atomicity and death: as for a {@linkcode SharedDict}.
 *
 * @example Settings
 * ```ts
 * import { manage } from "@troupe/troupe";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using manager = await manage({}, { placement: "inline" });
 * const settings = await manager.namespace<{ name: string; retries: number }>();
 * await settings.set("name", "crawler");
 * assertEquals(await settings.get("name"), "crawler");
 * await assertRejects(() => settings.get("retries"), ReferenceError);
 * ```
 */
export class Namespace<T extends object> implements Disposable {
  readonly #client: SharedClient;
  readonly #own = new Map<string, unknown>();

  /** Not for programs, which get one of a manager. */
  constructor() {
    this.#client = clientGiven("namespace");
    enroll(this, () => this.#client.passage(NAMESPACE));
  }

  /**
   * The value of a name.
   *
   * @throws {ReferenceError} If it has none.
   */
  async get<N extends keyof T & string>(name: N): Promise<DeepReadonly<T[N]>> {
    const own = isOwn(name);
    const [version, value] = own
      ? [Number(this.#own.has(name)), this.#own.get(name)]
      : await this.#client.read("read", textOf(name)) as [number, unknown?];
    if (version === 0) throw new ReferenceError(`Cannot get ${JSON.stringify(name)} of a namespace: it was never set`);
    return value as DeepReadonly<T[N]>;
  }

  /** Sets the value of a name. Throws as {@linkcode SharedDict.set} does. */
  async set<N extends keyof T & string>(name: N, value: T[N] | DeepReadonly<T[N]>): Promise<void> {
    if (isOwn(name)) this.#own.set(name, value);
    else await this.#client.ask("set", textOf(name), this.#client.pack(value));
  }

  /** Whether a name has a value. */
  async has(name: keyof T & string): Promise<boolean> {
    return isOwn(name) ? this.#own.has(name) : await this.#client.ask("has", textOf(name)) as boolean;
  }

  /** Takes a name away, and says whether it had a value. */
  async delete(name: keyof T & string): Promise<boolean> {
    return isOwn(name) ? this.#own.delete(name) : await this.#client.ask("delete", textOf(name)) as boolean;
  }

  /** As {@linkcode SharedDict.increment}. */
  async increment<N extends NumberNames<T>>(name: N, by?: T[N]): Promise<T[N]> {
    const step = by === undefined ? undefined : packPlain(by);
    return await this.#client.ask("increment", textOf(name), step) as T[N];
  }

  /** As {@linkcode SharedDict.update}. */
  async update<N extends keyof T & string>(
    name: N,
    change: (old: DeepReadonly<T[N]> | undefined) => T[N] | DeepReadonly<T[N]> | Promise<T[N] | DeepReadonly<T[N]>>,
  ): Promise<DeepReadonly<T[N]>> {
    const made = await this.#client.update<unknown>(textOf(name), change as (old: unknown) => unknown);
    return made as DeepReadonly<T[N]>;
  }

  /** All shared names with their values at one moment. */
  async snapshot(): Promise<DeepReadonly<Partial<T>>> {
    const found = await this.#client.entries();
    return frozen(Object.fromEntries(found.map(([text, value]) => [text.slice(1), value]))) as DeepReadonly<
      Partial<T>
    >;
  }

  /** Gives back this handle. */
  [Symbol.dispose](): void {
    this.#client.release();
  }

  static {
    inspectAs(this, (namespace) => `Namespace(${namespace.#client.describe()})`);
  }
}

function isOwn(name: string): boolean {
  return typeof name === "string" && name.startsWith("_");
}

function textOf(name: string): string {
  if (typeof name === "string") return textOfKey("use a namespace", name);
  throw new TypeError(`Cannot use a namespace: a name is a string, not a ${typeof name}`);
}

handleKind(NAMESPACE, sharedKind("namespace", () => new Namespace()));
