import { writeBuffer, writeView } from "./binary.ts";
import { writeBigint } from "./big_integer.ts";
import { writeMap, writeSet } from "./collection.ts";
import { writeError } from "./error_form.ts";
import {
  GRAPH,
  HANDLE,
  HOLE,
  MAX_DEPTH,
  MAX_GROWTH,
  MAX_RESIZABLE,
  MOVED,
  NAMED_ARRAY,
  REFERENCE,
  UNDEFINED,
} from "./extension.ts";
import { writeFromText } from "./from_text.ts";
import { hasNames, inheritsNames, namesOf, refuseHidden, refuseSymbol } from "./own_properties.ts";
import { prototypeHere } from "./realm.ts";
import { passing, property, Refusal, refuse } from "./refusal.ts";
import { Seen } from "./seen.ts";
import { type Bytes, type Region, regionsOf } from "./shared_bytes.ts";
import { writeDate, writePattern, writeUrl } from "./value_object.ts";
import type { Writer } from "./writer.ts";

/** What travels beside the bytes: handles (capabilities) and transferred objects, referred to by index. */
export interface Sink {
  /**
   * The index under which `object` travels beside the bytes as a handle, or undefined when it is not a handle. Asked
   * for every appearance, and again when a message turns out to hold something twice: the same object must get the same
   * index.
   */
  handle(object: object): number | undefined;
  /**
   * The index under which a transferred ArrayBuffer, MessagePort or stream travels, or undefined when it was not named
   * in `transfer`. Asked as often as `handle`, before it, and for the memory of every view.
   */
  transfer(object: object): number | undefined;
}

/** Thrown inside the encoder when an object is met again, which a tree of plain MessagePack cannot say. */
const MET_AGAIN: unique symbol = Symbol("met again");
/** More holes than this in one array are taken for a mistake: each costs time and three bytes. */
const MAX_HOLES = 1 << 20;

/**
 * Writes values. Plain trees are written without bookkeeping beyond noticing that they are not trees.
 *
 * What recurses here and in the files beside it is kept to few and small stack frames, so that `MAX_DEPTH` levels of
 * anything fit into the stack of any thread with room to spare, interpreted code included; a test holds that.
 */
export class Encoder {
  readonly writer: Writer;
  sink: Sink | undefined;
  /** Leaves out of errors what cannot travel, instead of refusing. */
  lenient = false;
  /** Whether the whole value is an array of which nothing but its items travels. */
  #isList = false;
  readonly #seen = new Seen();
  #graph = false;
  /** The buffers and views met so far; most values have none. */
  #shown: Bytes[] | undefined;
  /** The region of each buffer and view that shares bytes with another; undefined until all of them were met. */
  #regions: ReadonlyMap<Bytes, Region> | undefined;
  #reserved = 0;
  #resizable = 0;
  /** Whether all objects inherit something that is listed with their own properties. */
  #inherits = false;

  constructor(writer: Writer) {
    this.writer = writer;
  }

  /** How many objects were numbered so far. */
  get met(): number {
    return this.#seen.size;
  }

  /**
   * Writes one whole value, or nothing: then it throws what stood in the way.
   *
   * @param depth within how many containers it will lie
   */
  write(
    value: unknown,
    root: string,
    sink: Sink | undefined,
    lenient: boolean,
    isList: boolean,
    depth: number = 0,
  ): void {
    const { writer } = this;
    const start = writer.offset;
    this.sink = sink;
    this.lenient = lenient;
    this.#isList = isList;
    this.#inherits = inheritsNames();
    try {
      if (this.#writeTree(value, depth)) return;
      this.#graph = true;
      if (this.#regions === undefined) {
        // It stopped at an object, and has not seen all memory.
        this.#writeGraph(value, start, depth);
        this.#regions = regionsOf(this.#shown ?? []);
        if (this.#regions === undefined) return;
      }
      this.#writeGraph(value, start, depth);
    } catch (thrown) {
      writer.rewind(start);
      throw thrown instanceof Refusal ? thrown.error(root) : thrown;
    } finally {
      this.#forget();
    }
  }

  /** Holds nothing of the value any more. */
  #forget(): void {
    this.sink = undefined;
    this.#seen.truncate(0);
    this.#graph = false;
    this.#shown = this.#regions = undefined;
    this.#reserved = this.#resizable = 0;
  }

  /** Returns false if that cannot be: the value holds an object, or shows memory, more than once. */
  #writeTree(value: unknown, depth: number): boolean {
    try {
      this.value(value, depth);
    } catch (thrown) {
      if (thrown !== MET_AGAIN) throw thrown;
      return false;
    }
    if (this.#shown === undefined) return true;
    this.#regions = regionsOf(this.#shown);
    return this.#regions === undefined;
  }

  #writeGraph(value: unknown, start: number, depth: number): void {
    this.writer.rewind(start);
    this.#seen.truncate(0);
    this.#shown = undefined;
    this.#reserved = this.#resizable = 0;
    const mark = this.writer.openExtension(GRAPH);
    this.value(value, depth);
    this.writer.closeExtension(mark);
  }

