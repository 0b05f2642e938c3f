import { ProtocolError } from "../channels/errors.ts";
import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { type Address, showAddress } from "../channels/kernel/address.ts";
import { ask } from "../channels/kernel/ask.ts";
import { type Cell, cells, isCell, type Target } from "../channels/kernel/cell.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { Faces } from "../channels/kernel/handle.ts";
import { exitOfCell, isolate } from "../channels/kernel/isolate.ts";
import { EMPTY_PACKET } from "../channels/kernel/packet.ts";
import { packPlain } from "../channels/kernel/pack.ts";
import type { Shape } from "../channels/kernel/shape.ts";
import { DistantEnd } from "./distant_end.ts";
import { actorExited, arrivedExit } from "./exited.ts";
import type { EndSignal, Keeper } from "./keeper.ts";

/** Where an actor can live. */
export type PlacementName = "thread" | "process" | "inline";

/** Whether there is such a placement. */
export const isPlacement: Shape<PlacementName> = (value) =>
  value === "thread" || value === "process" || value === "inline";

const behind = new Faces<Contact>();

/** Notes what a handle is the face of. */
export function standsFor(face: object, contact: Contact): void {
  behind.set(face, contact);
}

/** Says what the handles of a class, of which there may be many, are the faces of. */
export function allStandFor<F extends object>(prototype: F, contact: (face: F) => Contact | undefined): void {
  behind.setFor(prototype, contact);
}

/** What a handle is the face of; undefined if it is no ref, process or supervisor. */
export function behindFace(face: object): Contact | undefined {
  return behind.get(face);
}

/** How to reach an actor and its keeper, wherever they are. Refs and processes are faces of this. */
export class Contact {
  #end: DistantEnd | undefined;

  constructor(
    readonly name: string,
    readonly placement: PlacementName,
    readonly actor: Target,
    readonly keeper: Target,
    /** Where the actor lives, where its target is not there. */
    readonly shownAddress?: string | undefined,
  ) {}

  /** Where the actor lives, as people read it. */
  get address(): string {
    if (this.shownAddress !== undefined) return this.shownAddress;
    return isCell(this.actor) ? `${isolate.id}#${cells.slotOf(this.actor)}` : oneLine(showAddress(this.actor));
  }

  /** Where to send what is for the actor. */
  get target(): Target {
    return isCell(this.actor) ? this.actor.direct ?? this.actor : this.actor;
  }

  /** What was sent to `target` found nobody there. */
  missed(target: Target): void {
    if (isCell(this.actor)) this.actor.missed(target);
  }

  /** How it ended, as far as is known here. */
  get exit(): Exit | undefined {
    return (this.#localKeeper ?? this.#distantEnd).exit;
  }

  /** How it ended, once it has. */
  get exited(): Promise<Exit> {
    return (this.#localKeeper ?? this.#distantEnd).exited;
  }

  /** How it ended, if it has by now; undefined also when its keeper does not say in time. */
  async look(timeoutMs: number = Infinity): Promise<Exit | undefined> {
    const known = this.exit;
    if (known !== undefined || this.#localKeeper !== undefined) return known;
    const gone = new Error("gone");
    const wait = { timeoutMs, once: false, signal: undefined };
    const asked = ask(this.keeper, { holder: whoActs.holder(), verb: "look", wait, lost: () => gone });
    return await asked.then(arrivedExit, (error) => error === gone ? this.exited : undefined);
  }

  /** Asks it to end; resolves with how it did. */
  async stop(graceMs: number): Promise<Exit> {
    return await (this.#localKeeper?.stop(graceMs) ?? this.#askToEnd("stop", graceMs));
  }

  /** Ends it at once; resolves with how it ended. */
  async end(signal: EndSignal): Promise<Exit> {
    const verb = signal === "SIGKILL" ? "kill" : "terminate";
    return await (this.#localKeeper?.kill(signal) ?? this.#askToEnd(verb));
  }

  async interrupt(): Promise<void> {
    const local = this.#localKeeper;
    if (local !== undefined) local.interrupt();
    else await this.#ask("interrupt");
  }

  /**
   * What its task returned, once it has ended; rejects with what it threw, or with how else it ended.
   *
   * @param quiet whether the program may end before that
   */
  async result(quiet: boolean): Promise<unknown> {
    const lost = (exit: Exit | undefined) => actorExited("read the result", this.name, this.address, exit);
    const result = ask(this.keeper, { holder: whoActs.holder(), verb: "result", quiet, lost });
    result.catch(() => {});
    await this.exited;
    return await result;
  }

  get #localKeeper(): Keeper | undefined {
    return isCell(this.keeper) ? this.keeper as Cell & Keeper : undefined;
  }

  get #distantEnd(): DistantEnd {
    return this.#end ??= DistantEnd.of(this.keeper as Address);
  }

  /** How the actor ended, if it is known to have ended with its isolate. */
  get endedWithIsolate(): Exit | undefined {
    const { target } = this;
    const exit = isCell(target) ? undefined : isolate.exitOf(target.isolate);
    return exit && exitOfCell((target as Address).slot, exit);
  }

  async #askToEnd(verb: string, value?: unknown): Promise<Exit> {
    const exit = arrivedExit(await this.#ask(verb, value));
    if (exit !== undefined) return exit;
    throw new ProtocolError(`Cannot ${verb} ${this.name}: what came as its exit is none`);
  }

  /** When the keeper is gone, so is everything it kept. */
  async #ask(verb: string, value?: unknown): Promise<unknown> {
    const gone = new Error("gone");
    const body = value === undefined ? EMPTY_PACKET : packPlain(value);
    const asked = ask(this.keeper, { holder: whoActs.holder(), verb, body, lost: () => gone });
    return await asked.catch((error) => error === gone ? this.#end?.exit ?? PARENT_GONE : Promise.reject(error));
  }
}
