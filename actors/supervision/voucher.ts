import { DisconnectedError } from "../../channels/errors.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { hasFewerRights, type IsolateId, strangerOf } from "../../channels/kernel/address.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { Cell, isCell, type Target } from "../../channels/kernel/cell.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";

/** The request by which a cell is asked for what it vouches for. */
const DESCRIBED = "described";
/** The handle of a voucher, and its lease. */
const VOUCHER = "voucher";

class VoucherCell extends Cell {
  constructor(readonly wish: string, readonly asked: Target) {
    super();
  }

  receive(request: Request): void {
    if (request.verb === DESCRIBED) request.reply(this.#isFor(request.from.isolate) ? this.wish : "");
    else request.throw(noSuchRequest("a voucher", request.verb));
  }

  /** A stranger that was given the voucher is not to have others believe it. */
  #isFor(asking: IsolateId): boolean {
    // The place of a supervised actor is here, whoever's the isolate is in which the actor lives.
    const asked = isCell(this.asked) ? this.asked.direct : this.asked;
    if (asked === undefined) return false;
    const stranger = isCell(asked) ? undefined : strangerOf(asked.isolate, isolate.id);
    return stranger === undefined || strangerOf(asking, isolate.id) === stranger;
  }
}

/**
 * Shows that the isolate where it was made wants something. The sender of a request does not show that: a request to a
 * supervised actor comes from its place, and the request of a received handle was written by the handle's sender.
 */
export class Voucher {
  readonly #target: Target;

  private constructor(target: Target) {
    this.#target = target;
    enroll(this, () => ({ kind: VOUCHER, target, meta: null }));
  }

  /** A voucher of this isolate's, for the actor that is asked. */
  static for(wish: string, asked: Target): Voucher {
    return new Voucher(new VoucherCell(wish, asked));
  }

  /** Whether an isolate with the rights of this one wants that. */
  vouches(wish: string): Promise<boolean> {
    return vouchesAt(this.#target, wish);
  }

  static {
    handleKind(VOUCHER, { leased: true, revive: ({ target }) => new Voucher(target) });
  }
}

/** Whether a cell of an isolate with the rights of this one says just this. A message alone may say anything. */
export async function vouchesAt(target: Target, described: string): Promise<boolean> {
  if (!isCell(target) && hasFewerRights(target.isolate, isolate.id)) return false;
  const lost = () => new DisconnectedError("Cannot confirm a request: the isolate that it was made in is gone");
  return await ask(target, { holder: whoActs.holder(), verb: DESCRIBED, lost }) === described;
}
