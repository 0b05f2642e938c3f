import type { QuotaOptions } from "../channels/quota.ts";
import type { OptionNames } from "../channels/kernel/options.ts";

/** The kinds of permission that Deno knows. */
export type PermissionName = "read" | "write" | "net" | "env" | "run" | "ffi" | "sys" | "import";

/** The permissions of a subprocess: all, none, those of the spawner, or for each kind all, none, or a list. */
export type PermissionOptions =
  | "inherit"
  | "none"
  | {
    readonly [K in PermissionName]?: boolean | "inherit" | readonly (string | URL)[] | undefined;
  };

/** The names of permissions. */
export const PERMISSIONS: OptionNames<Readonly<Record<PermissionName, unknown>>> = {
  read: true,
  write: true,
  net: true,
  env: true,
  run: true,
  ffi: true,
  sys: true,
  import: true,
};

/**
 * What concerns the thread or subprocess that something is started in: an actor, a pool's worker, a manager. What its
 * placement cannot enforce is a `StartError`, before anything starts.
 */
export interface IsolateOptions {
  /**
   * What a subprocess may do, never more than the spawner; when left out, each permission that the spawner holds in full.
   * This and the next four are a `StartError` elsewhere, since only a subprocess can be held to them.
   *
   * One that gets fewer is a sandbox, and so is one whose spawner could be granted more at a prompt. It has no
   * `localStorage`, `caches` or default `Deno.openKv()`, and a `location` that nobody else has. With neither all of `net`
   * nor any of `import` it imports only what Deno has in its cache. Deno has no permission for two things: with all of
   * `net`, or `import` of some hosts, a sandbox can ask npm's registry for any name; and a worker that it starts can put
   * data on the disk, where nobody else finds it.
   */
  readonly permissions?: PermissionOptions | undefined;
  /** Environment variables of a subprocess, beside those of the spawner. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** MiB of JavaScript heap, buffers not counted, that a subprocess may use; beyond it ends as `"out-of-memory"`. */
  readonly maxHeapMb?: number | undefined;
  /**
   * Further flags of `deno run` for a subprocess; none that grants permissions. Of several that are alike the last counts.
   *
   * It gets those of the program that make a difference to code: `--config`, `--import-map`, `--lock`, `--location`,
   * `--unstable-…`, `--v8-flags`, `--conditions`, `--cert`, `--node-modules-dir` and the like; not `--preload`, `--require`
   * and `--inspect`. Deno shows them only to a program with all permissions, and on Linux. Other programs pass on the
   * `deno.json` of their main module, if they may read it, their `location`, and the unstable features that can be seen;
   * the rest they name here, or in `deno.json`, or in variables (`DENO_V8_FLAGS`, `DENO_CERT`), which are inherited, as is
   * what `--env-file` has read. A `package.json` applies only with a `deno.json` beside it.
   */
  readonly denoArgs?: readonly string[] | undefined;
  /**
   * How much memory a subprocess with fewer permissions than the spawner may take elsewhere in the program: what it asks
   * for and does not take, handles that it holds, messages that nobody has handled. {@linkcode QuotaOptions} has the defaults.
   */
  readonly quota?: QuotaOptions | undefined;
  /**
   * Milliseconds that starting may take from when code of the new isolate runs; 10,000 when left out. For a supervisor or
   * manager any time when left out, since each of its children has a limit of its own. Before that Deno loads the isolate's
   * first modules, and with `deno test` or `--check` checks their types: for that it has 120,000 more, or as many as this. Of
   * many that are started at once a few load at a time, and the time of each counts from when its turn to load has come.
   */
  readonly startTimeoutMs?: number | undefined;
  /**
   * Milliseconds that its event loop may take to answer, before it counts as hanging and ends as `"unresponsive"`; code
   * that computes for less, or waits for however long, is no hang. Off when left out, and a `StartError` inline, where it
   * could not be told from its spawner.
   */
  readonly livenessMs?: number | undefined;
}

/** The names of `IsolateOptions`. */
export const ISOLATE_OPTIONS: OptionNames<IsolateOptions> = {
  permissions: true,
  env: true,
  maxHeapMb: true,
  denoArgs: true,
  quota: true,
  startTimeoutMs: true,
  livenessMs: true,
};
