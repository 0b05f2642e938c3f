import { checkOptions } from "../../channels/kernel/options.ts";
import { brief } from "../../channels/kernel/show.ts";
import { pack, unpack } from "../../channels/kernel/pack.ts";
import type { Actor } from "../actor.ts";
import { currentActor } from "../context.ts";
import { registrationOf } from "../definition.ts";
import { checkCount } from "../../channels/argument.ts";
import { checkArgs, planOf, type SpawnOptions } from "../spawn_options.ts";
import { checkPlacement, prepare } from "../start.ts";
import type { StartPlan } from "../start_plan.ts";
import { POOL_OPTIONS, type PoolOptions } from "./pool_options.ts";
import { PoolWorker } from "./pool_worker.ts";
import { Station, type StationOwner } from "./station.ts";
import { moduleOf, type TaskName } from "./task_name.ts";
import { cpuCount } from "../process.ts";

/** How a pool's workers are made. */
export class Crew {
  readonly name: string;
  readonly size: number;
  readonly maxTasksPerWorker: number;
  readonly maxQueue: number;
  readonly overflow: NonNullable<PoolOptions["overflow"]>;
  /** Whose children they are. */
  readonly maker: Actor;
  /** What they are to run: a worker imports the modules of those that are known when it is made. */
  readonly tasks: Set<TaskName> = new Set();
  readonly #plan: StartPlan;
  readonly #options: SpawnOptions;
  readonly #initializer: { readonly moduleUrl: string; readonly name: string } | undefined;
  readonly #initializerArgs: readonly unknown[];
  #made = 0;

  /**
   * @throws {TypeError} If an option has the wrong type.
   * @throws {RangeError} If a number is out of range.
   * @throws {NotSerializableError} If an argument of the initializer cannot travel.
   * @throws {StartError} If the placement cannot enforce an option.
   */
  constructor(options: PoolOptions) {
    const action = "make a pool";
    const {
      size = cpuCount(),
      maxTasksPerWorker = Infinity,
      maxQueue = Infinity,
      overflow = "wait",
      initializer,
      initializerArgs = [],
      name = "pool",
      ...ofWorkers
    } = checkOptions(action, options, POOL_OPTIONS);
    checkCount(action, "size", size);
    if (size === Infinity) throw new RangeError(`Cannot ${action}: size must be finite`);
    checkCount(action, "maxTasksPerWorker", maxTasksPerWorker);
    checkCount(action, "maxQueue", maxQueue, 0);
    if (overflow !== "wait" && overflow !== "reject") {
      throw new TypeError(`Cannot ${action}: overflow must be "wait" or "reject", not ${brief(overflow)}`);
    }
    this.maker = currentActor();
    const { plan: { path }, holder } = this.maker;
    const registration = registrationOf(action, PoolWorker);
    this.#options = ofWorkers;
    this.#plan = planOf(action, { registration, name, path, daemon: true, holder }, { ...ofWorkers, name });
    checkPlacement(action, this.#plan.placement, this.#options);
    if (initializer !== undefined) {
      const { kind, moduleUrl, name } = registrationOf(`${action}: initializer`, initializer);
      if (kind !== "task") throw new TypeError(`Cannot ${action}: the initializer is a class, not a function`);
      this.#initializer = { moduleUrl, name };
    }
    checkArgs(`${action}: initializerArgs`, initializerArgs);
    this.#initializerArgs = unpack(pack(initializerArgs, "initializerArgs", holder), holder) as unknown[];
    this.name = name;
    this.size = size;
    this.maxTasksPerWorker = maxTasksPerWorker;
    this.maxQueue = maxQueue;
    this.overflow = overflow;
  }

  /** A worker that can be started. */
  prepare(owner: StationOwner): Station {
    const imports = [...new Set([...this.tasks].map(moduleOf))];
    if (this.#initializer !== undefined && !imports.includes(this.#initializer.moduleUrl)) {
      imports.unshift(this.#initializer.moduleUrl);
    }
    const plan = { ...this.#plan, name: `${this.name}-${this.#made + 1}`, imports };
    const prepared = prepare(plan, this.maker, this.#options);
    this.#made++;
    return new Station(owner, prepared);
  }

  /** Starts it; resolves when its initializer is done. */
  async start(station: Station): Promise<void> {
    await station.start([this.#initializer ?? null, this.#initializerArgs]);
  }
}
