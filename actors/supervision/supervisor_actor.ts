import { RestartLimitError, StartError } from "../../channels/errors.ts";
import type { Exit } from "../../channels/exit.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { brief } from "../../channels/kernel/show.ts";
import { passagesOf } from "../../channels/kernel/handle.ts";
import { expected, isText, type Shape, startsWith } from "../../channels/kernel/shape.ts";
import type { Producer } from "../../channels/producer.ts";
import { PRODUCER } from "../../channels/queue_cell.ts";
import { Queue } from "../../channels/queue.ts";
import type { Actor } from "../actor.ts";
import { currentActor, currentFrame } from "../context.ts";
import { actor, isOfLibrary } from "../definition.ts";
import { describeExit, failedBy } from "../exited.ts";
import type { ActorHooks, ErrorDecision, FailedMessage } from "../hooks.ts";
import { logGaveUp, logRestarted } from "../life_log.ts";
import { checkSignificance, checkSpec, type ChildSpec, definitionOf } from "./child.ts";
import {
  type AutoShutdown,
  comesBack,
  isNormal,
  type RestartBudget,
  RestartCounter,
  type Strategy,
} from "./restart_policy.ts";
import { SupervisedChild } from "./supervised_child.ts";
import { Voucher } from "./voucher.ts";

/** What a supervisor is told. Plain data. */
export interface SupervisorPlan {
  readonly strategy: Strategy;
  readonly budget: RestartBudget;
  readonly autoShutdown: AutoShutdown;
  /** Whether one above may start it again. */
  readonly nested: boolean;
}

/** What happens under a supervisor. */
export type SupervisorEvent =
  | { readonly type: "started" | "restarted"; readonly child: string }
  | { readonly type: "exited"; readonly child: string; readonly exit: Exit }
  | { readonly type: "gave-up"; readonly child: string; readonly restarts: number };

/** What a child takes that a stranger has added, beside what it was given; a thread or subprocess not all of it here. */
const CHILD_BYTES = { inline: 16 * 1024, thread: 16 * 1024 * 1024, process: 16 * 1024 * 1024 };

/** Somebody who is told what happens. */
interface Observer {
  readonly events: Queue<SupervisorEvent>;
  /** Keeps the events from ending. */
  end?: Producer<SupervisorEvent>;
  /** Ends what it counts for its stranger, if it is one's. */
  readonly forgotten: (() => void) | undefined;
}

/** What an observer takes. */
const OBSERVER_BYTES = 1024;

/** The id of an observer, which is kept as long as the observer. */
const isId: Shape<string> = (value): value is string => isText(value) && value.length <= 64;
const isObserver = startsWith(isId, (value): value is Queue<unknown> => value instanceof Queue);
const isEnd = startsWith(isId, isProducer);

/**
 * The actor that keeps children alive. Everything that changes them is done one after another, so that a failure in the
 * middle of a restart finds the children in a state that somebody meant.
 */
