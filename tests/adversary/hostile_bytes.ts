/** Values as a stranger writes them: every form of the wire, with anything where something else is promised. */
import * as extension from "../../channels/kernel/codec/extension.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import type { Chance } from "../chance.ts";

const WORDS: readonly string[] = [
  "",
  "a",
  "name",
  "message",
  "stack",
  "cause",
  "errors",
  "error",
  "suppressed",
  "code",
  "exit",
  "address",
  "reason",
  "then",
  "toString",
  "valueOf",
  "constructor",
  "__proto__",
  "length",
  "signal",
  "normal",
  "killed",
  "line\nbreak",
  "\x1b[2J\x1b]0;title\x07",
  "\u202e\u0000",
  "\ud800",
  "x".repeat(300),
];
const CLASSES: readonly string[] = [
  "Error",
  "TypeError",
  "AggregateError",
  "DOMException",
  "ActorExitedError",
  "TimeoutError",
  "RemoteError",
  "StartError",
  "RestartLimitError",
  "BufferTooShortError",
  "NotSerializableError",
  "no such class",
  "__proto__",
];
const REASONS: readonly string[] = [
  "normal",
  "stopped",
  "killed",
  "error",
  "error",
  "error",
  "out-of-memory",
  "parent-gone",
  "unresponsive",
  "\x1b[2J",
];
const HIDDEN: readonly string[] = ["name", "name", "cause", "errors", "error", "suppressed"];
/** An object of which no text can be made. */
const NO_TEXT: readonly number[] = [...encode({ toString: 1, valueOf: 1 }, "value")];
const TYPES: readonly number[] = Object.values(extension).filter((value) => typeof value === "number");

/** Writes hostile values; never the same twice, always the same for one seed. */
export class HostileBytes {
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** The bytes of one value. */
  value(depth: number = 4): number[] {
    const chance = this.#chance;
    if (depth === 0) return this.#leaf();
    switch (chance.below(10)) {
      case 0:
      case 1:
        return this.#array(this.#many(() => this.value(depth - 1)));
      case 2:
      case 3:
        return this.#map(this.#many(() => [this.#key(), this.value(depth - 1)]));
      case 4:
      case 5:
        return this.error(depth - 1);
      case 6:
        return this.#extension(chance.one(TYPES), this.#many(() => this.value(depth - 1)).flat());
      case 7:
        return [...encode(this.#plain(), "value")];
      default:
        return this.#leaf();
    }
  }

  /** A whole body: sometimes a bomb, sometimes damaged. */
  body(): Uint8Array {
    const chance = this.#chance;
    switch (chance.below(24)) {
      case 0:
        return bomb(chance);
      case 1:
        return chance.damage(new Uint8Array(this.value()));
      case 2:
        return chance.bytes(chance.below(40));
      case 3:
        return new Uint8Array(Array(chance.below(3000)).fill(0x91));
      default:
        return new Uint8Array(this.value());
    }
  }

  /** The exit of an actor, with anything in any of its fields; mostly one that looks like one. */
  exit(): number[] {
    const chance = this.#chance;
    const code = chance.oneIn(12) ? this.value(1) : [chance.below(128)];
    const reason = chance.oneIn(12) ? this.value(1) : string(chance.one(REASONS));
    const error = chance.oneIn(4) ? [...this.body()] : this.poisoned();
    const fields: [string, number[]][] = [["code", code], ["reason", reason]];
    if (chance.oneIn(5)) fields.push(["signal", chance.oneIn(3) ? this.value(1) : this.#text()]);
    if (!chance.oneIn(4)) fields.push(["error", error]);
    return [0x80 | fields.length, ...fields.flatMap(([key, value]) => [...string(key), ...value])];
  }

  /** A well-formed error, of which one thing is not what errors promise. */
  poisoned(): number[] {
    const chance = this.#chance;
    const isHidden = chance.oneIn(2);
    const field = [...string(chance.one(HIDDEN)), ...(chance.oneIn(3) ? this.value(2) : NO_TEXT)];
    return this.#extension(extension.ERROR, [
      ...(chance.oneIn(2) ? [0xc0] : string(chance.one(CLASSES))),
      ...this.#text(),
      ...this.#text(),
      0xc0,
      ...(isHidden ? field : []),
      0xc0,
      ...(isHidden ? [] : field),
    ], true);
  }

  /** An error with anything in any of its fields. */
  error(depth: number = 3): number[] {
    const chance = this.#chance;
    if (chance.oneIn(2)) return this.poisoned();
    const text = () => chance.oneIn(6) ? this.value(depth > 0 ? depth - 1 : 0) : this.#text();
    const fields = (end: number) =>
      Array.from({ length: chance.below(end) }, () => [...this.#key(), ...this.value(Math.max(0, depth - 1))]).flat();
    return this.#extension(extension.ERROR, [
      ...(chance.oneIn(3) ? [0xc0] : string(chance.one(CLASSES))),
      ...text(),
      ...text(),
      ...(chance.oneIn(3) ? [0xc0] : text()),
      ...fields(3),
      0xc0,
      ...fields(4),
    ]);
  }

  #many<T>(make: () => T): T[] {
    return Array.from({ length: this.#chance.below(4) }, make);
  }

  #array(items: readonly number[][]): number[] {
    return [0x90 | items.length, ...items.flat()];
  }

  #map(entries: readonly (readonly [number[], number[]])[]): number[] {
    return [0x80 | entries.length, ...entries.flatMap(([key, value]) => [...key, ...value])];
  }

  #extension(type: number, body: readonly number[], isWhole = false): number[] {
    const length = !isWhole && this.#chance.oneIn(12) ? this.#chance.below(1000) : body.length;
    return [0xc8, length >> 8 & 0xff, length & 0xff, type & 0xff, ...body];
  }

