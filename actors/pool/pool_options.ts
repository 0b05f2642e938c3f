import { checkOptions, type OptionNames } from "../../channels/kernel/options.ts";
import { brief } from "../../channels/kernel/show.ts";
import type { Movable } from "../../channels/kernel/packet.ts";
import { type Patience, patienceOf, WAIT_OPTIONS, type WaitOptions } from "../../channels/kernel/wait.ts";
import type { PlacementName } from "../contact.ts";
import { ISOLATE_OPTIONS, type IsolateOptions } from "../isolate_options.ts";
import type { TaskFunction } from "../definition.ts";
import { checkCount, checkNumber } from "../../channels/argument.ts";

/** What `new Pool` takes; what concerns a thread or subprocess is about that of each worker. */
export interface PoolOptions extends IsolateOptions {
  /** How many workers it has at most; one for each processor when left out. */
  readonly size?: number | undefined;
  /** Where they live: `"thread"` when left out. Tasks that only wait for others need no more than `"inline"`. */
  readonly placement?: PlacementName | undefined;
  /**
   * A registered function that each worker runs before its first task. When it throws, or leaves a rejection to nobody, the
   * worker does not start.
   */
  readonly initializer?: TaskFunction | undefined;
  /** Its arguments, as they are when the pool is made. */
  readonly initializerArgs?: readonly unknown[] | undefined;
  /**
   * How many calls or items a worker is given before another takes its place, so that what tasks leave behind goes with
   * it; any number when left out. A chunk is not divided for that.
   */
  readonly maxTasksPerWorker?: number | undefined;
  /**
   * How many calls may wait for a worker, besides those for which one has nothing to do or can be started; any number when
   * left out. Items of maps are not counted: a map holds them back by itself. (Piscina's `maxQueue`.)
   */
  readonly maxQueue?: number | undefined;
  /**
   * What happens to a call that comes when so many wait: it waits as well (`"wait"`, when left out), and `ready()` says when
   * there is room; or it rejects with {@linkcode FullError} (`"reject"`). A call that waits keeps its arguments in memory: when
   * more than 65,536 wait, the log tells, once until none waited.
   */
  readonly overflow?: "wait" | "reject" | undefined;
  /** How people read it; its workers are named after it. `"pool"` when left out. */
  readonly name?: string | undefined;
}

/** The names of `PoolOptions`. */
export const POOL_OPTIONS: OptionNames<PoolOptions> = {
  ...ISOLATE_OPTIONS,
  size: true,
  placement: true,
  initializer: true,
  initializerArgs: true,
  maxTasksPerWorker: true,
  maxQueue: true,
  overflow: true,
  name: true,
};

/** What `Pool.run` takes. Time counts from the call on, not from when a worker begins. */
export interface RunOptions extends WaitOptions {
  /** How often to run it again elsewhere when the worker that had begun it died; 0 when left out. */
  readonly retries?: number | undefined;
  /** Objects in the arguments to move instead of copying. */
  readonly transfer?: readonly Movable[] | undefined;
  /** A task of higher priority is begun first; 0 when left out. Among equals it is first come, first served. */
  readonly priority?: number | undefined;
}

/** The names of `RunOptions`. */
export const RUN_OPTIONS: OptionNames<RunOptions> = { ...WAIT_OPTIONS, retries: true, transfer: true, priority: true };

/** What `Pool.close` takes. */
export interface CloseOptions {
  /** Whether what no worker has begun rejects with `PoolClosedError`, instead of being done; false when left out. */
  readonly cancelPending?: boolean | undefined;
}

/** The names of `CloseOptions`. */
export const CLOSE_OPTIONS: OptionNames<CloseOptions> = { cancelPending: true };

/** How far a map has come. */
export interface PoolProgress {
  /** How many items are done, those that failed included. */
  readonly done: number;
  /** How many of them failed. */
  readonly failed: number;
  /** How many there are. */
  readonly total: number;
}

