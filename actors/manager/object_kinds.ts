import { oneLine } from "../../channels/kernel/escape.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { brief } from "../../channels/kernel/show.ts";
import { adopting } from "../../channels/kernel/adoption.ts";
import { JoinableQueue, type JoinableQueueOptions } from "../../channels/joinable_queue.ts";
import { NumbersClient } from "../../channels/memory/numbers_client.ts";
import { Numbers } from "../../channels/memory/numbers.ts";
import { type AnyNumber, isKind, KINDS, type NumberKind } from "../../channels/memory/number_kind.ts";
import { SharedArray } from "../../channels/memory/shared_array.ts";
import { SharedStruct, structParts } from "../../channels/memory/shared_struct.ts";
import { SharedValue } from "../../channels/memory/shared_value.ts";
import { makeColumns, type StructFields } from "../../channels/memory/struct_layout.ts";
import { Queue, type QueueOptions } from "../../channels/queue.ts";
import { Barrier, type BarrierOptions } from "../../channels/sync/barrier.ts";
import { Condition } from "../../channels/sync/condition.ts";
import { EventFlag } from "../../channels/sync/event_flag.ts";
import { Lock } from "../../channels/sync/lock.ts";
import { RLock } from "../../channels/sync/rlock.ts";
import { BoundedSemaphore, Semaphore } from "../../channels/sync/semaphore.ts";
import { Pool } from "../pool/pool.ts";
import { DictCell } from "./dict_cell.ts";
import { ListCell } from "./list_cell.ts";
import { NAMESPACE, Namespace } from "./namespace.ts";
import { SharedClient } from "./shared_client.ts";
import type { Home, SharedCell } from "./shared_cell.ts";
import { DICT, SharedDict } from "./shared_dict.ts";
import { LIST, SharedList } from "./shared_list.ts";
import { SET, SharedSet } from "./shared_set.ts";
import type { SharedPoolOptions } from "./shared_pool_options.ts";
import { StoredNumbersCell } from "./stored_numbers.ts";

/** The arguments with which each kind of object is made: plain values, since they are kept with the name. */
export interface ObjectArgs {
  readonly dict: [];
  readonly list: [];
  readonly set: [];
  readonly namespace: [];
  readonly value: [kind: NumberKind, initial?: number | bigint | undefined];
  readonly array: [kind: NumberKind, lengthOrValues: number | readonly (number | bigint)[]];
  readonly struct: [fields: StructFields, lengthOrRecords: number | readonly Readonly<Record<string, AnyNumber>>[]];
  readonly queue: [options: QueueOptions];
  readonly joinableQueue: [options: JoinableQueueOptions];
  readonly lock: [];
  readonly rlock: [];
  readonly semaphore: [permits: number];
  readonly boundedSemaphore: [permits: number];
  readonly condition: [];
  readonly eventFlag: [];
  readonly barrier: [parties: number, options: BarrierOptions];
  readonly pool: [options: SharedPoolOptions];
}

/** What a manager can make. */
export type ObjectKind = keyof ObjectArgs;

/** Makes each kind of object, and gives a handle to it. */
const MAKE: { readonly [K in ObjectKind]: (home: Home, ...args: ObjectArgs[K]) => object } = {
  dict: (home) => shared("dict", new DictCell(DICT, home), () => new SharedDict()),
  list: (home) => shared("list", new ListCell(LIST, home), () => new SharedList()),
  set: (home) => shared("set", new DictCell(SET, home), () => new SharedSet()),
  namespace: (home) => shared("namespace", new DictCell(NAMESPACE, home), () => new Namespace()),
  value({ stored }, kind, initial) {
    const value = new SharedValue(kind, initial);
    if (stored === undefined) return value;
    const numbers = Numbers.zeros(kind, 1);
    if (initial !== undefined) numbers.set(0, initial);
    const client = new NumbersClient("shared value", kind, 1, new StoredNumbersCell([numbers], stored), undefined);
    return adopting(client, () => new SharedValue(kind));
  },
  array({ stored }, kind, lengthOrValues) {
    const array = new SharedArray(kind, lengthOrValues as number);
    if (stored === undefined) return array;
    const numbers = Numbers.zeros(kind, array.length);
    if (typeof lengthOrValues !== "number") {
      for (const [at, value] of lengthOrValues.entries()) {
        numbers.set(at, value);
      }
    }
    const cell = new StoredNumbersCell([numbers], stored);
    const client = new NumbersClient("shared array", kind, array.length, cell, undefined);
    return adopting(client, () => new SharedArray(kind, 0));
  },
  struct({ stored }, fields, lengthOrRecords) {
    const struct = new SharedStruct(fields, lengthOrRecords);
    if (stored === undefined) return struct;
    const cell = new StoredNumbersCell(makeColumns(fields, lengthOrRecords), stored);
    return adopting(structParts(struct.fields, struct.length, cell, undefined), () => new SharedStruct(fields, 0));
  },
  queue: (_home, options) => new Queue(options),
  joinableQueue: (_home, options) => new JoinableQueue(options),
  lock: () => new Lock(),
  rlock: () => new RLock(),
  semaphore: (_home, permits) => new Semaphore(permits),
  boundedSemaphore: (_home, permits) => new BoundedSemaphore(permits),
  condition: () => new Condition(),
  eventFlag: () => new EventFlag(),
  barrier: (_home, parties, options) => new Barrier(parties, options),
  pool: (_home, options) => new Pool(options),
};

