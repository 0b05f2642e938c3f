import type { Exit } from "../channels/exit.ts";
import { Cell, cells, isCell } from "../channels/kernel/cell.ts";
import { type Holder, holders } from "../channels/kernel/holder.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import type { Stop } from "../channels/kernel/stop.ts";
import type { ActorPlan } from "./actor_plan.ts";
import { Contact } from "./contact.ts";
import { ExitHooks } from "./exit_hooks.ts";
import type { Keeper } from "./keeper.ts";
import { StopSignal } from "./stop_signal.ts";

/**
 * What an actor is and has: its name, its children, where it is in its life. There may be a million actors, and most have
 * few of these parts: each part is made when it is first used.
 */
export abstract class ActorState extends Cell {
  readonly holder: Holder;
  exit: Exit | undefined;
  /** How many processes it has made, and actors it has spawned, for their names. */
  processes = 0;
  spawned = 0;

  protected state: "made" | "starting" | "running" | "stopping" | "ended" = "made";
  protected stopSignal: StopSignal | undefined;
  protected exitedLater: PromiseWithResolvers<Exit> | undefined;
  #contact: Contact | undefined;
  #children: Set<Keeper> | undefined;
  #processesAlive: Set<object> | undefined;
  #exitHooks: ExitHooks | undefined;

  /** @param parent whoever started it; nobody for the program itself */
  constructor(readonly plan: ActorPlan, readonly parent: Contact | undefined, slot: number = cells.nextSlot()) {
    super();
    this.slot = slot;
    this.holder = holders.adopt(isolate.id, slot);
  }

  get name(): string {
    return this.plan.name;
  }

  get daemon(): boolean {
    return this.plan.daemon;
  }

  /** How to reach it. */
  get contact(): Contact {
    const { name, placement, keeper } = this.plan;
    return this.#contact ??= new Contact(name, placement, this, keeper ?? this);
  }

  get exited(): Promise<Exit> {
    if (this.exitedLater === undefined) {
      this.exitedLater = Promise.withResolvers();
      if (this.exit !== undefined) this.exitedLater.resolve(this.exit);
    }
    return this.exitedLater.promise;
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
    return this.ownSignal.signal;
  }

  protected get ownSignal(): StopSignal {
    if (this.stopSignal === undefined) {
      this.stopSignal = new StopSignal();
      if (this.exit !== undefined) this.stopSignal.abort(this.endedText);
    }
    return this.stopSignal;
  }

  protected get endedText(): string {
    return `${this.name} has ended`;
  }

  /** The next request to stop, which ends what is begun now and waits at a channel or lock. */
  get nextStop(): Stop {
    return this.ownSignal.next;
  }

  /** Those that it started, while they live. */
  get children(): Set<Keeper> {
    return this.#children ??= new Set();
  }

  /** The same, without making a set of none. */
  protected get childrenIfAny(): Iterable<Keeper> {
    return this.#children ?? [];
  }

  /** The processes that it started, while they live. */
  get processesAlive(): Set<object> {
    return this.#processesAlive ??= new Set();
  }

  /** What `onExit` was given. */
  get exitHooks(): ExitHooks {
    return this.#exitHooks ??= new ExitHooks();
  }

  protected get hasExitHooks(): boolean {
    return this.#exitHooks !== undefined;
  }

  /** Where it is in its life. */
  get stage(): "starting" | "running" | "stopping" {
    if (this.ending) return "stopping";
    return this.state === "running" ? "running" : "starting";
  }

  /** Whether this is the program itself, which ends by Deno's rules. */
  get isProgram(): boolean {
    return this.parent === undefined;
  }

  /** Whether the program waits for it: neither it nor anybody here that it lives under is a daemon. */
  get isAwaited(): boolean {
    if (this.daemon) return false;
    const above = this.parent?.actor;
    return above === undefined || !isCell(above) || (above as ActorState).isAwaited;
  }

  /** Whether it takes nothing new any more. */
  get ending(): boolean {
    return this.state === "stopping" || this.state === "ended";
  }
}
