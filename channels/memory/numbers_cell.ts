import { Cell } from "../kernel/cell.ts";
import { bodyOf } from "../kernel/relay.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { expected, isCount, startsWith } from "../kernel/shape.ts";
import type { AnyNumber } from "./number_kind.ts";
import type { Numbers } from "./numbers.ts";

const isAsked = startsWith(isCount);

/**
 * The home of a shared value, array or struct: does for other processes, on the same memory, what threads do themselves.
 * It is asked by index. In a struct the numbers of a field follow those of the field before it.
 */
export class NumbersCell extends Cell {
  readonly columns: readonly Numbers[];

  /** @param columns one for each field of a struct, all of one length */
  constructor(...columns: readonly Numbers[]) {
    super();
    this.columns = columns;
  }

  /** The numbers, where those who share their memory may use them without asking. */
  get shared(): readonly Numbers[] | undefined {
    return this.columns;
  }

  receive(request: Request): void {
    const values = bodyOf(request, this) as [number, AnyNumber, AnyNumber];
    // A text would pass for an index, and lead to the same number again and again.
    const [index] = expected("a request for shared numbers", values, isAsked);
    const [, a, b] = values;
    this.settle(request, this.#answer(request.verb, index, a, b), index);
  }

  /** Answers. */
  protected settle(request: Request, value: unknown, _index: number): void {
    request.reply(value);
  }

  /** Reads a number. */
  protected get(index: number): AnyNumber {
    const [numbers, at] = this.#find(index);
    return numbers.get(at);
  }

  /** Writes a number. */
  protected set(index: number, value: AnyNumber): void {
    const [numbers, at] = this.#find(index);
    numbers.set(at, value);
  }

  #answer(verb: string, index: number, a: AnyNumber, b: AnyNumber): unknown {
    const [numbers, at] = this.#find(index);
    switch (verb) {
      case "get":
        return numbers.get(at);
      case "set":
        return numbers.set(at, a);
      case "add":
        return numbers.add(at, a);
      case "compareExchange":
        return numbers.compareExchange(at, a, b);
      case "slice":
        return this.#slice(numbers, at, expected("a request for shared numbers", a, isCount) - index);
      default:
        throw noSuchRequest("shared numbers", verb);
    }
  }

  #slice(numbers: Numbers, at: number, count: number): AnyNumber[] {
    if (count > Math.max(0, numbers.length - at)) {
      throw new RangeError(`Cannot read shared numbers: there are no ${count} from ${at} on, of ${numbers.length}`);
    }
    return Array.from({ length: Math.max(0, count) }, (_, step) => numbers.get(at + step));
  }

  #find(index: number): [numbers: Numbers, at: number] {
    const { length } = this.columns[0];
    const column = this.columns[Math.floor(index / length)];
    if (column === undefined) return [this.columns[0], index];
    return [column, index % length];
  }
}
