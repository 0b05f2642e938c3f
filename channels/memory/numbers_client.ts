import { DisconnectedError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { ask } from "../kernel/ask.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import type { Passage } from "../kernel/handle.ts";
import { packPlain } from "../kernel/pack.ts";
import { expected, listOf, type Shape } from "../kernel/shape.ts";
import { type AnyNumber, checkNumber, isOfKind, type NumberKind } from "./number_kind.ts";
import { Numbers } from "./numbers.ts";
import { NumbersCell } from "./numbers_cell.ts";

/** The verbs in words, for errors. */
const ACTIONS = { get: "read", slice: "read", set: "set", add: "add to", compareExchange: "exchange" } as const;

const ANSWER = "shared numbers";

/** Where a field of a shared struct lies. */
export interface Column {
  /** How many fields come before it. */
  readonly number: number;
  /** Where its numbers begin in the memory. */
  readonly byteOffset: number;
}

const FIRST: Column = { number: 0, byteOffset: 0 };

/** One handle's way to shared numbers: the memory itself where it is shared, their home elsewhere. */
export class NumbersClient {
  readonly kind: NumberKind;
  readonly length: number;
  readonly #title: string;
  /** The index of the first of them at their home. */
  readonly #base: number;
  readonly #target: Target;
  readonly #numbers: Numbers | undefined;
  readonly #isNumber: Shape<AnyNumber> = (value): value is AnyNumber => isOfKind(this.kind, value);

  constructor(
    title: string,
    kind: NumberKind,
    length: number,
    target: Target,
    memory: SharedArrayBuffer | undefined,
    column: Column = FIRST,
  ) {
    this.#title = title;
    this.kind = kind;
    this.length = length;
    this.#target = target;
    this.#base = column.number * length;
    if (isCell(target)) this.#numbers = (target as NumbersCell).shared?.[column.number];
    else if (memory !== undefined) this.#numbers = new Numbers(kind, memory, column.byteOffset, length);
  }

  /** The client of numbers whose home is here. */
  static here(title: string, numbers: Numbers): NumbersClient {
    return new NumbersClient(title, numbers.kind, numbers.length, new NumbersCell(numbers), undefined);
  }

  /** What travels. */
  passage(kind: string): Passage {
    return { kind, target: this.#target, meta: [this.kind, this.length], memory: this.memory };
  }

  /** The memory in which they lie, where it is shared. */
  get memory(): SharedArrayBuffer | undefined {
    return this.#numbers?.memory;
  }

  /** The first of them, in words; where the memory is shared, that is. */
  describe(): string {
    return `${this.kind}, ${this.#numbers?.get(0) ?? "elsewhere"}`;
  }

  async get(index: number): Promise<AnyNumber> {
    return this.#numbers?.get(index) ?? await this.#number("get", index);
  }

  async set(index: number, value: AnyNumber): Promise<void> {
    if (this.#numbers !== undefined) this.#numbers.set(index, value);
    else await this.#ask("set", index, checkNumber(`set a ${this.#title}`, this.kind, value));
  }

  async add(index: number, by: AnyNumber): Promise<AnyNumber> {
    return this.#numbers?.add(index, by) ?? await this.#number("add", index, by);
  }

  async compareExchange(index: number, wanted: AnyNumber, replacement: AnyNumber): Promise<AnyNumber> {
    return this.#numbers?.compareExchange(index, wanted, replacement) ??
      await this.#number("compareExchange", index, wanted, replacement);
  }

  async update(index: number, change: (old: AnyNumber) => AnyNumber): Promise<AnyNumber> {
    if (this.#numbers !== undefined) return this.#numbers.update(index, change);
    let old = await this.#number("get", index);
    while (true) {
      const next = checkNumber(`update a ${this.#title}`, this.kind, change(old));
      const found = await this.#number("compareExchange", index, old, next);
      if (Object.is(found, old)) return next;
      old = found;
    }
  }

  async slice(start: number, end: number): Promise<AnyNumber[]> {
    const numbers = this.#numbers;
    if (numbers === undefined) {
      return expected(ANSWER, await this.#ask("slice", start, this.#base + end), listOf(this.#isNumber));
    }
    return Array.from({ length: Math.max(0, end - start) }, (_, at) => numbers.get(start + at));
  }

  /** @throws {TypeError} If the memory is not shared with this process. */
  shared(action: string): Numbers {
    if (this.#numbers !== undefined) return this.#numbers;
    throw new TypeError(`Cannot ${action} a ${this.#title} directly: its memory is not shared with this process`);
  }

  /** The number that the home answers with. Another program's may answer with anything. */
  async #number(verb: keyof typeof ACTIONS, index: number, ...args: AnyNumber[]): Promise<AnyNumber> {
    return expected(ANSWER, await this.#ask(verb, index, ...args), this.#isNumber);
  }

  async #ask(verb: keyof typeof ACTIONS, index: number, ...args: AnyNumber[]): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${ACTIONS[verb]} a ${this.#title}: its home is gone`);
    return await ask(this.#target, {
      holder: whoActs.holder(),
      verb,
      body: packPlain([this.#base + index, ...args]),
      lost,
    });
  }
}
