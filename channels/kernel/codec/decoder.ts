import { readBinary, readMovedView, readResizable, readView } from "./binary.ts";
import { readBigint } from "./big_integer.ts";
import { readMap, readSet } from "./collection.ts";
import { readError } from "./error_form.ts";
import {
  BIGINT,
  BINARY,
  CONSTANT,
  ERROR,
  FROM_TEXT,
  GRAPH,
  HANDLE,
  HOLE,
  INVALID_DATE,
  LINK,
  MAP,
  MAX_DEPTH,
  MAX_GROWTH,
  MAX_RESIZABLE,
  MOVED,
  MOVED_VIEW,
  NAMED_ARRAY,
  REFERENCE,
  REGEXP,
  RESIZABLE,
  SET,
  TEXT,
  TIMESTAMP,
  UNDEFINED,
  VIEW,
  WITHIN_LEAF,
} from "./extension.ts";
import { readFromText } from "./from_text.ts";
import { KeyChains, MOST_HASHED, MOST_STEPS, stepsToCompare } from "./key_chains.ts";
import { isIndex } from "./own_properties.ts";
import { malformed, type Reader } from "./reader.ts";
import { readTimestamp } from "./timestamp.ts";
import { readPattern, readUrl } from "./value_object.ts";

/**
 * What came beside the bytes. Both are asked once for every appearance of an index; to give the same object each time is
 * theirs. Where there is none, they return undefined, which is a `ProtocolError`.
 */
export interface Source {
  /** The handle with this index. */
  handle(index: number): unknown;
  /** The transferred object with this index. */
  transfer(index: number): unknown;
}

/** Reads values. Makes nothing but data, and of errors only what was registered; whatever the bytes say. */
export class Decoder {
  readonly reader: Reader;
  readonly #source: Source | undefined;
  readonly #isPlain: boolean;
  /** The objects so far, by number, while a graph is read. */
  #met: (object | undefined)[] | undefined;
  /** By how many bytes the buffers so far may grow. */
  #reserved = 0;
  #resizable = 0;
  /** What it took so far to find keys among others. */
  #steps = 0;
  /** How many names so far are of each length that is too long to hash. */
  #longNames: Map<number, number> | undefined;
  #lastLongName = "";

  /** @param isPlain whether of the extensions only constants and strings may come */
  constructor(reader: Reader, source: Source | undefined, isPlain: boolean = false) {
    this.reader = reader;
    this.#source = source;
    this.#isPlain = isPlain;
  }

