import type { Packet } from "../../channels/kernel/packet.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { brief } from "../../channels/kernel/show.ts";
import { ChangesCell, changesOf } from "./changes.ts";
import { checkKeyText, keyOfText } from "./key.ts";
import { peek } from "./kept.ts";
import { type Entry, type Home, SharedCell } from "./shared_cell.ts";

/** The home of a dict, and of whatever else finds values by keys: sets and namespaces. Keys are known by their texts. */
export class DictCell extends SharedCell {
  readonly #entries = new Map<string, Entry>();
  readonly #followers = new Set<ChangesCell>();

  constructor(kind: string, home: Home) {
    super(kind, home);
    for (const [key, packet] of this.stored?.rows() ?? []) this.#entries.set(key, this.keep(packet));
  }

  /** The value of a key, in a list; an empty one when there is none. */
  lookUp(key: string): [] | [unknown] {
    const entry = this.#entries.get(key);
    return entry === undefined ? [] : [peek(entry.packet)];
  }

  describe(): string {
    return `size ${this.#entries.size}`;
  }

  protected perform(request: Request): void {
    const { verb, detail: key, body } = request;
    const packet = this.#entries.get(key)?.packet;
    switch (verb) {
      case "get":
        return this.give(request, packet);
      case "has":
        return this.tell(request, packet !== undefined);
      case "set":
        this.#put(key, body);
        return this.tell(request);
      case "add":
        if (packet === undefined) this.#put(key, body);
        return this.tell(request, packet === undefined);
      case "setDefault":
        if (packet === undefined) this.#put(key, body);
        else this.drop(body);
        return this.give(request, this.#entries.get(key)!.packet);
      case "delete":
        if (packet !== undefined) this.#remove(key);
        return this.tell(request, packet !== undefined);
      case "pop":
        this.give(request, packet);
        if (packet !== undefined) this.#remove(key);
        return;
      case "increment":
        return this.#increment(request, packet);
      case "read":
      case "claim":
        return this.tell(request, this.#seen(key));
      case "swap":
      case "settle":
        return this.#swap(request);
      case "size":
        return this.tell(request, this.#entries.size);
      case "keys":
        return this.tell(request, [...this.#entries.keys()]);
      case "entries":
        return this.tell(request, [...this.#entries].map(([key, { packet }]) => [key, peek(packet)]));
      case "clear":
        for (const key of [...this.#entries.keys()]) this.#remove(key);
        return this.tell(request);
      case "follow":
        return this.#follow(request);
    }
    throw noSuchRequest("a dict", verb);
  }

  protected empty(): void {
    this.#entries.clear();
  }

  #put(key: string, packet: Packet): void {
    const before = this.#entries.get(key);
    // Everybody who reads the keys would read this one, and fail if it is malformed.
    if (before === undefined) checkKeyText(key);
    this.#entries.set(key, this.keep(packet));
    if (before !== undefined) this.drop(before.packet);
    this.stored?.put(key, packet);
    this.#changed(key, before !== undefined, true);
  }

  #remove(key: string): void {
    const { packet } = this.#entries.get(key)!;
    this.#entries.delete(key);
    this.drop(packet);
    this.stored?.remove(key);
    this.#changed(key, true, false);
  }

  #increment(request: Request, packet: Packet | undefined): void {
    const by = peek(request.body) as number | bigint | undefined;
    const sum = sumOf(packet && peek(packet), by, request.detail);
    const next = this.wrap(sum);
    this.#put(request.detail, next);
    this.give(request, next);
  }

  #seen(key: string): [number, unknown?] {
    const entry = this.#entries.get(key);
    return entry === undefined ? [0] : [entry.version, peek(entry.packet)];
  }

  #swap(request: Request): void {
    const { detail, body } = request;
    const space = detail.indexOf(" ");
    const key = detail.slice(space + 1);
    const isSame = (this.#entries.get(key)?.version ?? 0) === Number(detail.slice(0, space));
    if (isSame) this.#put(key, body);
    else this.drop(body);
    this.tell(request, isSame);
  }

  #follow(request: Request): void {
    const follower: ChangesCell = new ChangesCell(
      (key) => this.lookUp(key),
      () => this.#followers.delete(follower),
      request.from.account,
    );
    this.#followers.add(follower);
    this.tell(request, this.life.own(changesOf(follower)));
  }

  #changed(key: string, before: boolean, now: boolean): void {
    for (const follower of this.#followers) follower.changed(key, before, now);
  }
}

function sumOf(old: unknown, by: number | bigint | undefined, key: string): number | bigint {
  const start = old ?? (typeof by === "bigint" ? 0n : 0);
  const step = by ?? (typeof start === "bigint" ? 1n : 1);
  if (typeof start === "number" && typeof step === "number") return start + step;
  if (typeof start === "bigint" && typeof step === "bigint") return start + step;
  throw new TypeError(
    `Cannot increment ${brief(keyOfText(key))} of a dict: it is ${article(start)}, by ${article(step)}`,
  );
}

function article(value: unknown): string {
  const type = value === null ? "null" : typeof value;
  return type === "object" ? "an object" : `a ${type}`;
}
