import { oneLine } from "../../channels/kernel/escape.ts";
import { isDeepStrictEqual } from "node:util";
import { isCell } from "../../channels/kernel/cell.ts";
import { isGraph } from "../../channels/kernel/codec/tokens.ts";
import type { Passage } from "../../channels/kernel/handle.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { expected, isList, isNumber, maybe, startsWith } from "../../channels/kernel/shape.ts";
import { peek } from "./kept.ts";
import { type Entry, type Home, SharedCell } from "./shared_cell.ts";

const isSlice = startsWith(maybe(isNumber), maybe(isNumber));

/** The home of a list. A negative index counts from the end. */
export class ListCell extends SharedCell {
  #items: Entry[] = [];

  constructor(kind: string, home: Home) {
    super(kind, home);
    for (const [, packet] of this.stored?.rows("name") ?? []) this.#items.push(this.keep(packet));
  }

  describe(): string {
    return `size ${this.#items.length}`;
  }

  protected perform(request: Request): void {
    const { verb, detail, body } = request;
    const items = this.#items;
    switch (verb) {
      case "get":
        return this.give(request, items[this.#index(detail)]?.packet);
      case "set": {
        const at = this.#existing("set", detail);
        this.#replace(at, body);
        return this.tell(request);
      }
      case "push":
        items.push(this.keep(body));
        this.#stored(items.length - 1);
        return this.tell(request, items.length);
      case "insert": {
        const at = Math.min(Math.max(0, this.#index(detail)), items.length);
        items.splice(at, 0, this.keep(body));
        this.#stored(at);
        return this.tell(request, items.length);
      }
      case "pop":
        return this.#pop(request, this.#index(detail));
      case "remove": {
        const at = this.#find(body);
        this.drop(body);
        if (at >= 0) this.#cut(at);
        return this.tell(request, at >= 0);
      }
      case "indexOf": {
        const at = this.#find(body);
        this.drop(body);
        return this.tell(request, at);
      }
      case "slice": {
        const [start, end] = expected("what to read of a list", peek(body), isSlice);
        return this.tell(request, items.slice(start, end).map(({ packet }) => peek(packet)));
      }
      case "extend":
        return this.#extend(request);
      case "sort":
        this.#sort(detail === "descending");
        return this.tell(request);
      case "reverse":
        items.reverse();
        this.#stored(0);
        return this.tell(request);
      case "read":
      case "claim":
        return this.tell(request, this.#seen(this.#existing("update", detail)));
      case "swap":
      case "settle":
        return this.#swap(request);
      case "size":
        return this.tell(request, items.length);
      case "clear":
        this.#items = [];
        for (const { packet } of items) this.drop(packet);
        this.#stored(0);
        return this.tell(request);
    }
    throw noSuchRequest("a list", verb);
  }

  protected empty(): void {
    this.#items = [];
  }

  #index(detail: string): number {
    const index = Number(detail);
    return index < 0 ? index + this.#items.length : index;
  }

  #existing(action: string, detail: string): number {
    const at = this.#index(detail);
    if (at in this.#items) return at;
    throw new RangeError(
      `Cannot ${action} an item of a list: there is no index ${oneLine(detail)} among ${this.#items.length}`,
    );
  }

  #replace(at: number, packet: Packet): void {
    const before = this.#items[at];
    this.#items[at] = this.keep(packet);
    this.drop(before.packet);
    this.stored?.put(rowOf(at), packet);
  }

  #pop(request: Request, at: number): void {
    const packet = this.#items[at]?.packet;
    this.give(request, packet);
    if (packet !== undefined) this.#cut(at);
  }

  #cut(at: number): void {
    const [{ packet }] = this.#items.splice(at, 1);
    this.drop(packet);
    this.#stored(at);
  }

  /** The values are kept one by one, though they came together. */
  #extend(request: Request): void {
    // Refused as a whole, if it is.
    if (this.stored !== undefined) this.keep(request.body);
    const values = expected("values of a list", peek(request.body), isList);
    const from = this.#items.length;
    for (const packet of this.wrapAll(values)) this.#items.push(this.keep(packet));
    this.drop(request.body);
    this.#stored(from);
    this.tell(request, this.#items.length);
  }

  #seen(at: number): [number, unknown] {
    const { version, packet } = this.#items[at];
    return [version, peek(packet)];
  }