/** What `Pool.map`, `starmap` and `mapSettled` take. */
export interface MapOptions extends WaitOptions {
  /** How many items go to a worker at once: `ceil(items / (4 × size))` when left out. */
  readonly chunkSize?: number | undefined;
  /**
   * Milliseconds until the whole map rejects with `TimeoutError`, counted from the call on; for ever when left out.
   * Nothing more is begun then, and what has begun is asked to stop. (Python's `Executor.map`.) For a limit to each task
   * call `run`.
   */
  readonly timeoutMs?: number | undefined;
  /** Gives up: rejects with the signal's reason, begins nothing more, and aborts what has begun. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How often each item is run again elsewhere when the worker died that had it in hand; 0 when left out. An item whose
   * task throws is not run again.
   */
  readonly retries?: number | undefined;
  /** Objects in the items to move instead of copying, each in one item. They cannot be sent again: not with `retries`. */
  readonly transfer?: readonly Movable[] | undefined;
  /** Told as results come in. What it throws is told on standard error, once. */
  readonly onProgress?: ((progress: PoolProgress) => void) | undefined;
}

/** The names of `MapOptions`. */
export const MAP_OPTIONS: OptionNames<MapOptions> = {
  ...WAIT_OPTIONS,
  chunkSize: true,
  retries: true,
  transfer: true,
  onProgress: true,
};

/**
 * What `Pool.imap` and `imapUnordered` take. There is no `transfer`: the items are not known at the call, and so objects in
 * them cannot be named.
 */
export interface ImapOptions extends WaitOptions {
  /** How many items are taken from the source before their results are: 2 × size when left out. */
  readonly window?: number | undefined;
  /** How many items go to a worker at once, the window at most; 1 when left out. */
  readonly chunkSize?: number | undefined;
  /**
   * Milliseconds that each result may take, counted from when it is asked for; for ever when left out. Then the loop ends
   * with `TimeoutError`, as if it were left. (Python's `next(timeout)`.)
   */
  readonly timeoutMs?: number | undefined;
  /** Gives up, as leaving the loop does: the next item rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How often each item is run again elsewhere when the worker died that had it in hand; 0 when left out. An item whose
   * task throws is not run again.
   */
  readonly retries?: number | undefined;
  /**
   * What an error of a task does: it ends the loop (`"throw"`, when left out), or it is one of the results (`"yield"`),
   * all of which are then as `Promise.allSettled` gives them, and the loop goes on. Both have the index of the item as
   * `index` on the error.
   */
  readonly onError?: "throw" | "yield" | undefined;
}

/** The names of `ImapOptions`. */
export const IMAP_OPTIONS: OptionNames<ImapOptions> = {
  ...WAIT_OPTIONS,
  window: true,
  chunkSize: true,
  retries: true,
  onError: true,
};

/**
 * Checks what is beside the wait.
 *
 * @throws {TypeError} If an option has the wrong type.
 * @throws {RangeError} If `retries` is no whole number of at least 0, or goes with `transfer`.
 */
export function checkRunOptions(action: string, options: RunOptions): void {
  const { retries, transfer, priority = 0 } = checkOptions(action, options, RUN_OPTIONS);
  checkRetries(action, retries, transfer);
  checkNumber(action, "priority", priority);
}

/**
 * Checks the options of a map, and gives its wait.
 *
 * @throws {TypeError} If one has the wrong type.
 * @throws {RangeError} If a number is out of range, or `retries` goes with `transfer`.
 * @throws The signal's reason, if it is aborted already.
 */
export function checkMapOptions(action: string, options: MapOptions): Patience {
  const { chunkSize, onProgress, retries, transfer } = checkOptions(action, options, MAP_OPTIONS);
  if (chunkSize !== undefined) checkCount(action, "chunkSize", chunkSize);
  checkRetries(action, retries, transfer);
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`Cannot ${action}: onProgress must be a function, not ${typeof onProgress}`);
  }
  return patienceOf(action, options);
}

/** The same of `imap`. */
export function checkImapOptions(action: string, options: ImapOptions): Patience {
  const { chunkSize, window, retries, onError = "throw" } = checkOptions(action, options, IMAP_OPTIONS);
  if (chunkSize !== undefined) checkCount(action, "chunkSize", chunkSize);
  if (window !== undefined) checkCount(action, "window", window);
  checkRetries(action, retries, undefined);
  if (onError !== "throw" && onError !== "yield") {
    throw new TypeError(`Cannot ${action}: onError must be "throw" or "yield", not ${brief(onError)}`);
  }
  return patienceOf(action, options);
}

function checkRetries(action: string, retries: number = 0, transfer: readonly Movable[] = []): void {
  checkCount(action, "retries", retries, 0);
  if (retries > 0 && transfer.length > 0) {
    throw new RangeError(`Cannot ${action}: what was moved cannot be sent again, so transfer goes without retries`);
  }
}
