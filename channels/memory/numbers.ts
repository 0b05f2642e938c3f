import { brief } from "../kernel/show.ts";
import { type AnyNumber, checkNumber, isBig, isOfKind, KINDS, type NumberKind } from "./number_kind.ts";

type Integers = Int32Array<SharedArrayBuffer>;

/** Turns the bits of floats into numbers and back. */
const scratch = new ArrayBuffer(8);
const FLOATS = { float32: new Float32Array(scratch), float64: new Float64Array(scratch) } as const;
const BITS = { float32: new Int32Array(scratch), float64: new BigInt64Array(scratch) } as const;

/** Numbers of one kind in shared memory. Every operation is atomic, whoever else is at it. */
export class Numbers {
  readonly kind: NumberKind;
  readonly memory: SharedArrayBuffer;
  readonly view: ArrayLike<AnyNumber>;
  /** Typed as one kind of integer: all integer views have the same atomic operations. */
  readonly #words: Integers;
  readonly #float: "float32" | "float64" | undefined;

  /** @param byteOffset where they begin, and `length` how many there are; all of the memory when left out */
  constructor(kind: NumberKind, memory: SharedArrayBuffer, byteOffset: number = 0, length?: number) {
    const { View, Bits } = KINDS[kind];
    this.kind = kind;
    this.memory = memory;
    this.view = new View(memory, byteOffset, length) as ArrayLike<AnyNumber>;
    this.#words = (Bits === undefined ? this.view : new Bits(memory, byteOffset, length)) as unknown as Integers;
    this.#float = kind === "float32" || kind === "float64" ? kind : undefined;
  }

  /** So many zeros. */
  static zeros(kind: NumberKind, length: number): Numbers {
    return new Numbers(kind, new SharedArrayBuffer(length * KINDS[kind].bytes));
  }

  /** How many there are. */
  get length(): number {
    return this.view.length;
  }

  get(index: number): AnyNumber {
    return this.#fromBits(Atomics.load(this.#words, index));
  }

  set(index: number, value: AnyNumber): void {
    Atomics.store(this.#words, index, this.#toBits(checkNumber("set a shared number", this.kind, value)));
  }

  /** Adds, and returns the sum. */
  add(index: number, by: AnyNumber): AnyNumber {
    checkAddend(this.kind, by);
    return this.update(index, (old) => (old as number) + (by as number));
  }

  /** Replaces the number if it is `expected`. Returns what was there. */
  compareExchange(index: number, expected: AnyNumber, replacement: AnyNumber): AnyNumber {
    const action = "compare and exchange a shared number";
    const wanted = checkNumber(action, this.kind, expected);
    const next = checkNumber(action, this.kind, replacement);
    while (true) {
      const bits = Atomics.load(this.#words, index);
      const found = this.#fromBits(bits);
      // Not by bits: there is more than one NaN.
      if (!Object.is(found, wanted) || this.#replace(index, bits, next)) return found;
    }
  }

  /** Replaces the number by what `change` makes of it, asked again until nobody came in between. */
  update(index: number, change: (old: AnyNumber) => AnyNumber): AnyNumber {
    while (true) {
      const bits = Atomics.load(this.#words, index);
      const next = checkNumber("change a shared number", this.kind, change(this.#fromBits(bits)));
      if (this.#replace(index, bits, next)) return next;
    }
  }

  #replace(index: number, bits: number, next: AnyNumber): boolean {
    return Atomics.compareExchange(this.#words, index, bits, this.#toBits(next)) === bits;
  }

  #fromBits(bits: number): AnyNumber {
    if (this.#float === undefined) return bits;
    (BITS[this.#float] as Int32Array)[0] = bits;
    return FLOATS[this.#float][0];
  }

  #toBits(value: AnyNumber): number {
    if (this.#float === undefined) return value as number;
    FLOATS[this.#float][0] = value as number;
    return (BITS[this.#float] as Int32Array)[0];
  }
}

/** What is added may be of either sign, whatever the kind holds. */
function checkAddend(kind: NumberKind, by: AnyNumber): void {
  if (isOfKind(kind, by)) return;
  throw new TypeError(
    `Cannot add to a shared number: ${kind} takes a ${isBig(kind) ? "bigint" : "number"}, not ${brief(by)}`,
  );
}
