import { type IsolateId, isWithin } from "../kernel/address.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import type { Envelope } from "../kernel/envelope.ts";
import { isolate } from "../kernel/isolate.ts";

/** The isolates that a peer has heard of from this program, but for those of its own: their deaths are its business. */
export class Told {
  readonly #ids = new Set<IsolateId>();

  /** @param alias what the peer's isolates are within: it can make up any number */
  constructor(readonly alias: IsolateId) {}

  has(id: IsolateId): boolean {
    return this.#ids.has(id);
  }

  /** The peer hears of all that an envelope names. */
  note(envelope: Envelope): void {
    this.#add(envelope.from);
    if (!("body" in envelope)) return;
    for (const { target, also } of envelope.body.passages) {
      this.#add(isolateOf(target));
      if (also !== undefined) this.#add(isolateOf(also));
    }
  }

  #add(id: IsolateId): void {
    if (!isWithin(id, this.alias)) this.#ids.add(id);
  }

  /** Whether the peer knows anybody of those who are gone; from now on it knows them no more. */
  forget(gone: IsolateId): boolean {
    let isTold = false;
    for (const id of this.#ids) {
      if (!isWithin(id, gone)) continue;
      this.#ids.delete(id);
      isTold = true;
    }
    return isTold;
  }
}

function isolateOf(target: Target): IsolateId {
  return isCell(target) ? isolate.id : target.isolate;
}
