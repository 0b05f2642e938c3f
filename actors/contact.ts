import { type Exit, PARENT_GONE } from "../channels/exit.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { showAddress } from "../channels/kernel/address.ts";
import { ask } from "../channels/kernel/ask.ts";
import { type Cell, isCell, type Target } from "../channels/kernel/cell.ts";
import { isolate } from "../channels/kernel/isolate.ts";
import { packPlain } from "../channels/kernel/pack.ts";
import { actorExited } from "./exited.ts";
import type { EndSignal, Keeper } from "./keeper.ts";

/** Where an actor can live. */
export type PlacementName = "thread" | "process" | "inline";

/** How to reach an actor and its keeper, wherever they are. Refs and processes are faces of this. */
export class Contact {
  #exit: Exit | undefined;
  #exited: Promise<Exit> | undefined;

  constructor(
    readonly name: string,
    readonly placement: PlacementName,
    readonly actor: Target,
    readonly keeper: Target,
  ) {}

  /** Where the actor lives, as people read it. */
  get address(): string {
    return isCell(this.actor) ? `${isolate.id}#${this.actor.slot}` : showAddress(this.actor);
  }

  /** How it ended, as far as is known here. */
  get exit(): Exit | undefined {
    const local = this.#localKeeper;
    if (local !== undefined) return local.exit;
    void this.exited;
    return this.#exit;
  }

  /** How it ended, once it has. */
  get exited(): Promise<Exit> {
    return this.#localKeeper?.exited ?? (this.#exited ??= this.#watch());
  }

  async stop(graceMs: number): Promise<Exit> {
    await (this.#localKeeper?.stop(graceMs) ?? this.#ask("stop", graceMs));
    return await this.exited;
  }

  async end(signal: EndSignal): Promise<Exit> {
    const local = this.#localKeeper;
    if (local !== undefined) local.kill(signal);
    else await this.#ask(signal === "SIGKILL" ? "kill" : "terminate");
    return await this.exited;
  }

  async interrupt(): Promise<void> {
    const local = this.#localKeeper;
    if (local !== undefined) local.interrupt();
    else await this.#ask("interrupt");
  }

  /** What its task returned; rejects with what it threw, or with how else it ended. */
  async result(): Promise<unknown> {
    const local = this.#localKeeper;
    if (local !== undefined) return await local.result();
    return await ask(this.keeper, {
      holder: whoActs.holder(),
      verb: "result",
      lost: (exit) => actorExited("read the result", this.name, this.address, exit ?? PARENT_GONE),
    });
  }

  get #localKeeper(): Keeper | undefined {
    return isCell(this.keeper) ? this.keeper as Cell & Keeper : undefined;
  }

  async #watch(): Promise<Exit> {
    const gone = new Error("gone");
    const asked = ask(this.keeper, { holder: whoActs.holder(), verb: "exited", quiet: true, lost: () => gone });
    this.#exit = await asked.then((exit) => exit as Exit, () => PARENT_GONE);
    return this.#exit;
  }

  /** Does nothing when the keeper is gone, since everything it kept is gone with it. */
  async #ask(verb: string, value?: unknown): Promise<void> {
    const gone = new Error("gone");
    const body = value === undefined ? undefined : packPlain(value);
    const question = { holder: whoActs.holder(), verb, lost: () => gone, ...(body && { body }) };
    await ask(this.keeper, question).catch((error) => {
      if (error !== gone) throw error;
    });
  }
}
