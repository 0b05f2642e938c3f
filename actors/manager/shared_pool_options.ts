import type { OptionNames } from "../../channels/kernel/options.ts";
import { POOL_OPTIONS, type PoolOptions } from "../pool/pool_options.ts";

/** What a pool of a manager's is made with: nothing that would have to be found again in the manager's isolate. */
export type SharedPoolOptions = Omit<PoolOptions, "initializer" | "initializerArgs" | "name">;

const { initializer: _initializer, initializerArgs: _args, name: _name, ...OF_POOL } = POOL_OPTIONS;

/** The names of `SharedPoolOptions`. */
export const SHARED_POOL_OPTIONS: OptionNames<SharedPoolOptions> = OF_POOL;
