import { checkCount, checkMs, checkName } from "../channels/argument.ts";
import { StartError } from "../channels/errors.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import { checkOptions, type OptionNames } from "../channels/kernel/options.ts";
import { brief } from "../channels/kernel/show.ts";
import { patience } from "../channels/kernel/wait.ts";
import { MAX_DELAY_MS } from "../channels/kernel/wheel.ts";
import { checkQuota } from "../channels/quota.ts";
import type { PlacementName } from "./contact.ts";
import type { RegisteredName } from "./definition.ts";
import { MAILBOX_OPTIONS, type MailboxOptions } from "./inbox.ts";
import { ISOLATE_OPTIONS, type IsolateOptions } from "./isolate_options.ts";
import { checkPermissions } from "./placement/permissions.ts";
import type { StartPlan } from "./start_plan.ts";

/** What `spawn` takes. */
export interface SpawnOptions extends IsolateOptions {
  /** How people read it; made from the definition's name when left out. Need not be unique. */
  readonly name?: string | undefined;
  /**
   * Where it lives: a `"thread"` of this program when left out, a sub-`"process"`, or `"inline"`, in this isolate. The
   * standard input of a subprocess is at its end, as for the children of Python's `multiprocessing`. `location` is the
   * program's in each but a sandbox. In a thread Deno resolves relative URLs by none: give `fetch` and `Worker`
   * `new URL(path, location.href)`.
   */
  readonly placement?: PlacementName | undefined;
  /** The bounds of its mailbox. */
  readonly mailbox?: MailboxOptions | undefined;
  /** How many messages it handles at a time, which only async handlers can make use of; 1 when left out. */
  readonly concurrency?: number | undefined;
  /** Whether the program may end while it lives; true when left out, for a `Process` false. */
  readonly daemon?: boolean | undefined;
  /** Gives up starting; without effect once it has started. */
  readonly signal?: AbortSignal | undefined;
}

/** The names of `SpawnOptions`. */
export const SPAWN_OPTIONS: OptionNames<SpawnOptions> = {
  ...ISOLATE_OPTIONS,
  name: true,
  placement: true,
  mailbox: true,
  concurrency: true,
  daemon: true,
  signal: true,
};

const PLACEMENTS: readonly string[] = ["thread", "process", "inline"];
const OVERFLOWS: readonly string[] = ["wait", "reject", "drop-newest", "drop-oldest"];
/** Flags of `deno run` that grant permissions, long and short; several short ones may share a dash. */
const GRANTS = /^(--(allow-|permission-set)|-(?!-)[a-zA-Z]*[APRWINES])/;
const START_TIMEOUT_MS = 10_000;

/** What is settled before the options are read. */
export interface PlanBase {
  readonly registration: RegisteredName;
  readonly name: string;
  readonly path: readonly number[];
  readonly daemon: boolean;
  readonly holder: Holder;
}

/**
 * Checks options and completes the plan. Which names they may have is for the caller to say, who may take more.
 *
 * @throws {TypeError} If one has the wrong type.
 * @throws {RangeError} If a number is out of range.
 */
export function planOf(action: string, base: PlanBase, options: SpawnOptions): StartPlan {
  const { name = base.name, placement = "thread", daemon = base.daemon, concurrency = 1, signal } = options;
  const { startTimeoutMs = START_TIMEOUT_MS, livenessMs = Infinity } = options;
  checkName(action, name);
  if (!PLACEMENTS.includes(placement)) {
    throw new TypeError(
      `Cannot ${action}: placement must be "thread", "process" or "inline", not ${brief(placement)}`,
    );
  }
  if (typeof daemon !== "boolean") {
    throw new TypeError(`Cannot ${action}: daemon must be a boolean, not ${brief(daemon)}`);
  }
  checkCount(action, "concurrency", concurrency);
  checkCount(action, "livenessMs", livenessMs);
  checkIsolateOptions(action, options);
  checkMs(action, "startTimeoutMs", startTimeoutMs);
  const wait = patience(action, { timeoutMs: startTimeoutMs, signal });
  return {
    ...base,
    name,
    placement,
    daemon,
    concurrency: Math.min(concurrency, Number.MAX_SAFE_INTEGER),
    mailbox: checkMailbox(action, options.mailbox),
    startTimeoutMs: wait.timeoutMs,
    livenessMs: livenessMs > MAX_DELAY_MS ? Infinity : livenessMs,
    signal,
  };
}

/** @throws {TypeError} If the arguments are no array. */
export function checkArgs(action: string, args: unknown): void {
  if (Array.isArray(args)) return;
  throw new TypeError(`Cannot ${action}: the arguments must be an array, not ${brief(args)}`);
}

/** @throws {StartError} If the isolate is this one and cannot be limited. */
export function checkInline(action: string, options: SpawnOptions): void {
  for (const name of ["permissions", "env", "maxHeapMb", "denoArgs", "quota"] as const) {
    if (options[name] === undefined) continue;
    throw new StartError(`Cannot ${action}: ${name} can be enforced only with placement "process", not "inline"`);
  }
  if (options.livenessMs !== undefined && options.livenessMs !== Infinity) {
    throw new StartError(`Cannot ${action}: livenessMs can be enforced only with an isolate of its own, not "inline"`);
  }
}

function checkIsolateOptions(action: string, { permissions, env, maxHeapMb, denoArgs, quota }: SpawnOptions): void {
  checkQuota(action, quota);
  if (permissions !== undefined) checkPermissions(action, permissions);
  if (env !== undefined) checkEnvironment(action, env);
  if (maxHeapMb !== undefined) checkCount(action, "maxHeapMb", maxHeapMb);
  if (denoArgs !== undefined && (!Array.isArray(denoArgs) || denoArgs.some((flag) => typeof flag !== "string"))) {
    throw new TypeError(`Cannot ${action}: denoArgs must be a list of strings, not ${brief(denoArgs)}`);
  }
  const granting = denoArgs?.find((flag) => GRANTS.test(flag));
  if (granting !== undefined) {
    throw new TypeError(`Cannot ${action}: denoArgs must not grant permissions, as ${granting} does; use permissions`);
  }
}

function checkEnvironment(action: string, env: unknown): void {
  if (typeof env !== "object" || env === null || Array.isArray(env)) {
    throw new TypeError(`Cannot ${action}: env must be an object of strings, not ${brief(env)}`);
  }
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== "string" || value.includes("\0")) {
      throw new TypeError(`Cannot ${action}: env.${name} must be a string without NUL, not ${brief(value)}`);
    }
    if (!/^[^=\0]+$/.test(name)) {
      throw new TypeError(`Cannot ${action}: env cannot have a variable named ${JSON.stringify(name)}`);
    }
  }
}

function checkMailbox(action: string, mailbox: MailboxOptions = {}): MailboxOptions {
  const { capacity = 1024, overflow = "wait" } = checkOptions(action, mailbox, MAILBOX_OPTIONS, "mailbox");
  checkCount(action, "mailbox.capacity", capacity);
  if (!OVERFLOWS.includes(overflow)) {
    throw new TypeError(
      `Cannot ${action}: mailbox.overflow must be one of ${OVERFLOWS.join(", ")}, not ${brief(overflow)}`,
    );
  }
  return { capacity: Math.min(capacity, Number.MAX_SAFE_INTEGER), overflow };
}
