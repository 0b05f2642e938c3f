import { type Exit, exitFrom } from "../../channels/exit.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { Lease } from "../../channels/kernel/holder.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { whenDone } from "../../channels/settling.ts";
import type { Contact } from "../contact.ts";
import { arrivedExit } from "../exited.ts";
import { expected, isCount, listOf, type Shape, startsWith } from "../../channels/kernel/shape.ts";

/** What became of a supervised child: a life has ended, another has begun, or none will. */
export type LifeState = "down" | "up" | "over";

/** One change, how the last life ended, and how often the child has been started again. Plain data. */
export type LifeChange = readonly [state: LifeState, exit: Exit, restarts: number];

/** The number of the last change, and those that were not told yet. */
export type LifeNews = readonly [last: number, changes: readonly LifeChange[]];

/** What a follower asks the place of a child. */
export const LIVES = "lives";
/** A follower that is further behind misses the oldest changes. */
const MOST_KEPT = 16;

const isState: Shape<LifeState> = (value) => value === "down" || value === "up" || value === "over";
const isExit: Shape<Exit> = (value): value is Exit => exitFrom(value) !== undefined;
const isNews: Shape<LifeNews> = startsWith(isCount, listOf(startsWith(isState, isExit, isCount)));

/**
 * What a message says of the lives of a child.
 *
 * @throws {ProtocolError} If it says none.
 */
export function newsFrom(value: unknown): LifeNews {
  const [last, changes] = expected("the lives of a child", value, isNews);
  return [last, changes.map(([state, exit, restarts]) => [state, arrivedExit(exit)!, restarts])];
}

/** The lives of one child, for those who follow them. Each asks for what is newer than what it has heard of. */
export class Lives {
  readonly #changes: LifeChange[] = [];
  readonly #followers = new Set<Request>();
  #last = 0;
  #over = false;

  /** Takes in a change, and tells those who wait for one. */
  add(change: LifeChange): void {
    this.#last++;
    this.#over = change[0] === "over";
    this.#changes.push(change);
    if (this.#changes.length > MOST_KEPT) this.#changes.shift();
    for (const request of this.#followers) this.#answer(request);
    this.#followers.clear();
  }

  /** Tells what is newer than the change of that number, now or when there is something; to one who asks first, the number. */
  follow(request: Request): void {
    if (request.detail === "" || Number(request.detail) < this.#last) return this.#answer(request);
    this.#followers.add(request);
    request.onCancel = () => void this.#followers.delete(request);
  }

  #answer(request: Request): void {
    const isFirst = request.detail === "";
    // A follower that asks first when all is over hears of that end alone; before, of no past change.
    const seen = isFirst ? this.#last - (this.#over ? 1 : 0) : Number(request.detail);
    const isNew = Math.min(this.#changes.length, this.#last - seen);
    request.onCancel = undefined;
    request.reply([this.#last, isNew === 0 ? [] : this.#changes.slice(-isNew)] satisfies LifeNews);
  }
}

/** Follows the lives of a child from now on; of an actor without a supervisor, its only one. Ends when that is over. */
export function watchLives(contact: Contact, told: (change: LifeChange) => void): Disposable {
  const over = new AbortController();
  const lease = new Lease(whoActs.holder(), () => over.abort());
  void follow(contact, over.signal, told).finally(() => lease.end());
  return {
    [Symbol.dispose]() {
      over.abort();
      lease.end();
    },
  };
}

/** How an actor has ended, once it has. Nothing of the wait is left once the signal has aborted. */
function endOf(contact: Contact, signal: AbortSignal): Promise<Exit> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", whenDone(contact.exited, resolve), { once: true });
  });
}

async function follow(contact: Contact, signal: AbortSignal, told: (change: LifeChange) => void): Promise<void> {
  const holder = whoActs.holder();
  const wait = { timeoutMs: Infinity, once: false, signal };
  const lost = () => new Error("gone");
  let detail = "";
  let restarts = 0;
  while (true) {
    const asked = ask(contact.keeper, { holder, verb: LIVES, detail, wait, quiet: true, lost });
    const news = await asked.then(newsFrom).catch(() => undefined);
    if (signal.aborted) return;
    // An actor without a supervisor has no place that could tell; and when a place is gone, nothing comes back to it.
    const [last, changes] = news ?? [0, [["over", await endOf(contact, signal), restarts] satisfies LifeChange]];
    for (const change of changes) {
      if (signal.aborted) return;
      told(change);
      if (change[0] === "over") return;
      restarts = change[2];
    }
    detail = String(last);
  }
}
