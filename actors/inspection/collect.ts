import { TimeoutError } from "../../channels/errors.ts";
import { hasFewerRights, showAddress } from "../../channels/kernel/address.ts";
import { questionsOf } from "../../channels/kernel/ask.ts";
import { isCell } from "../../channels/kernel/cell.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { listing, partyOf, whereIs } from "../../channels/kernel/listed.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import type { Actor } from "../actor.ts";
import type { IsolateKeeper } from "../isolate_keeper.ts";
import type { Keeper } from "../keeper.ts";
import type { ActorReport, CallReport, LockReport, Part, Party, QueueReport } from "./report.ts";
import { restartsOf } from "./restarts.ts";
import { partFrom } from "./arrival.ts";

/** The part of its time that an isolate gives those below it, so that its own answer comes in time. */
const FOR_THOSE_BELOW = 0.7;

/** What this isolate and those below it have to tell. Those that do not answer in time are marked. */
export async function reportHere(main: Actor, timeoutMs: number): Promise<Part> {
  const here = new Collection(timeoutMs * FOR_THOSE_BELOW);
  for (const cell of listing) {
    const { queue, lock, place } = cell.report();
    if (queue !== undefined) here.queues.push(queue);
    if (lock !== undefined) here.locks.push(lock);
    if (place !== undefined) here.places.push(place);
  }
  const tree = await here.actor(main);
  const { queues, locks, calls, places } = here;
  return { tree, queues, locks, calls, places };
}

/** One round through the actors of an isolate. */
class Collection {
  readonly queues: QueueReport[] = [];
  readonly locks: LockReport[] = [];
  readonly calls: CallReport[] = [];
  readonly places: Party[] = [];
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  async actor(actor: Actor): Promise<ActorReport> {
    const { name, address, loopIfAny: loop, plan: { placement }, stage } = actor;
    // Read at once, before anything is waited for.
    this.#addCalls(actor.holder);
    const numbers = {
      mailbox: loop?.inbox.size ?? 0,
      handled: loop?.handled ?? 0,
      failed: loop?.failures ?? 0,
      busyMs: loop?.busy.ms ?? 0,
    };
    const restarts = restartsOf(actor);
    const below = await Promise.all([...actor.children].map((child) => this.#child(child)));
    const children = below.filter((child) => child !== undefined);
    return { name, address, placement, state: stage, ...numbers, restarts, children };
  }

  async #child(keeper: Keeper): Promise<ActorReport | undefined> {
    if (!("askIsolate" in keeper)) return await this.actor(keeper as Actor);
    const elsewhere = keeper as IsolateKeeper;
    try {
      const { actor } = elsewhere.contact;
      const isStranger = !isCell(actor) && hasFewerRights(actor.isolate, isolate.id);
      const text = await elsewhere.askIsolate("inspect", `${this.#timeoutMs}`, this.#timeoutMs);
      const part = partFrom(text, isStranger);
      // An answer that nobody can read says no more than silence.
      if (part === undefined) return busy(elsewhere);
      this.queues.push(...part.queues);
      this.locks.push(...part.locks);
      this.calls.push(...part.calls);
      this.places.push(...part.places);
      return { ...part.tree, restarts: restartsOf(keeper) };
    } catch (error) {
      // It has ended meanwhile, unless it is only slow.
      return error instanceof TimeoutError ? busy(elsewhere) : undefined;
    }
  }

  #addCalls(holder: Holder): void {
    for (const { question, target, cell, ageMs } of questionsOf(holder)) {
      if (question.verb !== "call") continue;
      const address = cell === undefined ? oneLine(showAddress(target!)) : whereIs(cell);
      const to = { address, name: address };
      const method = oneLine(question.detail ?? "");
      this.calls.push({ from: partyOf(holder), to, method, ageMs: Math.round(ageMs) });
    }
  }
}

function busy(keeper: IsolateKeeper): ActorReport {
  const { name, contact: { address, placement } } = keeper;
  const unknown = { mailbox: 0, handled: 0, failed: 0, busyMs: 0, children: [] };
  return { name, address, placement, state: "busy", ...unknown, restarts: restartsOf(keeper) };
}
