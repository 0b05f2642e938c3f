import { StartError } from "../channels/errors.ts";
import { eventLoop } from "../channels/kernel/event_loop.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { destinationOf, LIST, pack } from "../channels/kernel/pack.ts";
import type { Packet } from "../channels/kernel/packet.ts";
import { Actor } from "./actor.ts";
import type { Contact, PlacementName } from "./contact.ts";
import { runAs } from "./context.ts";
import { contactOf } from "./current.ts";
import { findRegistration, type Registration } from "./definition.ts";
import { asItArrives, describeExit } from "./exited.ts";
import type { Keeper } from "./keeper.ts";
import "./gauges.ts";
import { IsolateKeeper } from "./isolate_keeper.ts";
import { logStarted } from "./life_log.ts";
import { process } from "./placement/process.ts";
import { thread } from "./placement/thread.ts";
import { assertNotOver, watchProgram } from "./program.ts";
import { checkInline, type SpawnOptions } from "./spawn_options.ts";
import { StartDeadline, startError } from "./start_deadline.ts";
import type { StartPlan } from "./start_plan.ts";
import { trapTimers } from "./timer_trap.ts";
import { trapErrors } from "./trap.ts";

/** How many messages an inline actor's start is worth. */
const STARTED = 16;

/** An actor that can be started: how to reach it is known already. */
export interface Prepared {
  readonly contact: Contact;
  /** The operating system's number of a subprocess, once it was launched. */
  readonly pid: () => number | undefined;
  /** What its task returned; rejects with what it threw, or how else it ended. */
  readonly outcome: () => Promise<unknown>;
  /**
   * Starts it. Resolves when it runs.
   *
   * @throws {NotSerializableError} At once, if the arguments cannot travel.
   */
  launch(args: readonly unknown[]): Promise<void>;
}

/**
 * Makes ready to start an actor where the plan says, as a child of `parent`.
 *
 * @throws {StartError} If the placement cannot enforce an option.
 */
export function prepare(plan: StartPlan, parent: Actor, options: SpawnOptions): Prepared {
  const action = `start ${plan.name}`;
  checkPlacement(action, plan.placement, options);
  if (plan.placement === "inline") return prepareInline(action, plan, parent);
  const placement = plan.placement === "process" ? process : thread;
  const keeper = new IsolateKeeper(plan, placement, options);
  return {
    contact: keeper.contact,
    pid: () => keeper.pid,
    outcome: () => keeper.outcome(),
    launch(args) {
      assertMayLive(action, parent, keeper);
      watchProgram();
      return keeper.start(pack(args, "args", keeper.destination, LIST), parent, options);
    },
  };
}

/** @throws {StartError} If the placement cannot enforce an option, or may not be used. */
export function checkPlacement(action: string, placement: PlacementName, options: SpawnOptions): void {
  if (placement === "inline") checkInline(action, options);
  else (placement === "process" ? process : thread).check(action, options);
}

function prepareInline(action: string, plan: StartPlan, parent: Actor): Prepared {
  const { moduleUrl, name } = plan.registration;
  const registration = findRegistration(moduleUrl, name);
  if (registration === undefined) {
    throw new StartError(`Cannot ${action}: ${moduleUrl}, which defines ${name}, is not imported here`);
  }
  const actor = new Actor({ ...plan, parent: contactOf(parent) });
  const contact = contactOf(actor);
  return {
    contact,
    pid: () => undefined,
    outcome: () => contact.result(true),
    launch(args) {
      assertMayLive(action, parent, actor);
      const packet = pack(args, "args", destinationOf(actor), LIST);
      watchProgram();
      trapErrors();
      trapTimers();
      parent.children.add(actor);
      const { isAwaited } = actor;
      if (isAwaited) keepAlive.hold(true);
      void actor.exited.then(() => {
        parent.children.delete(actor);
        if (isAwaited) keepAlive.release(true);
      });
      return launchHere(action, plan, actor, packet, registration);
    },
  };
}

function assertMayLive(action: string, parent: Actor, keeper: Keeper): void {
  assertNotOver(action);
  if (parent.exit !== undefined) {
    throw new StartError(`Cannot ${action}: ${parent.name}, which would be its parent, has ended`);
  }
  // Others may have its handle already.
  if (keeper.exit !== undefined) {
    throw new StartError(`Cannot ${action}: it was ended before that (${describeExit(keeper.exit)})`);
  }
}

async function launchHere(
  action: string,
  plan: StartPlan,
  actor: Actor,
  packet: Packet,
  registration: Registration,
): Promise<void> {
  const deadline = new StartDeadline(action, plan);
  deadline.begun();
  const killed = Promise.withResolvers<never>();
  killed.promise.catch(() => {});
  void actor.exited.then((exit) => {
    if (exit.signal !== undefined) killed.reject(new Error(`it was ended before it was ready (${describeExit(exit)})`));
  });
  try {
    deadline.check();
    await Promise.race([actor.start(packet, registration, Promise.resolve()), deadline.failed, killed.promise]);
    logStarted(actor);
    if (eventLoop.tally(STARTED)) await eventLoop.turn();
  } catch (error) {
    void actor.kill("SIGKILL");
    if (deadline.aborted) throw error;
    throw startError(action, runAs(actor, undefined, () => asItArrives(error)));
  } finally {
    deadline.end();
  }
}
