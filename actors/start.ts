import { StartError } from "../channels/errors.ts";
import { eventLoop } from "../channels/kernel/event_loop.ts";
import { LIST, pack } from "../channels/kernel/pack.ts";
import { Actor } from "./actor.ts";
import type { Contact, PlacementName } from "./contact.ts";
import { runAs } from "./context.ts";
import { findRegistration, isRegistration, type Registration } from "./definition.ts";
import { asItArrives, describeExit } from "./exited.ts";
import type { Keeper } from "./keeper.ts";
import "./gauges.ts";
import { IsolateKeeper } from "./isolate_keeper.ts";
import { logStarted } from "./life_log.ts";
import { process } from "./placement/process.ts";
import { thread } from "./placement/thread.ts";
import { assertNotOver, watchProgram } from "./program.ts";
import { checkInline, type SpawnOptions } from "./spawn_options.ts";
import { assertInTime, StartDeadline, startError } from "./start_deadline.ts";
import type { StartPlan } from "./start_plan.ts";
import { trapTimers } from "./timer_trap.ts";
import { trapErrors } from "./trap.ts";

/** How many messages an inline actor's start is worth. */
const STARTED = 16;
/** An inline actor is started by whoever is to be told. */
const TOLD: Promise<void> = Promise.resolve();

/** An actor that can be started: how to reach it is known already. */
export interface Prepared {
  readonly contact: Contact;
  /** The operating system's number of a subprocess, once it was launched. */
  pid(): number | undefined;
  /** What its task returned; rejects with what it threw, or how else it ended. */
  outcome(): Promise<unknown>;
  /**
   * Starts it. Resolves when it runs; undefined if it does already.
   *
   * @throws {NotSerializableError} At once, if the arguments cannot travel.
   */
  launch(args: readonly unknown[]): Promise<void> | undefined;
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
  const registration = isRegistration(plan.registration) ? plan.registration : findRegistration(moduleUrl, name);
  if (registration === undefined) {
    throw new StartError(`Cannot ${action}: ${moduleUrl}, which defines ${name}, is not imported here`);
  }
  return new PreparedInline(action, plan, parent, registration);
}

/** One that will live in this isolate. */
class PreparedInline implements Prepared {
  readonly #actor: Actor;

  constructor(
    readonly action: string,
    readonly plan: StartPlan,
    readonly parent: Actor,
    readonly registration: Registration,
  ) {
    this.#actor = new Actor(plan, parent.contact);
  }

  get contact(): Contact {
    return this.#actor.contact;
  }

  pid(): undefined {
    return undefined;
  }

  outcome(): Promise<unknown> {
    return this.contact.result(true);
  }

  launch(args: readonly unknown[]): Promise<void> | undefined {
    const actor = this.#actor;
    assertMayLive(this.action, this.parent, actor);
    const packet = pack(args, "args", actor.holder, LIST);
    watchProgram();
    trapErrors();
    trapTimers();
    actor.joins(this.parent);
    try {
      assertInTime(this.action, this.plan);
      const starting = actor.start(packet, this.registration, TOLD);
      return starting === undefined ? this.#started() : this.#finish(starting);
    } catch (error) {
      return Promise.reject(this.#failed(error));
    }
  }

  /** The start takes longer than a moment: its time may run out meanwhile, its starter give up, and others kill it. */
  async #finish(starting: Promise<void>): Promise<void> {
    const deadline = new StartDeadline(this.action, this.plan);
    deadline.begun();
    const killed = Promise.withResolvers<never>();
    killed.promise.catch(() => {});
    void this.#actor.exited.then((exit) => {
      if (exit.signal === undefined) return;
      killed.reject(new Error(`it was ended before it was ready (${describeExit(exit)})`));
    });
    try {
      await Promise.race([starting, deadline.failed, killed.promise]);
      await this.#started();
    } catch (error) {
      throw this.#failed(error);
    } finally {
      deadline.end();
    }
  }

  #started(): Promise<void> | undefined {
    logStarted(this.#actor);
    return eventLoop.tally(STARTED) ? eventLoop.turn() : undefined;
  }

  #failed(error: unknown): unknown {
    void this.#actor.kill("SIGKILL");
    if (this.plan.signal?.aborted) return error;
    return startError(this.action, runAs(this.#actor, undefined, () => asItArrives(error)));
  }
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
