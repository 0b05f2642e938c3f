import { checkCount, checkMs, checkName } from "../channels/argument.ts";
import { StartError } from "../channels/errors.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import { checkOptions, patience } from "../channels/kernel/wait.ts";
import { MAX_DELAY_MS } from "../channels/kernel/wheel.ts";
import type { PlacementName } from "./contact.ts";
import type { RegisteredName } from "./definition.ts";
import type { MailboxOptions } from "./inbox.ts";
import type { PermissionOptions } from "./placement/placement.ts";
import type { StartPlan } from "./start_plan.ts";

/** What `spawn` takes. */
export interface SpawnOptions {
  /** How people read it; made from the definition's name when left out. Need not be unique. */
  readonly name?: string | undefined;
  /** Where it lives: a `"thread"` of this program when left out, a sub-`"process"`, or `"inline"`, in this isolate. */
  readonly placement?: PlacementName | undefined;
  /**
   * What a subprocess may do, never more than the spawner; when left out, each permission that the spawner holds in full.
   * This and the next three are a `StartError` elsewhere, since only a subprocess can be held to them.
   */
  readonly permissions?: PermissionOptions | undefined;
  /** Environment variables of a subprocess, beside those of the spawner. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** MiB of JavaScript heap, buffers not counted, that a subprocess may use; beyond it ends as `"out-of-memory"`. */
  readonly maxHeapMb?: number | undefined;
  /** Further flags of `deno run` for a subprocess; none that grants permissions. */
  readonly denoArgs?: readonly string[] | undefined;
  /** The bounds of its mailbox. */
  readonly mailbox?: MailboxOptions | undefined;
  /** How many messages it handles at a time, which only async handlers can make use of; 1 when left out. */
  readonly concurrency?: number | undefined;
  /** Milliseconds that starting may take; 10,000 when left out. */
  readonly startTimeoutMs?: number | undefined;
  /**
   * Milliseconds that its event loop may take to answer, before it counts as hanging and ends as `"unresponsive"`; a
   * handler that computes for less, or waits for however long, is no hang. Off when left out, and a `StartError` inline,
   * where it could not be told from its spawner.
   */
  readonly livenessMs?: number | undefined;
  /** Whether the program may end while it lives; true when left out, for a `Process` false. */
  readonly daemon?: boolean | undefined;
  /** Gives up starting; without effect once it has started. */
  readonly signal?: AbortSignal | undefined;
}

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
 * Checks options and completes the plan.
 *
 * @throws {TypeError} If one has the wrong type.
 * @throws {RangeError} If a number is out of range.
 */
export function planOf(action: string, base: PlanBase, options: SpawnOptions): StartPlan {
  checkOptions(action, options);
  const { name = base.name, placement = "thread", daemon = base.daemon, concurrency = 1, signal } = options;
  const { startTimeoutMs = START_TIMEOUT_MS, livenessMs = Infinity } = options;
  checkName(action, name);
  if (!PLACEMENTS.includes(placement)) {
    throw new TypeError(
      `Cannot ${action}: placement must be "thread", "process" or "inline", not ${Deno.inspect(placement)}`,
    );
  }
  if (typeof daemon !== "boolean") {
    throw new TypeError(`Cannot ${action}: daemon must be a boolean, not ${Deno.inspect(daemon)}`);
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
  throw new TypeError(`Cannot ${action}: the arguments must be an array, not ${Deno.inspect(args)}`);
}

/** @throws {StartError} If the isolate is this one and cannot be limited. */
export function checkInline(action: string, options: SpawnOptions): void {
  for (const name of ["permissions", "env", "maxHeapMb", "denoArgs"] as const) {
    if (options[name] === undefined) continue;
    throw new StartError(`Cannot ${action}: ${name} can be enforced only with placement "process", not "inline"`);
  }
  if (options.livenessMs !== undefined && options.livenessMs !== Infinity) {
    throw new StartError(`Cannot ${action}: livenessMs can be enforced only with an isolate of its own, not "inline"`);
  }
}

function checkIsolateOptions(action: string, { env, maxHeapMb, denoArgs }: SpawnOptions): void {
  if (env !== undefined) checkEnvironment(action, env);
  if (maxHeapMb !== undefined) checkCount(action, "maxHeapMb", maxHeapMb);
  if (denoArgs !== undefined && (!Array.isArray(denoArgs) || denoArgs.some((flag) => typeof flag !== "string"))) {
    throw new TypeError(`Cannot ${action}: denoArgs must be a list of strings, not ${Deno.inspect(denoArgs)}`);
  }
  const granting = denoArgs?.find((flag) => GRANTS.test(flag));
  if (granting !== undefined) {
    throw new TypeError(`Cannot ${action}: denoArgs must not grant permissions, as ${granting} does; use permissions`);
  }
}

function checkEnvironment(action: string, env: unknown): void {
  if (typeof env !== "object" || env === null || Array.isArray(env)) {
    throw new TypeError(`Cannot ${action}: env must be an object of strings, not ${Deno.inspect(env)}`);
  }
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== "string" || value.includes("\0")) {
      throw new TypeError(`Cannot ${action}: env.${name} must be a string without NUL, not ${Deno.inspect(value)}`);
    }
    if (!/^[^=\0]+$/.test(name)) {
      throw new TypeError(`Cannot ${action}: env cannot have a variable named ${JSON.stringify(name)}`);
    }
  }
}

function checkMailbox(action: string, mailbox: MailboxOptions = {}): MailboxOptions {
  if (typeof mailbox !== "object" || mailbox === null) {
    throw new TypeError(`Cannot ${action}: mailbox must be an object, not ${Deno.inspect(mailbox)}`);
  }
  const { capacity = 1024, overflow = "wait" } = mailbox;
  checkCount(action, "mailbox.capacity", capacity);
  if (!OVERFLOWS.includes(overflow)) {
    throw new TypeError(
      `Cannot ${action}: mailbox.overflow must be one of ${OVERFLOWS.join(", ")}, not ${Deno.inspect(overflow)}`,
    );
  }
  return { capacity: Math.min(capacity, Number.MAX_SAFE_INTEGER), overflow };
}