/** The properties of an object's handle that its arguments fix for good; its first content is none of them. */
const TRAITS: { readonly [K in ObjectKind]?: (...args: ObjectArgs[K]) => Readonly<Record<string, unknown>> } = {
  value: (kind) => ({ kind }),
  array: (kind) => ({ kind }),
  struct: (fields) => ({ fields }),
  // A program in another language may leave the options out.
  queue: ({ maxSize } = {}) => ({ maxSize: maxSize && Math.max(0, maxSize) }),
  joinableQueue: ({ maxSize } = {}) => ({ maxSize: maxSize && Math.max(0, maxSize) }),
  barrier: (parties) => ({ parties }),
  pool: ({ size } = {}) => ({ size }),
};

/** How many bytes the numbers of an object take. The arguments come from a stranger, and may be of any form. */
const BYTES: { readonly [K in ObjectKind]?: (...args: ObjectArgs[K]) => number } = {
  value: (kind) => bytesOf(kind),
  array: (kind, lengthOrValues) => bytesOf(kind) * countOf(lengthOrValues),
  struct: (fields, lengthOrRecords) => {
    const sizes = Object.values(fields ?? {}).map(bytesOf);
    return sizes.reduce((sum, size) => sum + size, 0) * countOf(lengthOrRecords);
  },
};

/** How many bytes an object takes that is made with these arguments, with nothing in it but numbers. */
export function sizeOf(kind: ObjectKind, args: readonly unknown[]): number {
  const size = Object.hasOwn(BYTES, kind) ? BYTES[kind] as (...args: readonly unknown[]) => number : undefined;
  return encode(args, "args").length + (size?.(...args) ?? 0);
}

function bytesOf(kind: unknown): number {
  return isKind(kind) ? KINDS[kind].bytes : 0;
}

function countOf(lengthOrItems: unknown): number {
  return Array.isArray(lengthOrItems) ? lengthOrItems.length : Math.max(0, Number(lengthOrItems)) || 0;
}

/**
 * Compares an object with one that would be made with these arguments, as far as they say.
 *
 * @returns the first difference, in words; undefined if there is none
 */
export function differenceOf(object: object, kind: ObjectKind, args: readonly unknown[]): string | undefined {
  const traitsOf = TRAITS[kind] as ((...args: readonly unknown[]) => Record<string, unknown>) | undefined;
  for (const [trait, asked] of Object.entries(traitsOf?.(...args) ?? {})) {
    const has = Reflect.get(object, trait);
    const isSame = asked === undefined || JSON.stringify(has) === JSON.stringify(asked);
    if (!isSame) return `${trait} ${brief(has)}, not ${brief(asked)}`;
  }
  return undefined;
}

/** The kinds of which the content is kept on disk, where the manager has a store. */
const STORED: ReadonlySet<string> = new Set<ObjectKind>([
  "dict",
  "list",
  "set",
  "namespace",
  "value",
  "array",
  "struct",
]);

/** Whether the content of such objects is kept on disk. */
export function isStored(kind: ObjectKind): boolean {
  return STORED.has(kind);
}

/**
 * Makes an object that lives here.
 *
 * @throws {TypeError} If there is no such kind.
 */
export function makeObject(kind: ObjectKind, args: readonly unknown[], home: Home): object {
  if (!Object.hasOwn(MAKE, kind)) {
    throw new TypeError(`Cannot make a ${oneLine(kind)}: a manager has no such kind of object`);
  }
  return (MAKE[kind] as (home: Home, ...args: readonly unknown[]) => object)(home, ...args);
}

function shared(title: string, cell: SharedCell, make: () => object): object {
  return adopting(new SharedClient(title, cell), make);
}