  #swap(request: Request): void {
    const [version, place] = request.detail.split(" ");
    const at = this.#existing("update", place);
    const isSame = this.#items[at].version === Number(version);
    if (isSame) this.#replace(at, request.body);
    else this.drop(request.body);
    this.tell(request, isSame);
  }

  #find(wanted: Packet): number {
    const at = this.#items.findIndex(({ packet }) => isSamePacket(packet, wanted));
    if (!isComparable(wanted)) return at;
    const value = peek(wanted);
    if (hasObjectMembers(value)) return at;
    const isEqual = ({ packet }: Entry) => isComparable(packet) && isDeepStrictEqual(peek(packet), value);
    const before = this.#items.slice(0, at < 0 ? undefined : at).findIndex(isEqual);
    return before < 0 ? at : before;
  }

  #sort(descending: boolean): void {
    const sign = descending ? -1 : 1;
    const keyed = this.#items.map((entry) => ({ entry, value: sortable(peek(entry.packet)) }));
    for (const { value } of keyed) {
      if (kindOf(value) !== kindOf(keyed[0].value)) throw unsortable(keyed[0].value, value);
    }
    keyed.sort(({ value: a }, { value: b }) => sign * (a < b ? -1 : a > b ? 1 : 0));
    this.#items = keyed.map(({ entry }) => entry);
    this.#stored(0);
  }

  /** Everything from one index on is other than it was. */
  #stored(from: number): void {
    if (this.stored === undefined) return;
    for (let at = from; at < this.#items.length; at++) this.stored.put(rowOf(at), this.#items[at].packet);
    this.stored.removeFrom(rowOf(this.#items.length));
  }
}

type Sortable = number | bigint | string | boolean | Date;

function sortable(value: unknown): Sortable {
  if (["number", "bigint", "string", "boolean"].includes(typeof value) || value instanceof Date) {
    return value as Sortable;
  }
  throw new TypeError("Cannot sort a list: only numbers, bigints, strings, booleans and dates have an order");
}

/** What can be compared with what. */
function kindOf(value: Sortable): string {
  return typeof value === "bigint" ? "number" : typeof value;
}

function unsortable(a: Sortable, b: Sortable): TypeError {
  return new TypeError(`Cannot sort a list: a ${kindOf(a)} cannot be compared with a ${kindOf(b)}`);
}

function isSamePacket(a: Packet, b: Packet): boolean {
  if (a.passages.length !== b.passages.length) return false;
  if (!a.passages.every((passage, at) => sameTarget(passage, b.passages[at]))) return false;
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, at) => byte === b.bytes[at]);
}

/** A comparison takes as long as there are ways to an object that lies in the value again and again. */
function isComparable({ passages, bytes }: Packet): boolean {
  return passages.length === 0 && !isGraph(bytes);
}

/** Whether a Set or the keys of a Map within the value have objects: a comparison takes each with each of the other's. */
function hasObjectMembers(value: unknown): boolean {
  if (!isObject(value) || ArrayBuffer.isView(value)) return false;
  if (value instanceof Set) return [...value].some(isObject);
  if (value instanceof Map) return [...value].some(([key, item]) => isObject(key) || hasObjectMembers(item));
  // What an error has for its cause is not listed.
  const names = Object.getOwnPropertyNames(value);
  return names.some((name) => hasObjectMembers((value as Record<string, unknown>)[name]));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Rows are found in the order of their names. */
function rowOf(at: number): string {
  return String(at).padStart(16, "0");
}

function sameTarget({ kind, target: a }: Passage, { kind: other, target: b }: Passage): boolean {
  if (kind !== other) return false;
  if (isCell(a) || isCell(b)) return a === b;
  return a.isolate === b.isolate && a.slot === b.slot && a.secret === b.secret;
}