  /** Writes a value that lies within `depth` containers. */
  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.writer.string(value);
      case "number":
        return this.writer.number(value);
      case "boolean":
        return this.writer.boolean(value);
      case "undefined":
        return this.writer.constant(UNDEFINED);
      case "bigint":
        return writeBigint(this.writer, value);
      case "object": {
        if (value === null) return this.writer.nil();
        const prototype = Object.getPrototypeOf(value);
        if (prototype === Object.prototype || prototype === null) {
          return this.#record(value as Record<string, unknown>, depth);
        }
        if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, depth);
        if (!this.#instance(value, prototype, depth)) this.beside(value, depth);
        return;
      }
      default:
        throw new Refusal(typeof value);
    }
  }

  /**
   * Writes an array of which what cannot travel is replaced.
   *
   * @param replace What to write in place of an item, given what was thrown over it.
   */
  replacing(array: readonly unknown[], depth: number, replace: (thrown: unknown, index: number) => unknown): void {
    if (this.metAgain(array)) return;
    this.descend(depth);
    this.writer.arrayHeader(array.length);
    for (let i = 0; i < array.length; i++) {
      const { writer: { offset }, met } = this;
      try {
        this.value(array[i], depth + 1);
      } catch (thrown) {
        this.undo(thrown, offset, met);
        this.value(replace(thrown, i), depth + 1);
      }
    }
  }

  /** Takes back what was written behind `offset` and `met` before it threw; unless lenient, throws on. */
  undo(thrown: unknown, offset: number, met: number): void {
    if (thrown === MET_AGAIN || !this.lenient) throw thrown;
    this.writer.rewind(offset);
    this.#shown = this.#shown?.filter((bytes) => !this.#seen.isAfter(bytes, met));
    this.#seen.truncate(met);
  }

  /** Numbers `object` if it is new; else it has now been written, as a reference. */
  metAgain(object: object): boolean {
    if (!this.#graph) {
      if (this.#seen.addNew(object)) return false;
      throw MET_AGAIN;
    }
    const number = this.#seen.add(object);
    if (number < 0) return false;
    this.writer.index(REFERENCE, number);
    return true;
  }

  /** Takes note of what shows memory, and was numbered. */
  shows(bytes: Bytes): void {
    if (this.#shown === undefined) this.#shown = [bytes];
    else this.#shown.push(bytes);
  }

  /** The region of which it shows a part, if something else does, too. */
  regionOf(bytes: Bytes): Region | undefined {
    return this.#regions?.get(bytes);
  }

  /** Refuses one more resizable buffer, and to let them grow by more, than the other side allows. */
  reserve(bytes: number): void {
    if (++this.#resizable > MAX_RESIZABLE) {
      throw new Refusal("resizable ArrayBuffer", `more than ${MAX_RESIZABLE} resizable buffers cannot travel at once`);
    }
    this.#reserved += bytes;
    if (this.#reserved <= MAX_GROWTH) return;
    throw new Refusal("resizable ArrayBuffer", `buffers that may grow by more than ${MAX_GROWTH} bytes cannot travel`);
  }

  /** Refuses to write a container within `depth` others if those are enough. */
  descend(depth: number): void {
    if (depth < MAX_DEPTH) return;
    throw new Refusal("deep nesting", `values nested more than ${MAX_DEPTH} deep cannot travel`);
  }

  /** Writes an object of any other class: one that moves, a handle, data that is seldom seen; or refuses it. */
  beside(object: object, depth: number): void {
    const moved = this.sink?.transfer(object);
    if (moved !== undefined) return this.writer.index(MOVED, moved);
    const handle = this.sink?.handle(object);
    if (handle !== undefined) return this.writer.index(HANDLE, handle);
    if (!writeFromText(this, object) && !this.#fromElsewhere(object, depth)) refuse(object);
  }

  /** Writes what is data of another realm; returns false, having done nothing, where it is something else. */
  #fromElsewhere(object: object, depth: number): boolean {
    const prototype = prototypeHere(Object.getPrototypeOf(object));
    if (prototype === Object.prototype) this.#record(object as Record<string, unknown>, depth);
    else if (prototype === Array.prototype && Array.isArray(object)) this.#array(object, depth);
    else return prototype !== undefined && this.#instance(object, prototype, depth);
    return true;
  }

  #record(record: Record<string, unknown>, depth: number): void {
    if (Object.getOwnPropertySymbols(record).length > 0) return this.#unbare(record, depth);
    if (this.metAgain(record)) return;
    this.descend(depth);
    const { writer } = this;
    const mark = writer.openMap();
    let count = 0;
    let at = "";
    try {
      // This way of listing keys makes no list of them.
      for (const key in record) {
        if (this.#inherits && !Object.hasOwn(record, key)) continue;
        at = key;
        count++;
        writer.string(key);
        this.value(record[key], depth + 1);
      }
    } catch (thrown) {
      throw passing(thrown, property(at));
    }
    writer.closeMap(mark, count);
    if (Object.getOwnPropertyNames(record).length !== count) refuseHidden(record);
  }

  /** A plain object that has more than data: a handle, or refused for what would be lost of it. */
  #unbare(record: object, depth: number): void {
    if (Symbol.asyncIterator in record) return this.beside(record, depth);
    if (Symbol.toStringTag in record || Object.prototype.toString.call(record) !== "[object Object]") refuse(record);
    refuseSymbol(record);
  }

  #array(array: readonly unknown[], depth: number): void {
    if (this.metAgain(array)) return;
    this.descend(depth);
    const { writer } = this;
    const start = writer.offset;
    const length = array.length >>> 0; // A Proxy may say anything.
    writer.arrayHeader(length);
    let holes = 0;
    let i = 0;
    try {
      for (; i < length; i++) {
        const item = array[i];
        if (typeof item === "number") writer.number(item);
        else if (typeof item === "string") writer.string(item);
        else if (item !== undefined || i in array) this.value(item, depth + 1);
        else {
          if (++holes > MAX_HOLES) break;
          writer.constant(HOLE);
        }
      }
    } catch (thrown) {
      throw passing(thrown, `[${i}]`);
    }
    if (holes > MAX_HOLES) {
      throw new Refusal("sparse array", `an array with more than ${MAX_HOLES} holes cannot travel`);
    }
    if (depth === 0 && this.#isList) return;
    if (hasNames(array, length - holes)) this.#names(array, start, depth);
  }

  /** Adds the named properties of an array, which may be none, to the array that was written from `start` on. */
  #names(array: readonly unknown[], start: number, depth: number): void {
    const names = namesOf(array);
    if (names.length === 0) return;
    const mark = this.writer.wrapInExtension(start, NAMED_ARRAY);
    for (const name of names) {
      try {
        this.writer.string(name);
        this.value((array as unknown as Record<string, unknown>)[name], depth + 1);
      } catch (thrown) {
        throw passing(thrown, property(name));
      }
    }
    this.writer.closeExtension(mark);
  }

  /** Returns false, having done nothing, where the object is of no class that is data. */
  #instance(object: object, prototype: object | null, depth: number): boolean {
    switch (prototype) {
      case Map.prototype:
        writeMap(this, object as Map<unknown, unknown>, depth);
        return true;
      case Set.prototype:
        writeSet(this, object as Set<unknown>, depth);
        return true;
      case Date.prototype:
        writeDate(this, object as Date);
        return true;
      case RegExp.prototype:
        writePattern(this, object as RegExp);
        return true;
      case URL.prototype:
        writeUrl(this, object as URL);
        return true;
      case ArrayBuffer.prototype:
        writeBuffer(this, object as ArrayBuffer);
        return true;
    }
    if (ArrayBuffer.isView(object)) writeView(this, object, prototype, depth);
    else if (Error.isError(object) || object instanceof Error) writeError(this, object, depth);
    else return false;
    return true;
  }
}
