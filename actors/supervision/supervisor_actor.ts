import { RestartLimitError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import { delayed } from "../../channels/kernel/wheel.ts";
import type { Actor } from "../actor.ts";
import { currentActor } from "../context.ts";
import { actor } from "../definition.ts";
import { describeExit } from "../exited.ts";
import type { ActorHooks } from "../hooks.ts";
import { type ChildSpec, definitionOf } from "./child.ts";
import { comesBack, type RestartBudget, RestartCounter, type Strategy } from "./restart_policy.ts";
import { SupervisedChild } from "./supervised_child.ts";

/** What a supervisor is told. Plain data. */
export interface SupervisorPlan {
  readonly strategy: Strategy;
  readonly budget: RestartBudget;
  readonly autoShutdown: "never" | "any-significant" | "all-significant";
}

/** What happens under a supervisor. */
export type SupervisorEvent =
  | { readonly type: "started" | "restarted"; readonly child: string }
  | { readonly type: "exited"; readonly child: string; readonly exit: Exit }
  | { readonly type: "gave-up"; readonly child: string; readonly restarts: number };

/** How long a child may take to stop, unless it says otherwise. */
const SHUTDOWN_MS = 5000;
/** An observer who reads too slowly misses events beyond this number. */
const MAX_UNREAD = 1000;

/**
 * The actor that keeps children alive. Everything that changes them is done one after another, so that a failure in the
 * middle of a restart finds the children in a state that somebody meant.
 */
export class SupervisorActor implements ActorHooks {
  readonly #plan: SupervisorPlan;
  readonly #children: Map<string, SupervisedChild> = new Map();
  readonly #counter: RestartCounter;
  readonly #observers: Set<Observer> = new Set();
  #actor!: Actor;
  #turn: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(specs: readonly (readonly [string, ChildSpec])[], plan: SupervisorPlan) {
    this.#plan = plan;
    this.#counter = new RestartCounter(plan.budget);
    for (const [key, spec] of specs) this.#children.set(key, this.#make(key, spec));
  }

  /** Starts the children in order; the first that cannot start stops those before it, the last first. */
  async onStart(): Promise<void> {
    this.#actor = currentActor();
    this.#actor.endChildrenBy = () => this.#stopAll();
    try {
      for (const child of this.#children.values()) await this.#start(child, "started");
    } catch (error) {
      await this.#stopAll();
      throw error;
    }
  }

  /** Adds a child and starts it. */
  async add(key: string, spec: ChildSpec): Promise<void> {
    // Not in turn: it may never be answered.
    await this.#assertDescribed(key, spec);
    await this.#inTurn(async () => {
      if (this.#children.has(key)) throw new TypeError(`Cannot add "${key}": there is a child of that name`);
      const child = this.#make(key, spec);
      await this.#start(child, "started");
      this.#children.set(key, child);
    });
  }

  /** Stops a child and forgets it. */
  remove(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const child = this.#child("remove", key);
      this.#children.delete(key);
      await child.stop();
      await child.over();
    });
  }

  /** Stops a child, if it lives, and starts it again; that does not count as a restart. */
  restart(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const child = this.#child("restart", key);
      await child.stop();
      await this.#start(child, "restarted");
    });
  }

  /** What happens from now on. */
  async *events(): AsyncGenerator<SupervisorEvent> {
    const observer = new Observer();
    this.#observers.add(observer);
    try {
      while (true) yield await observer.next();
    } finally {
      this.#observers.delete(observer);
    }
  }

  /** Who has a supervisor's handle, in another program perhaps, does not thereby choose the code that is run here. */
  async #assertDescribed(key: string, spec: ChildSpec): Promise<void> {
    try {
      await spec.control.vouch(definitionOf(spec));
    } catch (error) {
      throw new TypeError(`Cannot add "${key}": ${(error as Error).message}`);
    }
  }

  #make(key: string, spec: ChildSpec): SupervisedChild {
    const isSupervisor = spec.moduleUrl === import.meta.url;
    return new SupervisedChild(key, spec, isSupervisor ? Infinity : SHUTDOWN_MS);
  }

  #child(action: string, key: string): SupervisedChild {
    const child = this.#children.get(key);
    if (child === undefined) throw new TypeError(`Cannot ${action} "${key}": there is no child of that name`);
    return child;
  }

  async #start(child: SupervisedChild, type: "started" | "restarted"): Promise<void> {
    await child.start(this.#actor, (exit, livedMs) => {
      this.#tell({ type: "exited", child: child.key, exit });
      if (this.#isOver) return;
      void this.#inTurn(() => this.#ended(child, exit, livedMs)).catch((error) =>
        this.#actor.crash(error, { method: "a restart", kind: "hook" })
      );
    });
    this.#tell({ type, child: child.key });
  }

  get #isOver(): boolean {
    return this.#stopping || this.#actor.exit !== undefined;
  }

  /** A child has ended by itself. */
  async #ended(child: SupervisedChild, exit: Exit, livedMs: number): Promise<void> {
    // It may have been removed, or restarted with others, while its turn had not come.
    if (this.#isOver || child.alive || this.#children.get(child.key) !== child) return;
    if (comesBack(child.restart, exit)) return await this.#bringBack(child, livedMs);
    if (child.restart === "temporary") this.#children.delete(child.key);
    await child.over();
    if (child.significant && this.#shutsDown()) await this.#end({ code: 0, reason: "normal" });
  }

  #shutsDown(): boolean {
    if (this.#plan.autoShutdown === "any-significant") return true;
    if (this.#plan.autoShutdown === "never") return false;
    return ![...this.#children.values()].some((child) => child.significant && child.alive);
  }

  /** Restarts what the strategy says, as often as the budget allows. */
  async #bringBack(failed: SupervisedChild, livedMs: number): Promise<void> {
    let lived = livedMs;
    while (!this.#isOver) {
      const waitMs = this.#counter.next(lived);
      if (waitMs === undefined) return await this.#giveUp(failed);
      if (waitMs > 0) await delayed(waitMs);
      if (this.#isOver) return;
      try {
        await this.#restartGroup(failed);
        return;
      } catch {
        // It did not start, which is another failure.
        lived = 0;
      }
    }
  }

  async #restartGroup(failed: SupervisedChild): Promise<void> {
    const group = this.#groupOf(failed);
    for (const child of group.toReversed()) await child.stop();
    for (const child of group) {
      if (child !== failed && child.restart === "temporary") {
        this.#children.delete(child.key);
        await child.over();
      } else await this.#start(child, "restarted");
    }
  }

  #groupOf(failed: SupervisedChild): SupervisedChild[] {
    const all = [...this.#children.values()];
    if (this.#plan.strategy === "one-for-all") return all;
    return this.#plan.strategy === "rest-for-one" ? all.slice(all.indexOf(failed)) : [failed];
  }

  async #giveUp(failed: SupervisedChild): Promise<void> {
    const restarts = this.#counter.count - 1;
    this.#tell({ type: "gave-up", child: failed.key, restarts });
    const { exit } = failed;
    const why = exit === undefined ? "it could not start" : describeExit(exit);
    const cause = exit?.error === undefined ? undefined : { cause: exit.error };
    const message = `Cannot keep "${failed.key}" alive: it ended again after ${restarts} restarts (${why})`;
    await this.#end({
      code: 1,
      reason: "error",
      error: new RestartLimitError(message, { ...cause, child: failed.key, restarts }),
    });
  }

  /** Stops everything and ends. */
  async #end(exit: Exit): Promise<void> {
    await this.#stopAll();
    await this.#actor.endWith(exit);
  }

  async #stopAll(): Promise<void> {
    this.#stopping = true;
    for (const child of [...this.#children.values()].reverse()) {
      await child.stop();
      await child.over();
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #tell(event: SupervisorEvent): void {
    for (const observer of this.#observers) observer.tell(event);
  }
}
actor(import.meta.url, SupervisorActor);

/** One who reads the events. */
class Observer {
  readonly #unread: SupervisorEvent[] = [];
  #wake: (() => void) | undefined;

  tell(event: SupervisorEvent): void {
    if (this.#unread.push(event) > MAX_UNREAD) this.#unread.shift();
    this.#wake?.();
  }

  async next(): Promise<SupervisorEvent> {
    while (this.#unread.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.#unread.shift()!;
  }
}