  #key(): number[] {
    return this.#chance.oneIn(8) ? this.value(1) : this.#text();
  }

  #text(): number[] {
    return string(this.#chance.one(WORDS));
  }

  #leaf(): number[] {
    const chance = this.#chance;
    switch (chance.below(9)) {
      case 0:
        return [0xc0];
      case 1:
        return [chance.one([0xc2, 0xc3])];
      case 2:
        return [chance.below(128)];
      case 3:
        return [0xcb, ...chance.bytes(8)];
      case 4:
        return [0xcf, ...chance.bytes(8)];
      case 5:
        return [0xd4, extension.CONSTANT, chance.below(5)];
      case 6:
        return [0xd4, chance.one(TYPES) & 0xff, chance.below(6)];
      case 7:
        return [0xc4, 3, 1, 2, 3];
      default:
        return this.#text();
    }
  }

  #plain(): unknown {
    const chance = this.#chance;
    const self: Record<string, unknown> = { name: { toString: 1, valueOf: 1 }, code: chance.below(300) };
    return chance.one<unknown>([
      Object.assign(new Error("innocent"), { name: { toString: 1, valueOf: 1 } }),
      Object.assign(new AggregateError([new Error("inner")], "many"), { errors: 7 }),
      new Error("outer", { cause: { name: self } }),
      new Map([[{}, new Map()]]),
      new Set([1n, -1n, 2n ** 70n]),
      Object.assign(self, { self }),
      new Date(NaN),
      /a/g,
      [, 1, undefined],
    ]);
  }
}

/** One of the values that are small on the wire and have no end when they are shown. */
function bomb(chance: Chance): Uint8Array {
  const [width, depth] = chance.one([[100, 6], [2, 60], [10, 12]]);
  let value: unknown = chance.one<unknown>(["leaf", new Error("leaf")]);
  for (let level = 0; level < depth; level++) {
    const below = value;
    value = chance.oneIn(8)
      ? Object.assign(new Error("level"), { cause: below, name: below })
      : Array.from({ length: width }, () => below);
  }
  return encode(value, "value");
}

function string(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [0xda, bytes.length >> 8, bytes.length & 0xff, ...bytes];
}
