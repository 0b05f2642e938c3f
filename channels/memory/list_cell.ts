import { Cell } from "../kernel/cell.ts";
import { unpack } from "../kernel/pack.ts";
import type { Request } from "../kernel/request.ts";

/** What a slot of a shareable list can hold. */
export type Shareable = null | boolean | bigint | number | string | Uint8Array;

/** The home of a shareable list. */
export class ListCell extends Cell {
  readonly slots: Shareable[];

  constructor(slots: Shareable[]) {
    super();
    this.slots = slots;
  }

  receive(request: Request): void {
    const [index, value] = unpack(request.body, request.from) as [number, Shareable];
    switch (request.verb) {
      case "get":
        return request.reply([this.slots[index]]);
      case "set":
        this.slots[index] = value;
        return request.reply();
      case "values":
        return request.reply(this.slots);
      default:
        request.throw(new TypeError(`Cannot ask a shareable list: no such request as "${request.verb}"`));
    }
  }
}
