import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import { DISCARD } from "../channels/kernel/ask.ts";
import { MAIN_SLOT } from "../channels/kernel/address.ts";
import { cells } from "../channels/kernel/cell.ts";
import { deadLetters } from "../channels/kernel/dead_letters.ts";
import { eventLoop } from "../channels/kernel/event_loop.ts";
import { releaseAll } from "../channels/kernel/handle.ts";
import { holders } from "../channels/kernel/holder.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { keepAlive } from "../channels/kernel/keep_alive.ts";
import { hasKey, isA, isThenable } from "../channels/kernel/look.ts";
import { unpack } from "../channels/kernel/pack.ts";
import type { Packet } from "../channels/kernel/packet.ts";
import { noSuchRequest, type Request } from "../channels/kernel/request.ts";
import { ActorState } from "./actor_state.ts";
import { type Frame, runAs } from "./context.ts";
import { Current } from "./current.ts";
import type { Registration } from "./definition.ts";
import { describeExit, endedEarly, ExitRequest, failedBy } from "./exited.ts";
import { GRACE_MS } from "./grace.ts";
import type { ActorHooks, Down, ErrorDecision, FailedMessage } from "./hooks.ts";
import { control, type EndSignal, HOME, homeOf, isMail, type Keeper, killAfter, KILLED } from "./keeper.ts";
import { logEnded, logFailed } from "./life_log.ts";
import { MessageLoop } from "./message_loop.ts";
import { follow } from "./suspicion.ts";
import { type Outcome, TaskResult } from "./task_result.ts";
import { PROBE, receiveProbe, type Trail } from "./trail.ts";

/** How long daemons may take to stop once a task is done. */
const DAEMON_GRACE_MS = 1000;

/** An actor where it lives: one mailbox, one thing at a time, a life that ends once. */
export class Actor extends ActorState implements Keeper, Frame {
  /** Ends the children in a way of its own; a supervisor has one. */
  endChildrenBy: (() => Promise<void>) | undefined;

  #loop: MessageLoop | undefined;
  #current: Current | undefined;
  #hasMethods = true;
  #instance: (object & ActorHooks) | undefined;
  /** When it is killed, by `performance.now()`. */
  stopDueMs: number = Infinity;
  /** How long it was given to stop, once it was asked to. */
  #stopping: { readonly graceMs: number } | undefined;
  /** When whoever started it has been told that it runs. */
  #told: Promise<void> | undefined;
  #conclusion: Promise<void> | undefined;
  #taskResult: TaskResult | undefined;
  /** Where it has a place among the children, if it was started in its starter's isolate. */
  #starter: Actor | undefined;
  /** Whether it keeps the program alive. */
  #holdsProgram = false;

  /** It is itself what is noted of code that runs on its behalf, and not for a call. */
  get actor(): this {
    return this;
  }

  get call(): undefined {
    return undefined;
  }

  get task(): undefined {
    return undefined;
  }

