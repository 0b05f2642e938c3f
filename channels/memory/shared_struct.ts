import { adopted, adopting } from "../kernel/adoption.ts";
import type { Target } from "../kernel/cell.ts";
import { enroll, handleKind, type Passage } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { expected, isCount, type Shape, startsWith } from "../kernel/shape.ts";
import { brief } from "../kernel/show.ts";
import { clamp, indexAmong } from "./index_among.ts";
import { type AnyNumber, isKind, type NumberView, type Numeric } from "./number_kind.ts";
import { NumbersCell } from "./numbers_cell.ts";
import { NumbersClient } from "./numbers_client.ts";
import {
  checkField,
  checkFields,
  checkRecord,
  columnsOf,
  makeColumns,
  type StructFields,
  type StructRecord,
} from "./struct_layout.ts";

/**
 * Records of numbers that actors share, of a fixed count. (Python's `multiprocessing.Array` of a `ctypes.Structure`.)
 *
 * - **Fields** are like the elements of a {@linkcode SharedArray}: every change of one is atomic. A record is not: an
 *   actor that reads a record while another writes it may see some fields changed and others not. A {@linkcode Lock} keeps
 *   the fields of a record together.
 * - **Layout**: all numbers of the first field, then all of the second, each from a multiple of 8 bytes on. So each field
 *   is a typed array of its own in `view`.
 * - **Indexes** may be negative, counted from the end; one outside is a `RangeError`.
 * - **Refusals**: a wrong field or value is refused before anything is written.
 *
 * @example Points that actors move
 * ```ts
 * import { SharedStruct } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const points = new SharedStruct({ x: "float64", y: "float64", hits: "uint32" }, 100);
 * await points.set(0, { x: 1, y: 2 });
 * await points.add(0, "hits", 1);
 * assertEquals(await points.get(0), { x: 1, y: 2, hits: 1 });
 * assertEquals(points.view.x[0], 1);
 * ```
 *
 * @example A task that names the type of what it takes
 * ```ts
 * import { Process, SharedStruct, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const Point = { x: "float64", y: "float64" } as const;
 *
 * async function mirror(points: SharedStruct<typeof Point>): Promise<void> {
 *   for (let i = 0; i < points.length; i++) await points.update(i, "x", (x) => -x);
 * }
 * task(import.meta.url, mirror);
 *
 * const points = new SharedStruct(Point, [{ x: 1, y: 2 }, { x: 3, y: 4 }]);
 * const p = new Process(mirror, [points], { placement: "inline" });
 * await p.start();
 * await p.join();
 * assertEquals(await points.slice(), [{ x: -1, y: 2 }, { x: -3, y: 4 }]);
 * ```
 */
export class SharedStruct<D extends StructFields> {
  readonly #parts: StructParts;

