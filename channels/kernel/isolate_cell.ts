import { accounts, type Limits } from "./account.ts";
import { type Address, isForeign, type IsolateId, isWithin, LONGEST_NAME, parentOf, SECRET_LENGTH } from "./address.ts";
import { ask } from "./ask.ts";
import { Cell, cells } from "./cell.ts";
import { holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import type { Request } from "./request.ts";

/** No other cell is in this slot of an isolate. */
const ISOLATE_SLOT = 2 ** 32;
/** Every isolate may ask every other one. */
const NO_SECRET = "0".repeat(SECRET_LENGTH);

/** Answers what isolates ask about others: the limits of a stranger, and whether an isolate is known to be dead. */
class IsolateCell extends Cell {
  /** The requests of those that want to hear when an isolate is known here to be dead. */
  readonly #waiting = new Map<Request, IsolateId>();

  constructor() {
    super();
    cells.place(this, ISOLATE_SLOT, NO_SECRET);
    isolate.downListeners.add((gone) => {
      for (const [request, id] of this.#waiting) if (isWithin(id, gone)) this.#reply(request);
    });
    accounts.opened = (account) => {
      const starter = parentOf(account.stranger);
      if (starter === isolate.id || isForeign(starter)) return;
      // Until it answers, the usual limits hold.
      askIsolate(starter, "limits", account.stranger).then((limits) => account.limits = limits as Limits, () => {});
    };
  }

  receive(request: Request): void {
    const { verb, detail } = request;
    if (detail.length > LONGEST_NAME) {
      return request.throw(new TypeError("Cannot ask an isolate: no other has such a name"));
    }
    switch (verb) {
      case "limits":
        return request.reply(accounts.limitsOf(detail));
      case "heardOf":
        if (request.asker === undefined) return;
        if (isolate.exitOf(detail) !== undefined) return request.reply();
        this.#waiting.set(request, detail);
        request.onCancel = () => void this.#waiting.delete(request);
        return;
      default:
        request.throw(new TypeError(`Cannot ask an isolate: no such request as "${verb}"`));
    }
  }

  #reply(request: Request): void {
    this.#waiting.delete(request);
    request.reply();
  }
}

function askIsolate(id: IsolateId, verb: string, detail: string, signal?: AbortSignal): Promise<unknown> {
  const target: Address = { isolate: id, slot: ISOLATE_SLOT, incarnation: 0, secret: NO_SECRET };
  const wait = { timeoutMs: Infinity, once: false, signal };
  const lost = () => new Error("gone");
  return ask(target, { holder: holders.get(isolate.id, ISOLATE_SLOT), verb, detail, wait, quiet: true, lost });
}

/** Resolves when an isolate knows that another one is dead, or does not say so in time. */
export async function heardOf(dead: IsolateId, by: IsolateId, withinMs: number): Promise<void> {
  const late = new AbortController();
  const timer = withinMs === Infinity ? undefined : setTimeout(() => late.abort(), withinMs);
  if (timer !== undefined) Deno.unrefTimer(timer);
  // An isolate that is gone hears nothing more. One of another program has no such cell, and is not waited for.
  await askIsolate(by, "heardOf", dead, late.signal).catch(() => {});
  clearTimeout(timer);
}

new IsolateCell();
