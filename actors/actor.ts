import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import { DISCARD } from "../channels/kernel/ask.ts";
import { Cell, cells, type Target } from "../channels/kernel/cell.ts";
import { deadLetters } from "../channels/kernel/dead_letters.ts";
import { releaseAll } from "../channels/kernel/handle.ts";
import { type Holder, holders } from "../channels/kernel/holder.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { unpack } from "../channels/kernel/pack.ts";
import type { Packet } from "../channels/kernel/packet.ts";
import type { Request } from "../channels/kernel/request.ts";
import { wheel } from "../channels/kernel/wheel.ts";
import type { Contact, PlacementName } from "./contact.ts";
import { runAs } from "./context.ts";
import { Current } from "./current.ts";
import type { Registration } from "./definition.ts";
import { ExitHooks } from "./exit_hooks.ts";
import { actorExited, ExitRequest, failedBy } from "./exited.ts";
import { GRACE_MS } from "./grace.ts";
import type { ActorHooks, ErrorDecision, FailedMessage } from "./hooks.ts";
import type { MailboxOptions } from "./inbox.ts";
import { control, type EndSignal, type Keeper, KILLED } from "./keeper.ts";
import { MessageLoop } from "./message_loop.ts";

/** What an actor is before it runs. */
export interface ActorPlan {
  readonly name: string;
  /** Its place among the processes of the program: `[1, 2]` is the second child of the first. */
  readonly path: readonly number[];
  readonly placement: PlacementName;
  readonly parent: Contact | undefined;
  /** Who answers for it, if that is not the actor itself. */
  readonly keeper?: Target | undefined;
  readonly daemon: boolean;
  readonly mailbox?: MailboxOptions | undefined;
  readonly concurrency?: number | undefined;
}

/** How long daemons may take to stop once a task is done. */
const DAEMON_GRACE_MS = 1000;

/** An actor where it lives: one mailbox, one thing at a time, a life that ends once. */
export class Actor extends Cell implements Keeper {
  readonly name: string;
  readonly daemon: boolean;
  readonly holder: Holder;
  readonly loop: MessageLoop;
  readonly children: Set<Keeper> = new Set();
  readonly current: Current;
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  /** How many processes it has made, for their names. */
  processes = 0;
  /** How many actors it has spawned, for their names. */
  spawned = 0;
  /** The processes that it started, while they live. */
  readonly processesAlive: Set<object> = new Set();
  /** What `onExit` was given. */
  readonly exitHooks: ExitHooks = new ExitHooks();

  #state: "starting" | "running" | "stopping" | "ended" = "starting";
  #instance: (object & ActorHooks) | undefined;
  /** What comes before it has started waits for that. */
  #hasMethods = true;
  #stopping: Promise<Exit> | undefined;
  #outcome: { readonly value: unknown } | { readonly thrown: unknown } | undefined;
  readonly #stop = new AbortController();
  #settleExited!: (exit: Exit) => void;

