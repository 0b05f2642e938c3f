import type { Cell } from "../../channels/kernel/cell.ts";
import { tell } from "../../channels/kernel/ask.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import type { Actor } from "../actor.ts";
import { currentActor } from "../context.ts";
import { actor, findRegistration, type TaskFunction } from "../definition.ts";
import type { ActorHooks } from "../hooks.ts";
import { importGuarded } from "../start_guard.ts";
import { Line } from "./line.ts";
import { WorkerCell } from "./worker_cell.ts";

/** The actor in which a pool's tasks run: what it is asked comes to its cell, since a mailbox would only be in the way. */
export class PoolWorker implements ActorHooks {
  readonly #actor: Actor = currentActor();
  readonly #station: Line;
  readonly #initializer: { readonly moduleUrl: string; readonly name: string } | null;
  readonly #initializerArgs: readonly unknown[];
  #cell: WorkerCell | undefined;

  constructor(
    station: Line,
    initializer: { readonly moduleUrl: string; readonly name: string } | null,
    initializerArgs: readonly unknown[],
  ) {
    this.#station = station;
    this.#initializer = initializer;
    this.#initializerArgs = initializerArgs;
  }

  /** Runs the initializer, and is ready then. */
  async onStart(): Promise<void> {
    if (this.#initializer !== null) {
      const { moduleUrl, name } = this.#initializer;
      await (await findTask(moduleUrl, name))(...this.#initializerArgs);
    }
    this.#cell = new WorkerCell(this.#actor, this.#station, findTask);
    const { target } = this.#station;
    const cell: Cell = this.#cell;
    tell(target, this.#actor.holder, "ready", "", pack(new Line(cell), "worker", destinationOf(target)));
  }

  /** What it was given is done first. */
  async onStop(): Promise<void> {
    await this.#cell?.idle();
  }
}
actor(import.meta.url, PoolWorker);

/** A task of this isolate; one that it does not know is imported. */
async function findTask(moduleUrl: string, name: string): Promise<TaskFunction> {
  let found = findRegistration(moduleUrl, name);
  if (found === undefined) {
    await importGuarded(moduleUrl, () => import(moduleUrl));
    found = findRegistration(moduleUrl, name);
  }
  if (found !== undefined) return found.definition as TaskFunction;
  throw new Error(`${moduleUrl} did not register ${name} when a worker imported it`);
}
