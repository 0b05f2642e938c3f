import { checkSize } from "../argument.ts";
import { cut, quoted } from "../kernel/escape.ts";
import { brief } from "../kernel/show.ts";
import { type AnyNumber, checkKind, checkNumber, KINDS, type NumberKind, type Numeric } from "./number_kind.ts";
import { Numbers } from "./numbers.ts";
import type { Column } from "./numbers_client.ts";

/** The fields of a {@linkcode SharedStruct} by name, each with the kind of number that it holds. */
export type StructFields = Readonly<Record<string, NumberKind>>;

/** A record of a {@linkcode SharedStruct}: a number, or a bigint, for each field. */
export type StructRecord<D extends StructFields> = { -readonly [F in keyof D]: Numeric<D[F]> };

/** Every column begins at a multiple of this, which is aligned for numbers of any kind. */
const ALIGNMENT = 8;
/** A longer name of a field is shown cut. */
const MOST_SHOWN = 64;

/** @throws {TypeError} If these are no fields, or one has no kind that there is. */
export function checkFields(action: string, fields: unknown): StructFields {
  const isRecord = typeof fields === "object" && fields !== null && !Array.isArray(fields);
  const entries = isRecord ? Object.entries(fields) : [];
  if (entries.length === 0) {
    throw new TypeError(`Cannot ${action}: an object with the kind of each field is needed, not ${brief(fields)}`);
  }
  const checked = entries.map(([field, kind]) => [field, checkKind(`${action} with ${shown(field)}`, kind)]);
  return Object.freeze(Object.fromEntries(checked));
}

/** Where the numbers of each field lie: in columns, since a typed array cannot step over the other fields of a record. */
export function columnsOf(fields: StructFields, length: number): (Column & { readonly kind: NumberKind })[] {
  let byteOffset = 0;
  return Object.values(fields).map((kind, number) => {
    const column = { kind, number, byteOffset };
    byteOffset += Math.ceil(length * KINDS[kind].bytes / ALIGNMENT) * ALIGNMENT;
    return column;
  });
}

/** The columns of a new struct, in one memory. */
export function makeColumns(fields: StructFields, lengthOrRecords: number | Iterable<unknown>): Numbers[] {
  const action = "make a shared struct";
  if (typeof lengthOrRecords === "number") {
    return zeros(fields, checkSize(action, "the length", lengthOrRecords, 0));
  }
  if (typeof lengthOrRecords !== "object" || lengthOrRecords === null || !(Symbol.iterator in lengthOrRecords)) {
    throw new TypeError(`Cannot ${action}: a length or records are needed, not ${brief(lengthOrRecords)}`);
  }
  const records = Array.from(lengthOrRecords, (record, index) => checkWhole(action, fields, record, index));
  const columns = zeros(fields, records.length);
  for (const [index, record] of records.entries()) {
    for (const [column, value] of record.entries()) columns[column].set(index, value);
  }
  return columns;
}

/**
 * The fields that a record has, and their numbers.
 *
 * @throws {TypeError} If it is no record, there is no such field, or a value is not of its kind's type.
 * @throws {RangeError} If a kind cannot hold a value.
 */
export function checkRecord(action: string, fields: StructFields, record: unknown): [field: string, AnyNumber][] {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new TypeError(`Cannot ${action}: an object with numbers for its fields is needed, not ${brief(record)}`);
  }
  return Object.entries(record).map(([field, value]) => {
    checkField(action, fields, field);
    return [field, checkNumber(`${action}, ${shown(field)}`, fields[field], value)];
  });
}

/** @throws {TypeError} If there is no such field. */
export function checkField(action: string, fields: StructFields, field: unknown): string {
  if (typeof field === "string" && Object.hasOwn(fields, field)) return field;
  const name = typeof field === "string" ? shown(field) : brief(field);
  throw new TypeError(
    `Cannot ${action}: there is no field ${name}; known are ${Object.keys(fields).map(shown).join(", ")}`,
  );
}

function checkWhole(action: string, fields: StructFields, record: unknown, index: number): AnyNumber[] {
  const values = new Map(checkRecord(`${action}, record ${index}`, fields, record));
  return Object.keys(fields).map((field) => {
    const value = values.get(field);
    if (value !== undefined) return value;
    throw new TypeError(`Cannot ${action}, record ${index}: it has no ${shown(field)}`);
  });
}

function zeros(fields: StructFields, length: number): Numbers[] {
  const columns = columnsOf(fields, length);
  const last = columns.at(-1)!;
  const memory = new SharedArrayBuffer(last.byteOffset + length * KINDS[last.kind].bytes);
  return columns.map(({ kind, byteOffset }) => new Numbers(kind, memory, byteOffset, length));
}

function shown(field: string): string {
  return quoted(cut(field, MOST_SHOWN));
}