  constructor(readonly plan: ActorPlan, slot: number = cells.nextSlot()) {
    super();
    this.slot = slot;
    this.name = plan.name;
    this.daemon = plan.daemon;
    this.holder = holders.adopt(isolate.id, slot);
    this.loop = new MessageLoop(this);
    this.exited = new Promise((resolve) => this.#settleExited = resolve);
    this.current = new Current(this);
  }

  /** Where it lives, as people read it. */
  get address(): string {
    return `${isolate.id}#${this.slot}`;
  }

  /** How people read it: name and address. */
  get title(): string {
    return `${this.name} (${this.address})`;
  }

  /** Aborts when the actor is asked to stop, or ends. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether this is the program itself, which ends by Deno's rules. */
  get isProgram(): boolean {
    return this.plan.parent === undefined;
  }

  /** The program's own main actor runs by itself. */
  run(): void {
    this.#state = "running";
    this.#hasMethods = false;
  }

  /**
   * Constructs the actor, or starts its task. Rejects with what was thrown, and the actor has then ended.
   *
   * @param told when its starter has been told that it runs, which a task that computes would keep waiting
   */
  async start(args: Packet, registration: Registration, told: Promise<void> = Promise.resolve()): Promise<void> {
    try {
      if (this.exit !== undefined) throw this.#endedEarly();
      const values = unpack(args, this.holder) as unknown[];
      if (registration.kind === "task") {
        this.#state = "running";
        this.#hasMethods = false;
        void this.#runTask(registration.definition as (...values: unknown[]) => unknown, values, told);
        return;
      }
      const Class = registration.definition as new (...values: unknown[]) => object & ActorHooks;
      const instance = await runAs(this, undefined, async () => {
        const made = new Class(...values);
        await made.onStart?.(this.current);
        return made;
      });
      if (this.#state !== "starting") throw this.#endedEarly();
      this.#instance = instance;
      this.#state = "running";
      this.loop.open(instance);
    } catch (error) {
      if (error instanceof ExitRequest) {
        throw new Error(`${this.name} called exit(${error.code}) while it was starting`);
      }
      this.#finish(failedBy(error));
      throw error;
    }
  }

  #handle(request: Request): void {
    if (this.#hasMethods) return this.loop.add(request);
    releaseAll(request.body.passages, this.holder);
    if (request.asker === undefined) deadLetters.add(this.title, request.detail);
    else {
      request.throw(
        new TypeError(`Cannot call ${request.detail} of ${this.name}: it runs no actor, and has no methods`),
      );
    }
  }

  #endedEarly(): unknown {
    return this.exit?.error ?? new Error(`${this.name} ended while it was starting`);
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "call":
      case "cast":
        if (!this.#refuses(request)) this.#handle(request);
        return;
      case "message":
        if (!this.#refuses(request)) this.loop.addMessage(request);
        return;
      case "room":
        if (!this.#refuses(request)) this.loop.awaitRoom(request);
        return;
      case DISCARD:
        return releaseAll(request.body.passages, this.holder);
      default:
        if (control(this, request)) return;
        request.throw(new TypeError(`Cannot ask ${this.name}: no such request as "${request.verb}"`));
    }
  }

  stop(graceMs: number): Promise<Exit> {
    this.#assertEndable("stop");
    if (this.exit !== undefined) return this.exited;
    const kill = () => this.kill("SIGKILL");
    if (graceMs <= 0) kill();
    else if (graceMs !== Infinity) {
      const deadline = wheel.after(graceMs, kill);
      void this.exited.then(() => deadline.cancel());
    }
    this.#stopping ??= this.#stopGently(graceMs);
    return this.exited;
  }

  kill(signal: EndSignal): void {
    this.#assertEndable("kill");
    this.#finish(KILLED[signal]);
  }

  orphan(): void {
    this.#finish(PARENT_GONE);
  }

  interrupt(): void {
    this.#assertEndable("interrupt");
    this.#stop.abort(new DOMException(`${this.name} was interrupted`, "AbortError"));
  }

  async result(): Promise<unknown> {
    const exit = await this.exited;
    if (this.#outcome === undefined) throw actorExited("read the result", this.name, this.address, exit);
    if ("thrown" in this.#outcome) throw this.#outcome.thrown;
    return this.#outcome.value;
  }

  /** Ends it with a code of its own choice. Never returns. */
  exitWith(code: number): never {
    if (this.isProgram) Deno.exit(code);
    void this.#conclude({ code, reason: code === 0 ? "normal" : "error" });
    throw new ExitRequest(code);
  }

  /** A handler threw; the caller, if there is one, has been told. */
  failed(error: unknown, message: FailedMessage): void {
    if (message.kind !== "call") this.crash(error, message);
    else if (this.#instance?.onError !== undefined) this.#decide(error, message, "resume");
  }

  /** Something it did not catch, and that no caller can be told: the actor ends, unless it decides otherwise. */
  crash(error: unknown, message: FailedMessage): void {
    if (this.#state !== "ended" && !(error instanceof ExitRequest)) this.#decide(error, message, "escalate");
  }

  /** Stops the children, all within the grace, those asked first that were started last. */
  async endChildren(graceMs: number): Promise<void> {
    await Promise.all([...this.children].reverse().map((child) => child.stop(graceMs)));
  }

  /** Every child has a ref to its parent, also one that may do nothing. */
  #assertEndable(action: string): void {
    if (this.isProgram) throw new TypeError(`Cannot ${action} ${this.name}: it is the program itself`);
  }

  /** An actor that ends takes nothing new. */
  #refuses(request: Request): boolean {
    if (this.#state !== "ended" && this.#state !== "stopping") return false;
    releaseAll(request.body.passages, this.holder);
    if (request.asker === undefined) deadLetters.add(this.title, request.detail || request.verb);
    else request.lose(this.exit ?? { code: 0, reason: "stopped" });
    return true;
  }

  async #decide(error: unknown, message: FailedMessage, fallback: ErrorDecision): Promise<void> {
    let decision = fallback;
    try {
      decision = await runAs(this, undefined, () => this.#instance?.onError?.(error, message)) ?? fallback;
    } catch (second) {
      console.error(`${this.title}: onError failed:`, second);
      decision = "escalate";
    }
    if (decision === "resume" || this.#state === "ended") return;
    if (decision === "stop") return void this.stop(GRACE_MS);
    await this.#fail(error, ` in ${message.method}`);
  }

  async #runTask(task: (...values: unknown[]) => unknown, values: unknown[], told: Promise<void>): Promise<void> {
    await told;
    try {
      if (this.exit !== undefined) return;
      const value = await runAs(this, undefined, () => task(...values));
      if (this.exit !== undefined) return;
      this.#outcome = { value };
      await Promise.all([...this.children].filter((child) => !child.daemon).map((child) => child.exited));
      await this.endChildren(DAEMON_GRACE_MS);
      await this.#conclude({ code: 0, reason: this.#stopping === undefined ? "normal" : "stopped" });
    } catch (error) {
      if (!(error instanceof ExitRequest) && this.exit === undefined) await this.#fail(error, "");
    }
  }

  async #stopGently(graceMs: number): Promise<Exit> {
    this.#state = "stopping";
    this.#stop.abort(new DOMException(`${this.name} was asked to stop`, "AbortError"));
    this.loop.close();
    // A task ends by returning; an actor when it has nothing left to do.
    if (this.#instance === undefined) return this.exited;
    await new Promise<void>((resolve) => {
      this.loop.idle = resolve;
      this.loop.pump();
    });
    await this.endChildren(graceMs);
    const exit: Exit = { code: 0, reason: "stopped" };
    try {
      await runAs(this, undefined, () => this.#instance!.onStop?.(exit));
      await this.#conclude(exit);
    } catch (error) {
      await this.#fail(error, " in onStop");
    }
    return this.exited;
  }

  /** The whole error is on standard error before the actor counts as ended. */
  async #fail(error: unknown, where: string): Promise<void> {
    console.error(`${this.title} ended by an uncaught error${where}:`, error);
    this.#outcome ??= { thrown: error };
    await this.#conclude(failedBy(error));
  }

  /** Ends it in order: it takes nothing new, and its `onExit` functions run first. */
  async #conclude(exit: Exit): Promise<void> {
    if (this.exit !== undefined) return;
    this.#state = "stopping";
    if (this.exitHooks.size > 0) await runAs(this, undefined, () => this.exitHooks.run());
    this.#finish(exit);
  }

  #finish(exit: Exit): void {
    if (this.exit !== undefined) return;
    this.#state = "ended";
    this.exit = exit;
    this.#stop.abort(new DOMException(`${this.name} has ended`, "AbortError"));
    for (const child of this.children) child.orphan();
    this.loop.end(exit);
    cells.remove(this, exit);
    holders.sweep(this.holder);
    this.#settleExited(exit);
  }
}
