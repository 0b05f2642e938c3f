import { DeadlockError } from "../channels/errors.ts";
import { showAddress } from "../channels/kernel/address.ts";
import { questionsOf } from "../channels/kernel/ask.ts";
import type { OpenQuestion } from "../channels/kernel/question.ts";
import { isAwaitedBy } from "../channels/kernel/awaited.ts";
import { oneLine, onLines } from "../channels/kernel/escape.ts";
import type { Request } from "../channels/kernel/request.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import type { Actor } from "./actor.ts";
import { awaitTroupeHandler } from "./handler_wait.ts";
import { sendProbe, type Step, type Trail } from "./trail.ts";

/** How often it is looked whether those who wait get on. */
const LOOK_MS = 50;
/** So many probes are remembered, as each is to pass an actor once. */
const KNOWN_PROBES = 256;

/*
 * Deadlock: actors each of which waits for the next, and the last for the first.
 *
 * An actor that handles one message at a time waits for another when its handler waits for the answer to a call. While a
 * call lies in the mailbox of one whose handler does not end, that one sends a probe after the calls that its handler
 * waits for; whoever gets it and waits as well sends it on. In each cycle of waiting actors some call lies in a mailbox,
 * since what is being handled waits for something else: so some actor of the cycle sends a probe, and it comes back.
 *
 * No actor is accused that may yet go on. Each step is taken where the call is owed, and is taken only while it is; and
 * what has come back is sent round once more, along the very same calls: calls that were pending both times were so in
 * between, all at once, and then nobody in the cycle could have answered.
 */

/** What an actor does while calls wait in its mailbox. There is none in actors whose callers never had to wait. */
export class Suspicion {
  readonly #actor: Actor;
  #deadline: Deadline | undefined;
  #begun = 0;
  #looks = 0;
  #probes = 0;
  readonly #known = new Set<string>();
  /** The probes that look at a cycle again, and the call that closed it. */
  readonly #again = new Map<string, Request>();

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  /** Somebody has to wait. */
  arise(): void {
    if (this.#deadline === undefined) this.#lookLater(true);
  }

  /** Nobody waits any more. */
  end(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
    // Mostly there is nothing to clear, and finding that out by clearing costs.
    if (this.#again.size > 0) this.#again.clear();
    if (this.#known.size > 0) this.#known.clear();
  }

  /** Whether a probe comes for the first time. */
  isNew(id: string): boolean {
    if (this.#known.has(id)) return false;
    if (this.#known.size >= KNOWN_PROBES) this.#known.clear();
    this.#known.add(id);
    return true;
  }

  /** A probe has come back, by a call that lies in this mailbox: looks once more, or if this was that, tells the caller. */
  closed(call: Request, { id, steps, again }: Trail): void {
    const [own] = steps;
    if (again === undefined) {
      // In each cycle one speaks for all: who has the smallest address of those in whose mailbox a call of it lies.
      if (steps.some((step) => step.queued && step.address < own.address)) return;
      const first = callOf(this.#actor, own.call);
      if (first === undefined) return;
      const second = this.#nextId();
      if (this.#again.size >= KNOWN_PROBES) this.#again.clear();
      this.#again.set(second, call);
      sendProbe(first, { id: second, steps: [own], again: steps });
    } else if (this.#again.get(id) === call && callOf(this.#actor, own.call) !== undefined) {
      this.#again.clear();
      this.#actor.loop.inbox.turnAway(call, deadlock(call, steps));
    }
  }

  /** Begins anew, or looks at what has not got on. */
  #lookLater(anew: boolean): void {
    this.#begun = this.#actor.loop.begun;
    this.#looks = anew ? 0 : this.#looks + 1;
    this.#deadline = wheel.after(LOOK_MS, () => this.#look());
  }

  #look(): void {
    const isStuck = this.#begun === this.#actor.loop.begun;
    this.#lookLater(!isStuck);
    if (!isStuck || this.#looks % 2 === 0) return;
    void probeFrom(this.#actor, { id: this.#nextId(), steps: [] }, false, () => this.#deadline !== undefined);
  }

  #nextId(): string {
    return `${this.#actor.address} ${++this.#probes}`;
  }
}

/** Takes a probe that came after a call to an actor. */
export async function follow(actor: Actor, call: Request, trail: Trail): Promise<void> {
  const state = actor.loop.stateOf(call);
  if (state === undefined || !actor.loop.isSerial) return;
  const { steps, again } = trail;
  if (steps[0].address === actor.address) {
    // A call that is being handled is not what keeps the others from going on.
    if (state === "queued") actor.loop.suspicion.closed(call, trail);
    return;
  }
  if (again !== undefined) {
    const step = again[steps.length];
    const next = step?.address === actor.address ? callOf(actor, step.call) : undefined;
    if (next !== undefined) sendProbe(next, { ...trail, steps: [...steps, step] });
  } else if (actor.loop.suspicion.isNew(trail.id)) {
    await probeFrom(actor, trail, state === "queued", () => actor.loop.stateOf(call) !== undefined);
  }
}

/** Sends a probe after every call that the actor's handler waits for; one for each of those whom it asks. */
async function probeFrom(actor: Actor, trail: Trail, queued: boolean, holds: () => boolean): Promise<void> {
  const asked = new Set<unknown>();
  for (const call of callsOf(actor)) {
    const whom = call.cell ?? showAddress(call.target!);
    if (asked.has(whom) || !await isAwaitedBy(awaitTroupeHandler.name, call)) continue;
    // Meanwhile either may have been answered.
    if (!holds()) return;
    if (!call.awaited) continue;
    asked.add(whom);
    const step: Step = { name: actor.name, address: actor.address, queued, call: call.number() };
    sendProbe(call, { ...trail, steps: [...trail.steps, step] });
  }
}

function callsOf(actor: Actor): OpenQuestion[] {
  return [...questionsOf(actor.holder)].filter(({ question }) => question.verb === "call");
}

function callOf(actor: Actor, number: number): OpenQuestion | undefined {
  return callsOf(actor).find((call) => call.number() === number);
}

function deadlock(call: Request, steps: readonly Step[]): DeadlockError {
  const cycle = steps.map(({ name }) => oneLine(name));
  const titles = steps.map(({ address }, at) => `${cycle[at]} (${oneLine(address)})`);
  const message = `Cannot call ${cycle[0]}.${oneLine(call.detail)}: each of these waits for the next: ` +
    onLines([...titles, titles[0]].join(" → "));
  return new DeadlockError(message, { cycle });
}
