import { DisconnectedError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { ask } from "../kernel/ask.ts";
import type { Target } from "../kernel/cell.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { packPlain } from "../kernel/pack.ts";
import { expected, isCount } from "../kernel/shape.ts";
import { brief } from "../kernel/show.ts";
import { checkShareable, ListCell, type Shareable } from "./list_cell.ts";

export type { Shareable } from "./list_cell.ts";

interface Parts {
  readonly target: Target;
  readonly length: number;
}

/**
 * A list of a fixed number of slots that actors share, each holding null, a boolean, a bigint of up to 64 bits, a number,
 * a string or bytes. (Python's `ShareableList`, which strips trailing NULs, truncates characters and reads garbage at
 * some indexes outside.)
 *
 * - **Exact**: what was set is what is read, whatever the characters; a slot may change its type and its size.
 * - **Atomic**: a slot is read and written whole.
 * - **Home**: the list lives where it was made. When that is gone everything rejects with `DisconnectedError`.
 *
 * @example Change a slot
 * ```ts
 * import { ShareableList } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const list = new ShareableList(["howdy", 42, null]);
 * await list.set(-1, "some");
 * assertEquals(await list.values(), ["howdy", 42, "some"]);
 * ```
 */
export class ShareableList implements AsyncIterable<Shareable> {
  /** How many slots it has. */
  readonly length: number;
  readonly #target: Target;

  /**
   * Makes a list whose home is here.
   *
   * @throws {TypeError} If a value is of another type.
   * @throws {RangeError} If a bigint has more than 64 bits.
   */
  constructor(values: Iterable<Shareable>) {
    const { target, length } = adopted<Parts>() ?? make(values);
    this.#target = target;
    this.length = length;
    enroll(this, () => ({ kind: "shareable-list", target, meta: length }));
  }

  /**
   * Reads a slot. A negative index counts from the end.
   *
   * @throws {RangeError} If there is no such slot.
   */
  async get(index: number): Promise<Shareable> {
    return await this.#ask("get", "read", [index]) as Shareable;
  }

  /**
   * Writes a slot.
   *
   * @throws {RangeError} If there is no such slot, or a bigint has more than 64 bits.
   * @throws {TypeError} If the value is of another type.
   */
  async set(index: number, value: Shareable): Promise<void> {
    await this.#ask("set", "set a slot of", [index, checkShareable("set a slot of", value)]);
  }

  /** All slots at one moment, as a list of the caller's own. */
  async values(): Promise<Shareable[]> {
    return await this.#ask("values", "read", []) as Shareable[];
  }

  /** The first slot that holds `value`, or -1. */
  async indexOf(value: Shareable): Promise<number> {
    return (await this.values()).findIndex((other) => same(other, value));
  }

  /** How many slots hold `value`. */
  async count(value: Shareable): Promise<number> {
    return (await this.values()).filter((other) => same(other, value)).length;
  }

  /** The slots as they are when the loop begins. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Shareable> {
    yield* await this.values();
  }

  static {
    inspectAs(this, (list) => `ShareableList(${list.length})`);
  }

  async #ask(verb: string, action: string, args: unknown[]): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${action} a shareable list: its home is gone`);
    return await ask(this.#target, { holder: whoActs.holder(), verb, body: packPlain(args), lost });
  }
}

function make(values: Iterable<Shareable>): Parts {
  if (typeof values !== "object" || values === null || !(Symbol.iterator in values)) {
    throw new TypeError(`Cannot make a shareable list: values are needed, not ${brief(values)}`);
  }
  const slots = Array.from(values, (value) => {
    const shareable = checkShareable("make", value);
    return shareable instanceof Uint8Array ? new Uint8Array(shareable) : shareable;
  });
  return { target: new ListCell(slots), length: slots.length };
}

function same(a: Shareable, b: Shareable): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return a.length === b.length && a.every((byte, at) => byte === b[at]);
  }
  return a === b || Object.is(a, b);
}

handleKind("shareable-list", {
  leased: true,
  revive: ({ target, meta }) =>
    adopting(
      { target, length: expected("a handle to a shareable list", meta, isCount) } satisfies Parts,
      () => new ShareableList([]),
    ),
});
