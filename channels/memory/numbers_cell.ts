import { Cell } from "../kernel/cell.ts";
import { unpack } from "../kernel/pack.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import type { AnyNumber } from "./number_kind.ts";
import type { Numbers } from "./numbers.ts";

/** The home of a shared value or array: does for other processes, on the same memory, what threads do themselves. */
export class NumbersCell extends Cell {
  readonly numbers: Numbers;

  constructor(numbers: Numbers) {
    super();
    this.numbers = numbers;
  }

  /** The numbers, where those who share their memory may use them without asking. */
  get shared(): Numbers | undefined {
    return this.numbers;
  }

  receive(request: Request): void {
    const [index, a, b] = unpack(request.body, request.from) as [number, AnyNumber, AnyNumber];
    this.settle(request, this.#answer(request.verb, index, a, b), index);
  }

  /** Answers. */
  protected settle(request: Request, value: unknown, _index: number): void {
    request.reply(value);
  }

  #answer(verb: string, index: number, a: AnyNumber, b: AnyNumber): unknown {
    const { numbers } = this;
    switch (verb) {
      case "get":
        return numbers.get(index);
      case "set":
        return numbers.set(index, a);
      case "add":
        return numbers.add(index, a);
      case "compareExchange":
        return numbers.compareExchange(index, a, b);
      case "slice":
        return Array.from({ length: Math.max(0, (a as number) - index) }, (_, at) => numbers.get(index + at));
      default:
        throw noSuchRequest("shared numbers", verb);
    }
  }
}
