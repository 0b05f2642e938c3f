/** The places in which what a suite tests can live, or those who use it. */

import {
  type ActorClass,
  manage,
  type ManageOptions,
  type Manager,
  type PlacementName,
  Process,
  type Ref,
  spawn,
  type SpawnOptions,
  type StartArgs,
  type TaskFunction,
} from "../../mod.ts";
import { otherProgram, withOtherProgram } from "./other_program.ts";

/** A placement of this program; or another program, and a thread of that. */
export type Where = PlacementName | "remote" | "remote thread";

/** Every placement. */
export const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];
/** Those whose inhabitants can be killed at any instruction. */
export const ELSEWHERE: readonly PlacementName[] = ["thread", "process"];
/** Every kind of place. */
export const EVERYWHERE: readonly Where[] = [...PLACEMENTS, "remote"];
/** Those whose inhabitants can be killed at any instruction. */
export const KILLABLE: readonly Where[] = [...ELSEWHERE, "remote thread"];

/** The first thread of a module under `deno test` may have its types checked, which takes seconds. */
const START_MS = 30_000;

/** One place, and the means to have somebody there. */
export class Place {
  /** What it is to whoever lives in the same program. */
  readonly placement: PlacementName;
  readonly #isRemote: boolean;

  constructor(readonly where: Where) {
    this.#isRemote = where === "remote" || where === "remote thread";
    this.placement = where === "remote" ? "inline" : where === "remote thread" ? "thread" : where;
  }

  async spawn<C extends ActorClass>(
    Class: C,
    args: StartArgs<C>,
    options: SpawnOptions = {},
  ): Promise<Ref<InstanceType<C>>> {
    const where = { startTimeoutMs: START_MS, ...options, placement: this.placement };
    if (this.#isRemote) return await otherProgram().spawn(Class, args, where);
    return await spawn<ActorClass>(Class, args, where) as Ref<InstanceType<C>>;
  }

  /** Starts a task. */
  async start<F extends TaskFunction>(task: F, ...args: Parameters<F>): Promise<Process<Awaited<ReturnType<F>>>> {
    if (this.#isRemote) return await otherProgram().start(task, args, this.placement);
    const options = { placement: this.placement, handleSignals: false, startTimeoutMs: START_MS };
    const process = new Process(task as TaskFunction, args, options);
    await process.start();
    return process as Process<Awaited<ReturnType<F>>>;
  }

  /** Starts a manager without children; in another program, in a thread of that. */
  async manage(options: ManageOptions = {}): Promise<Manager> {
    if (this.#isRemote) return await otherProgram().manage(options);
    return await manage({}, { ...options, placement: this.placement }) as Manager;
  }
}

/** Has another program at hand, if one of these places is there. */
export function prepare(places: readonly Where[]): void {
  if (places.some((where) => where.startsWith("remote"))) withOtherProgram();
}
