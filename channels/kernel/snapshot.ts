import { encode } from "./codec/encode.ts";
import { plainListSize, plainSize, writePlain, writePlainList } from "./codec/plain.ts";
import { hasNames, inheritsNames } from "./codec/own_properties.ts";
import type { Packet } from "./packet.ts";

const NONE: readonly never[] = [];
/** With more objects than this in it a value is copied by the codec, which numbers them better. */
const MOST_OBJECTS = 16;

/** Says that a value is not copied here. */
const NOT_PLAIN: unique symbol = Symbol("not plain");

/**
 * A value on its way to somebody in this isolate: a copy of its own, for one reader. It becomes bytes only if it goes on
 * to somebody elsewhere after all.
 */
export class Snapshot implements Packet {
  readonly passages: readonly never[] = NONE;
  readonly moved: readonly never[] = NONE;
  /** How many bytes it takes at most, if it can be written without an encoder; else -1. */
  readonly size: number;
  readonly #value: unknown;
  readonly #isList: boolean;
  #bytes: Uint8Array | undefined;
  /** How many bytes it came as, if it did. */
  #length = -1;
  #taken = false;

  private constructor(value: unknown, isList: boolean = false, size: number = -1) {
    this.#value = value;
    this.#isList = isList;
    this.size = size;
  }

  /**
   * Of a small tree of plain data; undefined for everything else, which takes the codec to copy or to refuse.
   *
   * @param isList whether the value is a list that the library made, of which nothing but its items has to be known
   */
  static of(value: unknown, isList: boolean = false): Snapshot | undefined {
    const start = met.length;
    try {
      const copied = isList ? copyItems(value as unknown[], start) : copy(value, start);
      return copied === NOT_PLAIN ? undefined : new Snapshot(copied);
    } finally {
      met.length = start;
    }
  }

  /** Of a plain value, or list of those, of so many bytes that was read where it arrived. */
  static arrived(value: unknown, length: number): Snapshot {
    const snapshot = new Snapshot(value);
    snapshot.#length = length;
    return snapshot;
  }

  /**
   * Of a primitive, or of a list of those that nobody else has; undefined for everything else. Those need no copy.
   *
   * @param isList whether the value is a list of which nothing but its items has to be known
   */
  static plain(value: unknown, isList: boolean): Snapshot | undefined {
    const size = isList ? plainListSize(value as readonly unknown[]) : plainSize(value);
    return size < 0 ? undefined : new Snapshot(value, isList, size);
  }

  get bytes(): Uint8Array {
    this.#assertUntaken();
    return this.#bytes ??= encode(this.#value, "message", undefined, this.#isList);
  }

  /** Writes a value that has a size to a place with room for it. Returns where it ends; -1 if it takes an encoder after all. */
  write(bytes: Uint8Array, at: number): number {
    this.#assertUntaken();
    const value = this.#value;
    return this.#isList ? writePlainList(bytes, at, value as readonly unknown[]) : writePlain(bytes, at, value);
  }

  /** The value, which is now the reader's. */
  take(): unknown {
    this.#assertUntaken();
    // A primitive is nobody's: it may be read again.
    this.#taken = this.#isList || this.size < 0;
    return this.#value;
  }

  /** How many bytes it has, or will have at most when it is written. */
  get length(): number {
    return this.size >= 0 ? this.size : this.#length >= 0 ? this.#length : this.bytes.length;
  }

  #assertUntaken(): void {
    if (this.#taken) throw new Error("Cannot read a message again: it was given to its reader");
  }
}

/** The objects of the value that is being copied, behind those of one whose getter began this one. */
const met: object[] = [];

/** What the codec would make of a value, there and back. */
function copy(value: unknown, start: number): unknown {
  if (typeof value !== "object") return typeof value === "function" || typeof value === "symbol" ? NOT_PLAIN : value;
  if (value === null) return null;
  const prototype = Object.getPrototypeOf(value);
  const isArray = prototype === Array.prototype && Array.isArray(value);
  if (!isArray && prototype !== Object.prototype && prototype !== null) return NOT_PLAIN;
  // What appears twice arrives as one.
  for (let i = start; i < met.length; i++) if (met[i] === value) return NOT_PLAIN;
  if (met.length - start >= MOST_OBJECTS) return NOT_PLAIN;
  met.push(value);
  return isArray ? copyArray(value, start) : copyRecord(value as Record<string, unknown>, start);
}

function copyArray(array: readonly unknown[], start: number): unknown {
  const copied = copyItems(array, start);
  return copied !== NOT_PLAIN && hasNames(array, array.length) ? NOT_PLAIN : copied;
}

function copyItems(array: readonly unknown[], start: number): unknown {
  const copied: unknown[] = [];
  for (let i = 0; i < array.length; i++) {
    const original = array[i];
    const item = typeof original === "number" || typeof original === "string" ? original : copy(original, start);
    // A hole stays one.
    if (item === NOT_PLAIN || (item === undefined && !(i in array))) return NOT_PLAIN;
    copied.push(item);
  }
  return copied;
}

function copyRecord(record: Record<string, unknown>, start: number): unknown {
  if (Object.getOwnPropertySymbols(record).length > 0 || inheritsNames()) return NOT_PLAIN;
  const copied: Record<string, unknown> = {};
  let count = 0;
  for (const key in record) {
    const item = key === "__proto__" ? NOT_PLAIN : copy(record[key], start);
    if (item === NOT_PLAIN) return NOT_PLAIN;
    copied[key] = item;
    count++;
  }
  return Object.getOwnPropertyNames(record).length === count ? copied : NOT_PLAIN;
}

/** How many bytes a message has, or will have at most. */
export function sizeOf(packet: Packet): number {
  return packet instanceof Snapshot ? packet.length : packet.bytes.length;
}
