import type { Address } from "../channels/kernel/address.ts";
import { ask } from "../channels/kernel/ask.ts";
import type { OpenQuestion } from "../channels/kernel/question.ts";
import type { Cell } from "../channels/kernel/cell.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import { packPlain } from "../channels/kernel/pack.ts";
import { bodyOf } from "../channels/kernel/relay.ts";
import { incoming, type Onward, type Request } from "../channels/kernel/request.ts";
import { isFlag, isNumber, isText, listOf, maybe, withFields } from "../channels/kernel/shape.ts";

/*
 * A probe follows the calls that actors wait for, from one actor to the next, to see whether it comes back to where it
 * began. It travels as a request about a request: "you owe me the answer to number 7; for whom do you wait?"
 */

/** The verb of a probe; its detail is the number of the call that it is about. */
export const PROBE = "probe";

/** One actor on the way of a probe. */
export interface Step {
  readonly name: string;
  readonly address: string;
  /** Whether the call by which the probe came to it was in its mailbox, and not being handled. */
  readonly queued: boolean;
  /** The number of the call that it waits for. */
  readonly call: number;
}

/** The way of a probe so far. */
export interface Trail {
  /** Which probe it is. */
  readonly id: string;
  readonly steps: readonly Step[];
  /** The way that the probe is to take, when a cycle has been seen and is looked at again. */
  readonly again?: readonly Step[] | undefined;
}

/** What takes probes: an actor, or the place of one. */
export interface Probed extends Cell {
  probed(call: Request, trail: Trail): void;
}

/** Takes a probe that came from another isolate. */
export function receiveProbe(request: Request, cell: Probed): void {
  request.reply();
  const call = incoming.find(request.from.isolate, Number(request.detail));
  const trail = bodyOf(request, cell);
  // Only a hostile child sends something that is no probe, and that is not followed.
  if (call === undefined || !isTrail(trail) || trail.steps.length === 0) return;
  if (trail.steps.length + (trail.again?.length ?? 0) <= MOST_STEPS) cell.probed(call, trail);
}

const areSteps = listOf(withFields<Step>({ name: isText, address: isText, queued: isFlag, call: isNumber }));
const isTrail = withFields<Trail>({ id: isText, steps: areSteps, again: maybe(areSteps) });

/** Sends a probe after a call that was made here. */
export function sendProbe(call: OpenQuestion, trail: Trail): void {
  const { cell, request, target, question } = call;
  if (cell !== undefined) (cell as Probed).probed(request!, trail);
  else probeElsewhere(target!, call.number(), question.holder, trail);
}

/** Sends a probe after a call that was handed on. */
export function sendOnward(onward: Onward | undefined, via: Holder, trail: Trail): void {
  if (onward === undefined) return;
  if ("cell" in onward) (onward.cell as Probed).probed(onward.request, trail);
  else probeElsewhere(onward.target, onward.id, via, trail);
}

/** A longer way than this is not followed. */
const MOST_STEPS = 1000;
/** So many probes at most are on their way to other isolates. */
const MOST_UNDER_WAY = 1024;
let underWay = 0;

/** Asked, so that it never becomes a dead letter, and quietly: nobody waits for the answer. */
function probeElsewhere(target: Address, call: number, holder: Holder, trail: Trail): void {
  // Those who wait look again; whoever makes up probes is not to fill the memory.
  if (underWay >= MOST_UNDER_WAY) return;
  underWay++;
  const question = { holder, verb: PROBE, detail: `${call}`, body: packPlain(trail), quiet: true };
  ask(target, { ...question, lost: () => new Error("gone") }).catch(() => {}).finally(() => underWay--);
}