  /**
   * Makes a struct whose home is here.
   *
   * @param fields the kind of number that each field can hold, by its name
   * @param lengthOrRecords how many records of zeros, or the records to begin with
   * @throws {TypeError} If there is no field or no such kind, or a record lacks a field, has another, or one of a wrong type.
   * @throws {RangeError} If the length is no whole number of at least 0, or a kind cannot hold a value.
   */
  constructor(fields: D, lengthOrRecords: number | Iterable<StructRecord<D>>) {
    this.#parts = adopted<StructParts>() ?? make(fields, lengthOrRecords);
    enroll(this, () => passageOf(this.#parts));
  }

  /** The kind of number that each field can hold. */
  get fields(): Readonly<D> {
    return this.#parts.fields as D;
  }

  /** How many records it has. */
  get length(): number {
    return this.#parts.length;
  }

  /** Reads a record, or one field of it. Each field is read atomically, not all. */
  get(index: number): Promise<StructRecord<D>>;
  /** Reads a field of a record. */
  get<F extends keyof D & string>(index: number, field: F): Promise<Numeric<D[F]>>;
  async get(index: number, field?: string): Promise<unknown> {
    const at = this.#at(index);
    if (field !== undefined) return await this.#client("read", field).get(at);
    return this.#record(await Promise.all(this.#all((client) => client.get(at))));
  }

  /** Writes the fields that `values` has. Each is written atomically, not all. */
  async set(index: number, values: Partial<StructRecord<D>>): Promise<void> {
    const at = this.#at(index);
    const written = this.#checked(values);
    await Promise.all(written.map(([client, value]) => client.set(at, value)));
  }

  /** Adds to a field, and gives the sum. */
  async add<F extends keyof D & string>(index: number, field: F, by: Numeric<D[F]>): Promise<Numeric<D[F]>> {
    return await this.#client("add to", field).add(this.#at(index), by) as Numeric<D[F]>;
  }

  /** Replaces a field if it is `expected`, and gives what was there. */
  async compareExchange<F extends keyof D & string>(
    index: number,
    field: F,
    expected: Numeric<D[F]>,
    replacement: Numeric<D[F]>,
  ): Promise<Numeric<D[F]>> {
    const client = this.#client("exchange", field);
    return await client.compareExchange(this.#at(index), expected, replacement) as Numeric<D[F]>;
  }

  /** Replaces a field by what `change` makes of it, asked again until nobody came in between. Gives the new number. */
  async update<F extends keyof D & string>(
    index: number,
    field: F,
    change: (old: Numeric<D[F]>) => Numeric<D[F]>,
  ): Promise<Numeric<D[F]>> {
    return await this.#client("update", field).update(this.#at(index), change as never) as Numeric<D[F]>;
  }

  /** The records from `start` up to but not with `end`, as `Array.slice` counts. Each field is read atomically, not all. */
  async slice(start: number = 0, end: number = this.length): Promise<StructRecord<D>[]> {
    const [from, to] = [clamp(start, this.length), clamp(end, this.length)];
    const columns = await Promise.all(this.#all((client) => client.slice(from, to)));
    return columns[0].map((_, at) => this.#record(columns.map((column) => column[at])));
  }

  /** As `get`, at once. All `…Sync` throw `TypeError` where the memory is not shared. */
  getSync(index: number): StructRecord<D>;
  /** As `get` of a field, at once. */
  getSync<F extends keyof D & string>(index: number, field: F): Numeric<D[F]>;
  getSync(index: number, field?: string): unknown {
    const at = this.#at(index);
    if (field !== undefined) return this.#client("read", field).shared("read").get(at);
    return this.#record(this.#all((client) => client.shared("read").get(at)));
  }

  /** As `set`, at once. */
  setSync(index: number, values: Partial<StructRecord<D>>): void {
    const at = this.#at(index);
    for (const [client, value] of this.#checked(values)) client.shared("set").set(at, value);
  }

  /** As `add`, at once. */
  addSync<F extends keyof D & string>(index: number, field: F, by: Numeric<D[F]>): Numeric<D[F]> {
    return this.#client("add to", field).shared("add to").add(this.#at(index), by) as Numeric<D[F]>;
  }

  /** As `compareExchange`, at once. */
  compareExchangeSync<F extends keyof D & string>(
    index: number,
    field: F,
    expected: Numeric<D[F]>,
    replacement: Numeric<D[F]>,
  ): Numeric<D[F]> {
    const numbers = this.#client("exchange", field).shared("exchange");
    return numbers.compareExchange(this.#at(index), expected, replacement) as Numeric<D[F]>;
  }

  /** As `update`, at once. */
  updateSync<F extends keyof D & string>(
    index: number,
    field: F,
    change: (old: Numeric<D[F]>) => Numeric<D[F]>,
  ): Numeric<D[F]> {
    return this.#client("update", field).shared("update").update(this.#at(index), change as never) as Numeric<D[F]>;
  }

  /** The memory itself, where it is shared: a typed array for each field. Use it with `Atomics`. */
  get view(): { readonly [F in keyof D]: NumberView<D[F]> } {
    const views = Array.from(this.#parts.clients, ([field, client]) => [field, client.shared("view").view]);
    return Object.fromEntries(views);
  }

  static {
    inspectAs(this, ({ fields, length }) => `SharedStruct(${brief(fields)}, ${length})`);
  }

  #at(index: number): number {
    return indexAmong("use a shared struct", index, this.length);
  }

  #client(action: string, field: string): NumbersClient {
    const { fields, clients } = this.#parts;
    return clients.get(field) ?? clients.get(checkField(`${action} a shared struct`, fields, field))!;
  }

  #all<T>(use: (client: NumbersClient) => T): T[] {
    return Array.from(this.#parts.clients.values(), use);
  }

  #checked(values: unknown): [NumbersClient, AnyNumber][] {
    const { fields, clients } = this.#parts;
    const checked = checkRecord("set a shared struct", fields, values);
    return checked.map(([field, value]) => [clients.get(field)!, value]);
  }

  #record(values: readonly AnyNumber[]): StructRecord<D> {
    return Object.fromEntries(Array.from(this.#parts.clients.keys(), (field, at) => [field, values[at]])) as never;
  }
}

/** What stands behind a struct. */
export interface StructParts {
  readonly fields: StructFields;
  readonly length: number;
  readonly target: Target;
  readonly clients: ReadonlyMap<string, NumbersClient>;
}

/** The parts of a struct at a home. */
export function structParts(
  fields: StructFields,
  length: number,
  target: Target,
  memory: SharedArrayBuffer | undefined,
): StructParts {
  const columns = columnsOf(fields, length);
  const clients = Object.keys(fields).map((field, at): [string, NumbersClient] => {
    const column = columns[at];
    return [field, new NumbersClient("shared struct", column.kind, length, target, memory, column)];
  });
  return { fields, length, target, clients: new Map(clients) };
}

function make(fields: unknown, lengthOrRecords: number | Iterable<unknown>): StructParts {
  const checked = checkFields("make a shared struct", fields);
  const columns = makeColumns(checked, lengthOrRecords);
  return structParts(checked, columns[0].length, new NumbersCell(...columns), undefined);
}

function passageOf({ fields, length, target, clients }: StructParts): Passage {
  const [{ memory }] = clients.values();
  return { kind: "shared-struct", target, meta: [fields, length], memory };
}

const isFields: Shape<StructFields> = (value): value is StructFields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0 &&
  Object.values(value).every(isKind);

handleKind("shared-struct", {
  leased: true,
  revive({ target, meta, memory }) {
    const [fields, length] = expected("a handle to a shared struct", meta, startsWith(isFields, isCount));
    const parts = structParts(Object.freeze({ ...fields }), length, target, memory);
    return adopting(parts, () => new SharedStruct(fields, 0));
  },
});
