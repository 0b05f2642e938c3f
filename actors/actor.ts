import type { Exit } from "../channels/exit.ts";
import { DISCARD } from "../channels/kernel/ask.ts";
import { Cell, cells, type Target } from "../channels/kernel/cell.ts";
import { decode } from "../channels/kernel/codec/decode.ts";
import { encodeThrown } from "../channels/kernel/codec/encode.ts";
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
import { actorExited, ExitRequest } from "./exited.ts";
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

  /** Whether there is, or will be, somebody who handles calls: not so in a task, nor in the program itself. */
  #hasMethods = true;
  #state: "starting" | "running" | "stopping" | "ended" = "starting";
  #instance: (object & ActorHooks) | undefined;
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

  /** It runs by itself, and handles no calls. */
  run(): void {
    this.#hasMethods = false;
    this.#state = "running";
  }

  /** Constructs the actor, or starts its task. Rejects with what was thrown, and the actor has then ended. */
  async start(args: Packet, registration: Registration): Promise<void> {
    try {
      const values = unpack(args, this.holder) as unknown[];
      if (registration.kind === "task") {
        this.run();
        void this.#runTask(registration.definition as (...values: unknown[]) => unknown, values);
        return;
      }
      const Class = registration.definition as new (...values: unknown[]) => object & ActorHooks;
      // In an array: an actor may have a method named `then`, and is no promise for that.
      const [instance] = await runAs(this, undefined, async () => {
        const made = new Class(...values);
        await made.onStart?.(this.current);
        return [made];
      });
      if (this.#state !== "starting") throw this.exit?.error ?? new Error(`${this.name} ended while it was starting`);
      this.#instance = instance;
      this.#state = "running";
      this.loop.open(instance);
    } catch (error) {
      if (error instanceof ExitRequest) {
        throw new Error(`${this.name} called exit(${error.code}) while it was starting`);
      }
      this.#finish({ code: 1, reason: "error", error: copyOfThrown(error) });
      throw error;
    }
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
        return releaseAll(request.body.passages, this.holder);
      default:
        if (control(this, request)) return;
        request.throw(new TypeError(`Cannot ask ${this.name}: no such request as "${request.verb}"`));
    }
  }

  stop(graceMs: number): Promise<Exit> {
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
    this.#finish(KILLED[signal]);
  }

  interrupt(): void {
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

  /** An actor that ends takes nothing new. */
  #refuses(request: Request): boolean {
    if (this.#state !== "ended" && this.#state !== "stopping") return false;
    releaseAll(request.body.passages, this.holder);
    if (request.asker === undefined) deadLetters.add(this.title, request.detail || request.verb);
    else request.lose(this.exit ?? { code: 0, reason: "stopped" });
    this.loop.inbox.credit(request);
    return true;
  }

  async #decide(error: unknown, message: FailedMessage, fallback: ErrorDecision): Promise<void> {
    // What is queued behind the error is not handled before it is known whether it ever will be.
    this.loop.pause();
    try {
      const decision = await this.#decisionOf(error, message) ?? fallback;
      if (decision === "resume" || this.#state === "ended") return;
      if (decision === "stop") void this.stop(GRACE_MS);
      else await this.#fail(error, ` in ${message.method}`);
    } finally {
      this.loop.resume();
    }
  }

  async #decisionOf(error: unknown, message: FailedMessage): Promise<ErrorDecision | undefined> {
    try {
      return await runAs(this, undefined, () => this.#instance?.onError?.(error, message));
    } catch (second) {
      console.error(`${this.title}: onError failed:`, second);
      return "escalate";
    }
  }

  async #runTask(task: (...values: unknown[]) => unknown, values: unknown[]): Promise<void> {
    // Not in this turn: wherever it lives, a task begins after whoever started it has gone on.
    await Promise.resolve();
    try {
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
    await this.#conclude({ code: 1, reason: "error", error: copyOfThrown(error) });
  }

  /** Ends it in order: it takes nothing new, and its `onExit` functions run first. */
  async #conclude(exit: Exit): Promise<void> {
    if (this.exit !== undefined) return;
    this.#state = "stopping";
    this.loop.pause();
    if (this.exitHooks.size > 0) await runAs(this, undefined, () => this.exitHooks.run());
    this.#finish(exit);
  }

  #finish(exit: Exit): void {
    if (this.exit !== undefined) return;
    this.#state = "ended";
    this.exit = exit;
    this.#stop.abort(new DOMException(`${this.name} has ended`, "AbortError"));
    for (const child of this.children) child.kill("SIGKILL");
    this.loop.end(exit);
    cells.remove(this, exit);
    holders.sweep(this.holder);
    this.#settleExited(exit);
  }
}

/** What was thrown, as it would arrive elsewhere: an exit must be able to travel. */
function copyOfThrown(error: unknown): unknown {
  return decode(encodeThrown(error));
}