  /** Reads a value that lies within `depth` containers. */
  value(depth: number): unknown {
    const { reader } = this;
    const byte = reader.byte();
    if (byte < 0x80) return byte;
    if (byte >= 0xe0) return byte - 0x100;
    if (byte < 0x90) return this.#record(byte & 0x0f, depth);
    if (byte < 0xa0) return this.#array(byte & 0x0f, depth);
    if (byte < 0xc0) return reader.text(byte & 0x1f);
    switch (byte) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return reader.float(4);
      case 0xcb:
        return reader.float(8);
      case 0xcc:
        return reader.uint(1);
      case 0xcd:
        return reader.uint(2);
      case 0xce:
        return reader.uint(4);
      case 0xcf:
        return reader.integer64(false);
      case 0xd0:
        return reader.uint(1) << 24 >> 24;
      case 0xd1:
        return reader.uint(2) << 16 >> 16;
      case 0xd2:
        return reader.uint(4) | 0;
      case 0xd3:
        return reader.integer64(true);
      case 0xd9:
        return reader.text(reader.uint(1));
      case 0xda:
        return reader.text(reader.uint(2));
      case 0xdb:
        return reader.text(reader.uint(4));
      case 0xdc:
        return this.#array(reader.uint(2), depth);
      case 0xdd:
        return this.#array(reader.uint(4), depth);
      case 0xde:
        return this.#record(reader.uint(2), depth);
      case 0xdf:
        return this.#record(reader.uint(4), depth);
      case 0xc1:
        return malformed("it has the byte 0xc1, which means nothing");
      case 0xc4:
        return this.remember(reader.copy(reader.uint(1)));
      case 0xc5:
        return this.remember(reader.copy(reader.uint(2)));
      case 0xc6:
        return this.remember(reader.copy(reader.uint(4)));
      case 0xc7:
        return this.#extension(reader.uint(1), depth);
      case 0xc8:
        return this.#extension(reader.uint(2), depth);
      case 0xc9:
        return this.#extension(reader.uint(4), depth);
      default: // 0xd4 to 0xd8
        return this.#extension(1 << byte - 0xd4, depth);
    }
  }

  /** Reads a value that must be a string. */
  string(): string {
    return this.stringOrNil() ?? malformed("it has nil where a string must be");
  }

  /** Reads a value that must be a string or nil, which is undefined. */
  stringOrNil(): string | undefined {
    const value = this.value(WITHIN_LEAF);
    if (typeof value === "string") return value;
    return value === null ? undefined : malformed("it has something else where a string must be");
  }

  /** Reads a value that must be a number. */
  integer(): number {
    return this.integerOrNil() ?? malformed("it has nil where a number must be");
  }

  /** Reads a value that must be a number or nil, which is undefined. */
  integerOrNil(): number | undefined {
    const value = this.value(WITHIN_LEAF);
    if (typeof value === "number") return value;
    return value === null ? undefined : malformed("it has something else where a number must be");
  }

  /** What came beside the bytes. */
  beside(): Source {
    return this.#source ?? malformed("it refers to something beside the bytes, where nothing is");
  }

  /** Gives `object` the next number, if a graph is read. Must come before reading what is in it. */
  remember<T extends object>(object: T): T {
    this.#met?.push(object);
    return object;
  }

  /** Keeps the next number for an object that is made only of what is in it. */
  hold(): number {
    return (this.#met?.push(undefined) ?? 0) - 1;
  }

  /** Gives the number that was kept for it. */
  fill<T extends object>(number: number, object: T): T {
    if (this.#met !== undefined) this.#met[number] = object;
    return object;
  }

  /** Refuses to make one more resizable buffer, and room for so many bytes that have not come. */
  reserve(bytes: number): void {
    if (++this.#resizable > MAX_RESIZABLE) malformed(`it has more than ${MAX_RESIZABLE} resizable buffers`);
    this.#reserved += bytes;
    if (this.#reserved > MAX_GROWTH) malformed(`its buffers may grow by more than ${MAX_GROWTH} bytes`);
  }

  /** Refuses to look for the key that was read from `start` on among those of a Map or Set, if that takes too long. */
  find(key: unknown, start: number, chains: KeyChains, size: number): void {
    this.#step(chains.stepsTo(key, this.reader.offset - start, size));
  }

  /** The same for the name of a property, which V8 looks for among all names. */
  findName(name: string): void {
    if (name.length <= MOST_HASHED || name === this.#lastLongName) return;
    const { length } = this.#lastLongName = name;
    const names = this.#longNames ??= new Map();
    const count = names.get(length) ?? 0;
    names.set(length, count + 1);
    this.#step(count * stepsToCompare(name, length));
  }

  #step(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MOST_STEPS) malformed("too many keys in it have the same hash");
  }

  /** Refuses to read a container within `depth` others if those are enough. */
  descend(depth: number): void {
    if (depth >= MAX_DEPTH) malformed(`values are nested more than ${MAX_DEPTH} deep`);
  }

  #record(count: number, depth: number): object {
    const { reader } = this;
    this.descend(depth);
    reader.need(2 * count);
    const record: Record<string, unknown> = this.remember({});
    for (let i = 0; i < count; i++) {
      const key = this.#key(depth);
      if (typeof key !== "string") return this.#foreignMap(record, key, count - i, depth);
      if (key === "__proto__") {
        const value = this.value(depth + 1);
        Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
      } else record[key] = this.value(depth + 1);
    }
    return record;
  }

  #namedArray(depth: number): unknown[] {
    const { reader } = this;
    const byte = reader.peek();
    if ((byte & 0xf0) !== 0x90 && byte !== 0xdc && byte !== 0xdd) malformed("what is no array has names like one");
    const array = this.value(depth) as unknown[];
    if (reader.remaining === 0) malformed("an array with names has none");
    while (reader.remaining > 0) {
      const key = this.string();
      this.findName(key);
      if (isIndex(key)) malformed("a property of an array is one of its items, or its length");
      const value = this.value(depth + 1);
      Object.defineProperty(array, key, { value, enumerable: true, writable: true, configurable: true });
    }
    return array;
  }

  #key(depth: number): unknown {
    const short = this.reader.shortKey();
    if (short !== undefined) return short;
    const key = this.value(depth + 1);
    if (typeof key === "string") this.findName(key);
    return key;
  }

  /** What began as an object turns out to have keys that only a Map can have. Our own encoder writes no such thing. */
  #foreignMap(start: Record<string, unknown>, key: unknown, left: number, depth: number): Map<unknown, unknown> {
    if (this.#met !== undefined) malformed("a map within a graph has a key that is not a string");
    const map = new Map<unknown, unknown>(Object.entries(start)).set(key, this.value(depth + 1));
    const chains = new KeyChains();
    for (let i = 1; i < left; i++) {
      const at = this.reader.offset;
      const next = this.#key(depth);
      this.find(next, at, chains, map.size);
      map.set(next, this.value(depth + 1));
    }
    return map;
  }

  #array(count: number, depth: number): unknown[] {
    const { reader } = this;
    this.descend(depth);
    reader.need(count);
    // Grows with what is really there: headers within headers could claim all the bytes that are left, each for itself.
    const array: unknown[] = this.remember([]);
    for (let i = 0; i < count; i++) {
      const byte = reader.peek();
      if (byte >= 0 && byte < 0x80) array.push(reader.byte());
      else if (byte === 0xd4 && reader.peek(1) === CONSTANT && reader.peek(2) === HOLE) {
        reader.skip(3);
        array.length++;
      } else array.push(this.value(depth + 1));
    }
    return array;
  }

  /** Reads a body of `length` bytes. */
  #extension(length: number, depth: number): unknown {
    const { reader } = this;
    const type = reader.byte() << 24 >> 24;
    if (this.#isPlain && type !== CONSTANT && type !== TEXT) malformed("it has more than plain values");
    const outer = reader.enter(length);
    const value = type === MAP
      ? readMap(this, depth)
      : type === SET
      ? readSet(this, depth)
      : type === ERROR
      ? readError(this, depth)
      : type === GRAPH
      ? this.#graph(depth)
      : type === NAMED_ARRAY
      ? this.#namedArray(depth)
      : this.#leaf(type, depth);
    reader.leave(outer);
    return value;
  }

  #leaf(type: number, depth: number): unknown {
    // A regular expression costs more than its bytes. It is not made only to be refused for its place.
    if (depth === WITHIN_LEAF && type === REGEXP) {
      malformed("it has a regular expression in the place of something else");
    }
    switch (type) {
      case TIMESTAMP:
        return readTimestamp(this);
      case CONSTANT:
        return this.#constant(this.reader.byte());
      case BIGINT:
        return readBigint(this);
      case TEXT:
        return this.reader.codeUnits();
      case REGEXP:
        return readPattern(this);
      case LINK:
        return readUrl(this);
      case BINARY:
        return readBinary(this);
      case HANDLE:
        return this.beside().handle(this.#index()) ?? malformed("it refers to a handle that there is not");
      case MOVED:
        return this.beside().transfer(this.#index()) ??
          malformed("it refers to a transferred object that there is not");
      case MOVED_VIEW:
        return readMovedView(this);
      case REFERENCE:
        return this.#reference(this.#index());
      case RESIZABLE:
        return readResizable(this);
      case VIEW:
        return readView(this);
      case FROM_TEXT:
        return readFromText(this);
      default:
        return malformed(`it has an extension of the unknown type ${type}`);
    }
  }

  #constant(which: number): undefined | Date {
    if (which === UNDEFINED) return undefined;
    if (which === INVALID_DATE) return this.remember(new Date(NaN));
    return malformed(which === HOLE ? "it has a hole outside an array" : `it has the unknown constant ${which}`);
  }

  #graph(depth: number): unknown {
    if (depth !== 0 || this.#met !== undefined) malformed("it has a graph within a value");
    this.#met = [];
    const value = this.value(0);
    this.#met = undefined;
    return value;
  }

  #reference(number: number): object {
    return this.#met?.[number] ?? malformed(`it refers to object ${number}, which there is not`);
  }

  #index(): number {
    const length = this.reader.remaining;
    if (length !== 1 && length !== 2 && length !== 4) malformed(`an index has ${length} bytes`);
    return this.reader.uint(length);
  }
}
