import { decode } from "../../channels/kernel/codec/decode.ts";
import { packPlain } from "../../channels/kernel/pack.ts";
import type { Request } from "../../channels/kernel/request.ts";
import type { AnyNumber } from "../../channels/memory/number_kind.ts";
import type { Numbers } from "../../channels/memory/numbers.ts";
import { NumbersCell } from "../../channels/memory/numbers_cell.ts";
import type { StoredObject } from "./journal.ts";

/** The home of numbers that are kept on disk: nobody writes to their memory directly. */
export class StoredNumbersCell extends NumbersCell {
  readonly #stored: StoredObject;

  constructor(columns: readonly Numbers[], stored: StoredObject) {
    super(...columns);
    this.#stored = stored;
    for (const [index, { bytes }] of stored.rows()) this.set(Number(index), decode(bytes) as AnyNumber);
  }

  override get shared(): undefined {
    return undefined;
  }

  protected override settle(request: Request, value: unknown, index: number): void {
    if (request.verb !== "get" && request.verb !== "slice") {
      this.#stored.put(String(index), packPlain(this.get(index)));
    }
    this.#stored.journal.committed(() => request.reply(value));
  }
}