export class SupervisorActor implements ActorHooks {
  readonly #plan: SupervisorPlan;
  readonly #children: Map<string, SupervisedChild> = new Map();
  /** The definitions of its children: a stranger may add another child of one of these. */
  readonly #definitions: Set<string> = new Set();
  readonly #counter: RestartCounter;
  readonly #observers: Map<string, Observer> = new Map();
  #actor!: Actor;
  #turn: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(specs: readonly (readonly [string, ChildSpec])[], plan: SupervisorPlan) {
    this.#plan = plan;
    this.#counter = new RestartCounter(plan.budget);
    for (const [key, spec] of specs) {
      this.#children.set(key, new SupervisedChild(key, spec));
      this.#note(spec);
    }
  }

  /** Starts the children in order; the first that cannot start stops those before it, the last first. */
  async onStart(): Promise<void> {
    this.#actor = currentActor();
    this.#actor.endChildrenBy = () => this.#stopAll();
    void this.#actor.exited.then(() => {
      for (const child of this.#children.values()) child.endWait();
      for (const { forgotten } of this.#observers.values()) forgotten?.();
    });
    // At once, and not when all that it was asked is done: a start may take as long as it likes.
    this.#actor.signal.addEventListener("abort", () => void (this.#isOver || this.#stopAll()));
    try {
      for (const child of this.#children.values()) await this.#start(child, "started");
    } catch (error) {
      await this.#stopAll();
      throw error;
    }
  }

  /**
   * Adds a child and starts it.
   *
   * @param voucher shows that an isolate with the rights of this one has described the child
   */
  async add(key: string, spec: ChildSpec, voucher?: Voucher): Promise<void> {
    const { call } = currentFrame();
    // A cast: nobody could be told that a quota refuses the child.
    if (call === undefined) return;
    checkSpec(key, spec);
    if (call.account !== undefined && !spec.control.isWithin(call.account.stranger)) {
      throw new TypeError(`Cannot add ${brief(key)}: its place is not in the isolate that has described it`);
    }
    // Not in turn: it may never be answered.
    await this.#assertMayRun(key, spec, voucher);
    await this.#inTurn(async () => {
      if (this.#children.has(key)) throw new TypeError(`Cannot add ${brief(key)}: there is a child of that name`);
      checkSignificance(`add ${brief(key)}`, key, spec, this.#plan.autoShutdown);
      const bytes = (call.strangeBytes ?? 0) + CHILD_BYTES[spec.options.placement ?? "thread"];
      const refusal = call.account?.noEntry ?? call.account?.noRoom(bytes);
      if (refusal !== undefined) throw refusal;
      const child = new SupervisedChild(key, spec, call.account?.keep(bytes));
      this.#children.set(key, child);
      try {
        await this.#start(child, "started");
      } catch (error) {
        this.#forget(child);
        await child.over();
        throw error;
      }
    });
  }

  /** Stops a child and forgets it. */
  remove(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const child = this.#child("remove", key);
      const group = child.endWait() ? this.#groupOf(child) : [];
      this.#forget(child);
      await this.#stop(child);
      await child.over();
      // Those who waited to be started with it are not to wait for ever.
      await this.#startGroup(group);
    });
  }

  /** Stops a child, if it lives, and starts it again; that does not count as a restart. */
  restart(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const child = this.#child("restart", key);
      const group = child.endWait() ? this.#groupOf(child) : [child];
      await this.#stop(child);
      const failure = await this.#startGroup(group);
      if (failure !== undefined) throw failure.error;
    });
  }

  /** Tells an observer what happens from now on. */
  observe(id: string, events: Queue<SupervisorEvent>): void {
    expected("a request to observe", [id, events], isObserver);
    const { call } = currentFrame();
    // A cast: nobody could be told that a quota refuses the observer.
    if (call === undefined) return;
    if (this.#observers.has(id)) throw new TypeError(`Cannot observe: there is an observer ${brief(id)}`);
    const refusal = call.account?.noEntry ?? call.account?.noRoom(OBSERVER_BYTES);
    if (refusal !== undefined) throw refusal;
    this.#observers.set(id, { events, forgotten: call.account?.keep(OBSERVER_BYTES) });
  }

  /** Holds the end of an observer's events, which have one when there is nobody who could tell of more. */
  bind(id: string, end: Producer<SupervisorEvent>): void {
    expected("a request to observe", [id, end], isEnd);
    const observer = this.#observers.get(id);
    // Nobody would let go of it with the observer.
    if (observer === undefined || observer.end !== undefined) return end[Symbol.dispose]();
    observer.end = end;
  }

  /** A request that was cast has nobody who could be refused, and costs the supervisor nothing either. */
  onError(_error: unknown, { kind }: FailedMessage): ErrorDecision {
    return kind === "call" || kind === "cast" ? "resume" : "restart";
  }

  /**
   * A sandbox or another program that has the supervisor's handle does not thereby choose the code that runs here, or
   * with which rights: it may add one more of what there is.
   */
  async #assertMayRun(key: string, spec: ChildSpec, voucher: unknown): Promise<void> {
    const definition = definitionOf(spec);
    if (await Voucher.vouched(() => definition, voucher)) this.#note(spec);
    else if (!this.#definitions.has(definition)) {
      throw new TypeError(
        `Cannot add ${brief(key)}: nobody with the rights of this supervisor has described ${
          oneLine(spec.definition)
        } so`,
      );
    }
  }

  /** Lets strangers add children of this definition; not of one of the library's own, whose arguments may be code to run. */
  #note(spec: ChildSpec): void {
    if (!isOfLibrary(spec.moduleUrl)) this.#definitions.add(definitionOf(spec));
  }

  #child(action: string, key: string): SupervisedChild {
    const child = this.#children.get(key);
    if (child === undefined) throw new TypeError(`Cannot ${action} ${brief(key)}: there is no child of that name`);
    return child;
  }

  #forget(child: SupervisedChild): void {
    this.#children.delete(child.key);
    child.forgotten?.();
  }

  async #start(child: SupervisedChild, type: "started" | "restarted"): Promise<void> {
    if (this.#isOver) throw new StartError(`Cannot start ${brief(child.key)}: its supervisor is ending`);
    const started = () => this.#tell({ type, child: child.key });
    await child.start(this.#actor, started, (exit, livedMs) => {
      this.#tell({ type: "exited", child: child.key, exit });
      this.#failedLater(child, exit, livedMs);
    });
  }

  async #stop(child: SupervisedChild): Promise<void> {
    const exit = await child.stop();
    if (exit !== undefined) this.#tell({ type: "exited", child: child.key, exit });
  }

  get #isOver(): boolean {
    return this.#stopped !== undefined || this.#actor.exit !== undefined;
  }

  #failedLater(child: SupervisedChild, exit: Exit, livedMs: number): void {
    if (this.#isOver) return;
    this.#inTurn(() => this.#ended(child, exit, livedMs)).catch((error) => {
      if (!this.#isOver) this.#actor.crash(error, { method: "a restart", kind: "hook" });
    });
  }

  /** A child has ended by itself, or could not be started again. */
  async #ended(child: SupervisedChild, exit: Exit, livedMs: number): Promise<void> {
    // It may have been removed, or started again with others, or all may have ended, while its turn had not come.
    if (this.#isOver || child.alive || this.#children.get(child.key) !== child) return;
    if (exit.escalated) return await this.#end({ code: 1, reason: "error", error: exit.error });
    if (comesBack(child.restart, exit)) return await this.#bringBack(child, livedMs);
    if (child.restart === "temporary") this.#forget(child);
    await child.over();
    if (child.significant && this.#shutsDown()) await this.#end({ code: 0, reason: "normal" });
  }

  #shutsDown(): boolean {
    if (this.#plan.autoShutdown === "any-significant") return true;
    if (this.#plan.autoShutdown === "never") return false;
    return ![...this.#children.values()].some((child) => child.significant && !child.isOver);
  }

  /** Restarts what the strategy says, if the budget allows; after a wait, if it says so. */
  async #bringBack(failed: SupervisedChild, livedMs: number): Promise<void> {
    const waitMs = this.#counter.next(failed, livedMs);
    if (waitMs === undefined) return await this.#giveUp(failed);
    const group = this.#groupOf(failed);
    await this.#part(group);
    for (const child of group.toReversed()) {
      await this.#stop(child);
      if (child.restart !== "temporary") continue;
      this.#forget(child);
      await child.over();
    }
    const start = async () => void await this.#startGroup(this.#groupOf(failed));
    if (waitMs === 0) await start();
    else if (!this.#isOver) failed.wait(waitMs, () => void this.#inTurn(start));
  }

  /** Starts those of a group that do not live, in order. One that cannot start has failed once more, and is told of. */
  async #startGroup(group: readonly SupervisedChild[]): Promise<{ readonly error: unknown } | undefined> {
    for (const child of group) {
      if (child.alive || this.#children.get(child.key) !== child) continue;
      const ended = child.exit;
      try {
        await this.#start(child, "restarted");
        logRestarted(this.#actor, child.key, ++child.restarts, ended);
      } catch (error) {
        this.#failedLater(child, failedBy(error), 0);
        return { error };
      }
    }
    return undefined;
  }

  /** Those of a group do not wait for each other any more: they end one after the other, before any of them is back. */
  async #part(group: readonly SupervisedChild[]): Promise<void> {
    const companions = group.flatMap((child) => child.companion ?? []);
    if (companions.length > 0 && group.length > 1) await Promise.all(group.map((child) => child.part(companions)));
  }

  #groupOf(failed: SupervisedChild): SupervisedChild[] {
    const { strategy } = this.#plan;
    if (strategy === "one-for-one") return [failed];
    const all = [...this.#children.values()];
    return strategy === "one-for-all" ? all : all.slice(all.indexOf(failed));
  }

  async #giveUp(failed: SupervisedChild): Promise<void> {
    const child = failed.key;
    const restarts = this.#counter.count(failed) - 1;
    this.#tell({ type: "gave-up", child, restarts });
    const exit = failed.exit!;
    const message = `Cannot keep ${brief(child)} alive: it ended again after ${restarts} restarts (${
      describeExit(exit)
    })${isNormal(exit) ? '; with restart: "transient" it may end when it is done' : ""}`;
    const cause = exit.error === undefined ? undefined : { cause: exit.error };
    const error = new RestartLimitError(message, { ...cause, child, restarts });
    logGaveUp(this.#actor, error);
    await this.#end({ code: 1, reason: "error", error });
  }

  /** Stops everything and ends. */
  async #end(exit: Exit): Promise<void> {
    await this.#stopAll();
    await this.#actor.endWith(exit);
  }

  #stopAll(): Promise<void> {
    return this.#stopped ??= this.#stopEach();
  }

  async #stopEach(): Promise<void> {
    const children = [...this.#children.values()];
    await this.#part(children);
    for (const child of children.toReversed()) {
      await this.#stop(child);
      // One above may start this supervisor again; it says so when it will not.
      if (!this.#plan.nested) await child.over();
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  #tell(event: SupervisorEvent): void {
    for (const [id, { events }] of this.#observers) events.tryPut(event).catch(() => this.#forgetObserver(id));
  }

  #forgetObserver(id: string): void {
    const observer = this.#observers.get(id);
    if (observer === undefined) return;
    this.#observers.delete(id);
    observer.events[Symbol.dispose]();
    observer.end?.[Symbol.dispose]();
    observer.forgotten?.();
  }
}
actor(import.meta.url, SupervisorActor);

function isProducer(value: unknown): value is Producer<unknown> {
  return typeof value === "object" && value !== null && passagesOf(value)?.[0].kind === PRODUCER;
}
