import { DisconnectedError } from "../../channels/errors.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { hasFewerRights, type IsolateId, strangerOf } from "../../channels/kernel/address.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { Cell, isCell, type Target } from "../../channels/kernel/cell.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { holderOf } from "../../channels/kernel/relay.ts";
import { noSuchRequest, type Request } from "../../channels/kernel/request.ts";
import { isText } from "../../channels/kernel/shape.ts";
import { answerLater } from "../answer_later.ts";
import { currentFrame } from "../context.ts";
import { HOME, homeOf } from "../keeper.ts";

/** The request by which a cell is asked for what it vouches for. */
const DESCRIBED = "described";
/** The handle of a voucher, and its lease. */
const VOUCHER = "voucher";
/** So long may a place take to say where its actor lives. A cell that is no place may never say. */
const HOME_MS = 5000;

class VoucherCell extends Cell {
  constructor(readonly wish: string, readonly asked: Target) {
    super();
  }

  receive(request: Request): void {
    if (request.verb !== DESCRIBED) return request.throw(noSuchRequest("a voucher", request.verb));
    const { isolate: asking } = request.from;
    answerLater(request, this.#home(), (home) => request.reply(isOne(asking, home) ? this.wish : ""));
  }

  /** The isolate in which the actor that is asked lives now, which need not be that of its place; undefined if in none. */
  async #home(): Promise<IsolateId | undefined> {
    const { asked } = this;
    if (isCell(asked)) return homeOf(asked);
    // What lives with a stranger is the stranger's, whatever it says.
    if (hasFewerRights(asked.isolate, isolate.id)) return asked.isolate;
    const wait = { timeoutMs: HOME_MS, once: false, signal: undefined };
    const home = ask(asked, { holder: holderOf(this), verb: HOME, wait, lost: () => new Error("gone") });
    return await home.then((id) => isText(id) ? id : undefined, () => undefined);
  }
}

/** Whether an isolate may believe a voucher for an actor of that home. A stranger that was given it is not to have others believe it. */
function isOne(asking: IsolateId, home: IsolateId | undefined): boolean {
  if (home === undefined) return false;
  const stranger = strangerOf(home, isolate.id);
  return stranger === undefined || strangerOf(asking, isolate.id) === stranger;
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

  /**
   * The same for what came with the request that is being handled. A stranger's request is vouched for by nobody, and what
   * it has sent as a voucher, which may never answer, is not asked.
   */
  static async vouched(wish: () => string, voucher: unknown): Promise<boolean> {
    return currentFrame().call?.account === undefined && voucher instanceof Voucher && await voucher.vouches(wish());
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