  /** How its messages are handled. */
  get loop(): MessageLoop {
    if (this.#loop !== undefined) return this.#loop;
    const loop = this.#loop = new MessageLoop(this);
    if (this.exit !== undefined) loop.end(this.exit);
    else if (this.ending) loop.close();
    else if (this.#instance !== undefined) loop.open(this.#instance);
    return loop;
  }

  /** The same, if it ever had a message. */
  get loopIfAny(): MessageLoop | undefined {
    return this.#loop;
  }

  /** What its own code sees of it. */
  get current(): Current {
    return this.#current ??= new Current(this);
  }

  /** Takes its place below the actor of this isolate that starts it. */
  joins(starter: Actor): void {
    this.#starter = starter;
    starter.children.add(this);
    this.#holdsProgram = this.isAwaited;
    if (this.#holdsProgram) keepAlive.hold(true);
  }

  override keepsMail(verb: string): boolean {
    return isMail(verb);
  }

  /** Whether there is, or will be, somebody who handles calls: not so in a task, nor in the program itself. */
  get hasMethods(): boolean {
    return this.#hasMethods;
  }

  /** Somebody whom it watches has ended. */
  hearOf(down: Down): void {
    if (this.#hasMethods && !this.ending) this.loop.addNews(down);
  }

  /** Ends it in order for a reason of its own. */
  async endWith(exit: Exit): Promise<void> {
    await this.#conclude(exit.error === undefined ? exit : this.#failedBy(exit.error, exit.code));
  }

  /** It runs by itself, and handles no calls. */
  run(): void {
    this.#hasMethods = false;
    this.state = "running";
  }

  /**
   * Constructs the actor, or starts its task. Returns a promise if that is not done at once. Throws, or rejects with, what
   * was thrown, and the actor has then ended.
   *
   * @param told when whoever starts it has been told, after which a task begins: it may end everything at once
   */
  start(args: Packet, registration: Registration, told: Promise<void>): Promise<void> | undefined {
    if (this.exit !== undefined) throw new Error(`${this.name} has ended before that (${describeExit(this.exit)})`);
    this.state = "starting";
    try {
      const values = unpack(args, this.holder) as unknown[];
      if (registration.kind === "task") {
        this.run();
        void this.#runTask(registration.definition as (...values: unknown[]) => unknown, values, told);
        return undefined;
      }
      const Class = registration.definition as new (...values: unknown[]) => object & ActorHooks;
      let instance!: object & ActorHooks;
      const starting = runAs(this, undefined, () => {
        instance = new Class(...values);
        const hook = instance.onStart?.(this.current);
        return isThenable(hook) ? waitFor(hook) : undefined;
      });
      if (starting === undefined) return this.#begin(instance);
      return starting.then(() => this.#begin(instance)).catch((error) => this.#failedToStart(error));
    } catch (error) {
      this.#failedToStart(error);
    }
  }

  /** It is constructed: from now on it handles messages. */
  #begin(instance: object & ActorHooks): undefined {
    if (this.ending) throw endedEarly(this.name, this.exit);
    this.#instance = instance;
    this.state = "running";
    this.#loop?.open(instance);
  }

  #failedToStart(error: unknown): never {
    if (isA(error, ExitRequest)) {
      throw new Error(`${this.name} called exit(${error.code}) while it was starting`);
    }
    this.failToStart(error);
    throw error;
  }

  /** Ends it, since it cannot be started. */
  failToStart(error: unknown): void {
    if (this.#conclusion === undefined) this.#finish(this.#failedBy(error));
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "call":
      case "cast":
        if (this.#refuses(request)) return;
        if (this.#hasMethods) return this.loop.add(request);
        this.loop.refuseUnknown(request);
        return this.loop.inbox.credit(request);
      case "message":
        if (!this.#refuses(request)) this.loop.addMessage(request);
        return;
      case "room":
        if (!this.#refuses(request)) this.loop.awaitRoom(request);
        return;
      case "hasRoom":
        if (!this.#refuses(request)) request.reply(this.loop.inbox.hasRoom);
        return;
      case DISCARD:
        return this.#discard(request);
      case PROBE:
        return receiveProbe(request, this);
      case HOME:
        return request.reply(homeOf(this));
      default:
        if (control(this, request)) return;
        request.throw(noSuchRequest(this.name, request.verb));
    }
  }

  /** Somebody wants to know for whom a call of theirs, to this actor, has to wait. */
  probed(call: Request, trail: Trail): void {
    void follow(this, call, trail);
  }

  stop(graceMs: number): Promise<Exit> {
    this.#assertEndable("stop");
    if (this.exit !== undefined) return this.exited;
    if (this.state === "made") {
      this.#finish({ code: 0, reason: "stopped" });
      return this.exited;
    }
    if (graceMs <= 0) return this.kill("SIGKILL");
    this.stopDueMs = Math.min(this.stopDueMs, performance.now() + graceMs);
    killAfter(this, graceMs);
    if (this.#stopping === undefined) {
      this.#stopping = { graceMs };
      void this.#stopGently(graceMs);
    }
    return this.exited;
  }

  kill(signal: EndSignal): Promise<Exit> {
    this.#assertEndable("kill");
    this.#finish(KILLED[signal]);
    return this.exited;
  }

  orphan(): void {
    this.#finish(PARENT_GONE);
  }

  interrupt(): void {
    this.#assertEndable("interrupt");
    this.ownSignal.ask(`${this.name} was interrupted`, this.holder);
  }

  /** Asks the code that runs in it to end. */
  askToStop(): void {
    this.ownSignal.askOnce(`${this.name} was asked to stop`, this.holder);
  }

  result(request: Request): void {
    (this.#taskResult ??= new TaskResult(this)).answer(request);
  }

  /** Ends it with a code of its own choice. Never returns. */
  exitWith(code: number): never {
    void this.#conclude({ code, reason: code === 0 ? "normal" : "error" });
    throw new ExitRequest(code);
  }

  /** A handler threw; the caller, if there is one, has been told. */
  failed(error: unknown, message: FailedMessage): void {
    if (message.kind !== "call") this.crash(error, message);
    else if (hasKey(this.#instance, "onError") && !this.#obeys(error)) void this.#decide(error, message, "resume");
  }

  /** Something it did not catch, and that no caller can be told: the actor ends, unless it decides otherwise. */
  crash(error: unknown, message: FailedMessage): void {
    if (this.state === "ended" || isA(error, ExitRequest) || this.#obeys(error)) return;
    if (hasKey(this.#instance, "onError")) void this.#decide(error, message, "restart");
    else void this.#fail(error, ` in ${message.method}`);
  }

  /** Stops the children, all within the grace, those asked first that were started last. */
  async endChildren(graceMs: number): Promise<void> {
    await this.endChildrenBy?.();
    await Promise.all([...this.children].reverse().map((child) => child.stop(graceMs)));
  }

  /** Gives back the handles of a message that nobody will read. After the end they were leased to a holder anew. */
  #discard(request: Request): void {
    releaseAll(request.body.passages, holders.get(isolate.id, this.slot));
  }

  /** Every child has a ref to its parent, also one that may do nothing. */
  #assertEndable(action: string): void {
    if (this.isProgram) throw new TypeError(`Cannot ${action} ${this.name}: it is the program itself`);
  }

  /** An actor that ends takes nothing new. */
  #refuses(request: Request): boolean {
    if (!this.ending) return false;
    this.#discard(request);
    if (request.asker === undefined) deadLetters.add(this.title, request.detail || request.verb);
    else request.lose(this.exit ?? { code: 0, reason: "stopped" });
    this.loop.inbox.credit(request);
    return true;
  }

  async #decide(error: unknown, message: FailedMessage, fallback: ErrorDecision): Promise<void> {
    // Messages queued behind the error wait until it is known whether they will be handled at all.
    this.loop.pause();
    try {
      const decision = await this.#decisionOf(error, message) ?? fallback;
      if (decision === "resume" || this.state === "ended") return;
      if (decision === "stop") void this.stop(GRACE_MS);
      else await this.#fail(error, ` in ${message.method}`, decision === "escalate");
    } finally {
      this.loop.resume();
    }
  }

  async #decisionOf(error: unknown, message: FailedMessage): Promise<ErrorDecision | undefined> {
    try {
      return await runAs(this, undefined, () => this.#instance?.onError?.(error, message));
    } catch (second) {
      logFailed(`${this.title}: onError failed`, second);
      return "restart";
    }
  }

  async #runTask(
    task: (...values: unknown[]) => unknown,
    values: unknown[],
    told: Promise<void>,
  ): Promise<void> {
    // A request to stop that comes after the start was told finds that the task has begun.
    if (this.#stopping !== undefined) return this.#conclude({ code: 0, reason: "stopped" });
    await (this.#told = told);
    if (this.exit !== undefined) return;
    try {
      this.#settle({ value: await runAs(this, undefined, () => task(...values)) });
    } catch (error) {
      if (isA(error, ExitRequest) || this.exit !== undefined) return;
      if (!this.#obeys(error)) return this.#fail(error, "");
      this.#settle({ thrown: error });
    }
    await this.#outliveChildren();
    await this.#conclude({ code: 0, reason: this.#stopping === undefined ? "normal" : "stopped" });
  }

  /** Waits for the children that are no daemons, and stops the others. */
  async #outliveChildren(): Promise<void> {
    if (this.#stopping !== undefined) return this.endChildren(this.#stopping.graceMs);
    await Promise.all(this.#workers().map((child) => child.exited));
    await this.endChildren(DAEMON_GRACE_MS);
  }

  /** The children that are no daemons: a task waits for them. */
  #workers(): Keeper[] {
    return [...this.children].filter((child) => !child.daemon);
  }

  async #stopGently(graceMs: number): Promise<void> {
    this.state = "stopping";
    // A task has begun by then, and code that takes what comes in together with this waits again.
    await this.#told;
    await eventLoop.settle();
    if (this.exit !== undefined) return;
    this.askToStop();
    this.#loop?.close();
    if (this.#instance === undefined) {
      // A task ends by returning, and may be waiting for its children to end first. The daemons serve it until then.
      for (const child of this.#workers().reverse()) void child.stop(graceMs);
      return;
    }
    await this.#loop?.drained();
    await this.endChildren(graceMs);
    const exit: Exit = { code: 0, reason: "stopped" };
    try {
      await runAs(this, undefined, () => this.#instance!.onStop?.(exit));
    } catch (error) {
      if (!this.#obeys(error)) return await this.#fail(error, " in onStop");
    }
    await this.#conclude(exit);
  }

  /** Whether an error says no more than that it was asked to stop. As an answer to `interrupt` it is one like others. */
  #obeys(error: unknown): boolean {
    return this.#stopping !== undefined && this.ownSignal.isReason(error);
  }

  /** The whole error is on standard error before the actor counts as ended. */
  async #fail(error: unknown, where: string, escalated = false): Promise<void> {
    runAs(this, undefined, () => logFailed(`${this.title} ended by an uncaught error${where}`, error));
    this.#settle({ thrown: error });
    await this.#conclude({ ...this.#failedBy(error), ...(escalated && { escalated }) });
  }

  /** The exit that an error makes. The error's getters are the actor's own code, and run on its behalf. */
  #failedBy(error: unknown, code?: number): Exit {
    return runAs(this, undefined, () => failedBy(error, code));
  }

  /** The task's outcome is known, and told while its holds on what it may contain still last. */
  #settle(outcome: Outcome): void {
    if (this.exit === undefined) (this.#taskResult ??= new TaskResult(this)).settle(outcome);
  }

  /** Ends it in order: it takes nothing new, and its `onExit` functions run first. The first reason to end counts. */
  #conclude(exit: Exit): Promise<void> {
    return this.#conclusion ??= this.#concludeWith(exit);
  }

  async #concludeWith(exit: Exit): Promise<void> {
    if (this.exit !== undefined) return;
    this.state = "stopping";
    this.#loop?.pause();
    if (this.hasExitHooks) await runAs(this, undefined, () => this.exitHooks.run());
    this.#finish(exit);
  }

  #finish(exit: Exit): void {
    if (this.exit !== undefined) return;
    this.state = "ended";
    this.exit = exit;
    this.stopSignal?.abort(this.endedText);
    this.#taskResult?.answerAll();
    // Its isolate was started for it, and ends with it.
    if (this.slot === MAIN_SLOT && !this.isProgram) holders.ending = true;
    for (const child of this.childrenIfAny) child.orphan();
    this.#loop?.end(exit);
    cells.retire(this, exit);
    holders.sweep(this.holder);
    this.#starter?.children.delete(this);
    if (this.#holdsProgram) keepAlive.release(true);
    this.exitedLater?.resolve(exit);
    if (this.plan.keeper === undefined) logEnded(this, exit);
  }
}

/** Waits for what `onStart` gave, on behalf of whoever calls this. */
async function waitFor(hook: PromiseLike<unknown>): Promise<void> {
  await hook;
}
