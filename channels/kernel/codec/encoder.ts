import { writeBuffer, writeView } from "./binary.ts";
import { writeBigint } from "./big_integer.ts";
import { writeMap, writeSet } from "./collection.ts";
import { writeError } from "./error_form.ts";
import { GRAPH, HANDLE, HOLE, MAX_DEPTH, MOVED, REFERENCE, UNDEFINED } from "./extension.ts";
import { passing, property, Refusal, refuse } from "./refusal.ts";
import { Seen } from "./seen.ts";
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
  readonly sink: Sink | undefined;
  /** Leaves out of errors what cannot travel, instead of refusing. */
  readonly lenient: boolean;
  readonly #seen = new Seen();
  #graph = false;

  constructor(writer: Writer, sink: Sink | undefined, lenient: boolean) {
    this.writer = writer;
    this.sink = sink;
    this.lenient = lenient;
  }

  /** How many objects were numbered so far. */
  get met(): number {
    return this.#seen.size;
  }

  /** Writes one whole value, or nothing: then it throws what stood in the way. */
  write(value: unknown, root: string): void {
    const { writer } = this;
    const start = writer.offset;
    try {
      try {
        this.value(value, 0);
      } catch (thrown) {
        if (thrown !== MET_AGAIN) throw thrown;
        writer.rewind(start);
        this.#seen.truncate(0);
        this.#graph = true;
        const mark = writer.openExtension(GRAPH);
        this.value(value, 0);
        writer.closeExtension(mark);
      }
    } catch (thrown) {
      writer.rewind(start);
      throw thrown instanceof Refusal ? thrown.error(root) : thrown;
    }
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
          if (!isAsyncIterable(value)) return this.#record(value as Record<string, unknown>, depth);
        } else if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, depth);
        return this.#instance(value, prototype, depth);
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
    this.#seen.truncate(met);
  }

  /** Numbers `object` if it is new; else it has now been written, as a reference. */
  metAgain(object: object): boolean {
    const number = this.#seen.add(object);
    if (number < 0) return false;
    if (!this.#graph) throw MET_AGAIN;
    this.writer.index(REFERENCE, number);
    return true;
  }

  /** Refuses to write a container within `depth` others if those are enough. */
  descend(depth: number): void {
    if (depth < MAX_DEPTH) return;
    throw new Refusal("deep nesting", `values nested more than ${MAX_DEPTH} deep cannot travel`);
  }

  /** Writes what is no data: only those that send it know whether it can travel. */
  beside(object: object): void {
    const moved = this.sink?.transfer(object);
    if (moved !== undefined) return this.writer.index(MOVED, moved);
    const handle = this.sink?.handle(object);
    if (handle === undefined) refuse(object);
    this.writer.index(HANDLE, handle);
  }

  #record(record: Record<string, unknown>, depth: number): void {
    if (this.metAgain(record)) return;
    const keys = Object.keys(record);
    if (keys.length === 0 && Symbol.toStringTag in record) refuse(record);
    this.descend(depth);
    this.writer.mapHeader(keys.length);
    let i = 0;
    try {
      for (; i < keys.length; i++) {
        this.writer.string(keys[i]);
        this.value(record[keys[i]], depth + 1);
      }
    } catch (thrown) {
      throw passing(thrown, property(keys[i]));
    }
  }

  #array(array: readonly unknown[], depth: number): void {
    if (this.metAgain(array)) return;
    this.descend(depth);
    const length = array.length >>> 0; // A Proxy may say anything.
    this.writer.arrayHeader(length);
    let holes = 0;
    let i = 0;
    try {
      for (; i < length; i++) {
        if (array[i] !== undefined || i in array) this.value(array[i], depth + 1);
        else {
          if (++holes > MAX_HOLES) break;
          this.writer.constant(HOLE);
        }
      }
    } catch (thrown) {
      throw passing(thrown, `[${i}]`);
    }
    if (holes > MAX_HOLES) {
      throw new Refusal("sparse array", `an array with more than ${MAX_HOLES} holes cannot travel`);
    }
  }

  #instance(object: object, prototype: object | null, depth: number): void {
    switch (prototype) {
      case Map.prototype:
        return writeMap(this, object as Map<unknown, unknown>, depth);
      case Set.prototype:
        return writeSet(this, object as Set<unknown>, depth);
      case Date.prototype:
        return writeDate(this, object as Date);
      case RegExp.prototype:
        return writePattern(this, object as RegExp);
      case URL.prototype:
        return writeUrl(this, object as URL);
      case ArrayBuffer.prototype:
        return writeBuffer(this, object as ArrayBuffer);
    }
    if (ArrayBuffer.isView(object)) return writeView(this, object);
    if (Error.isError(object) || object instanceof Error) return writeError(this, object, depth);
    this.beside(object);
  }
}

function isAsyncIterable(object: { readonly [Symbol.asyncIterator]?: unknown }): boolean {
  return object[Symbol.asyncIterator] !== undefined;
}
