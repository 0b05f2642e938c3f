import { Charges } from "../kernel/account.ts";
import { Cell } from "../kernel/cell.ts";
import { bodyOf } from "../kernel/relay.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { brief } from "../kernel/show.ts";
import { indexAmong } from "./index_among.ts";

/** What a slot of a shareable list can hold. */
export type Shareable = null | boolean | bigint | number | string | Uint8Array;

/**
 * @throws {TypeError} If no slot can hold a value of its type.
 * @throws {RangeError} If it is a bigint of more than 64 bits.
 */
export function checkShareable(action: string, value: unknown): Shareable {
  switch (typeof value) {
    case "boolean":
    case "number":
    case "string":
      return value;
    case "bigint":
      if (BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value) return value;
      throw new RangeError(`Cannot ${action} a shareable list: ${brief(value)} has more than 64 bits`);
  }
  if (value === null || value instanceof Uint8Array) return value;
  throw new TypeError(
    `Cannot ${action} a shareable list: it holds null, booleans, bigints, numbers, strings and bytes, not ${typeof value}`,
  );
}

/** The home of a shareable list. */
export class ListCell extends Cell {
  readonly slots: Shareable[];
  /** For the values that strangers have set, by the slot. */
  #charges: Charges<number> | undefined;

  constructor(slots: Shareable[]) {
    super();
    this.slots = slots;
  }

  receive(request: Request): void {
    const [index, value] = bodyOf(request, this) as [unknown, unknown];
    const at = (action: string) => indexAmong(`${action} a slot of a shareable list`, index, this.slots.length);
    switch (request.verb) {
      case "get":
        return request.reply(this.slots[at("get")]);
      case "set":
        this.#set(at("set"), checkShareable("set a slot of", value), request);
        return request.reply();
      case "values":
        return request.reply(this.slots);
      default:
        request.throw(noSuchRequest("a shareable list", request.verb));
    }
  }

  #set(slot: number, value: Shareable, request: Request): void {
    this.slots[slot] = value;
    this.#charges?.end(slot);
    const charge = request.takeCharge();
    if (charge !== undefined) (this.#charges ??= new Charges(this)).add(slot, charge);
  }
}
