import type { Cell } from "../../channels/kernel/cell.ts";
import { tell } from "../../channels/kernel/ask.ts";
import { eventLoop } from "../../channels/kernel/event_loop.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import type { Actor } from "../actor.ts";
import { currentActor } from "../context.ts";
import { actor, type TaskFunction } from "../definition.ts";
import type { ActorHooks } from "../hooks.ts";
import { findOrImport } from "../imported.ts";
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
      await (await findTask(moduleUrl, name))(...this.#initializerArgs as never[]);
      // A rejection that it left to nobody is told before the next turn, and is a reason not to start.
      await eventLoop.turn();
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

async function findTask(moduleUrl: string, name: string): Promise<TaskFunction> {
  return (await findOrImport("a worker", moduleUrl, name)).definition as TaskFunction;
}
