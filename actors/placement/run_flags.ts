import { resolve } from "node:path";
import { singleton } from "../../channels/kernel/singleton.ts";
import { processLocation } from "./location.ts";
import { holdsFully, PERMISSION_NAMES } from "./permissions.ts";
import { findAbove } from "./user_config.ts";

/** How the program was run, as far as that makes a difference to what its code does. Plain data. */
export interface RunFlags {
  /** Flags of `deno run`. A value stands behind `=`, and paths are absolute. */
  readonly flags: readonly string[];
  /** The kinds of flags that could not be found out. */
  readonly unknown: string | undefined;
}

/** The evidence of how the program was run. Plain data. */
export interface Run {
  /** The flags, once a subprocess has needed them. A subprocess is told nothing else. */
  flags?: RunFlags | undefined;
  readonly mainModule?: string | undefined;
  /** The folder and the arguments that it began with. */
  readonly folder?: string | undefined;
  readonly args?: readonly string[] | undefined;
}

const state: { run: Run } = singleton("run", () => ({
  run: {
    mainModule: Deno.mainModule as string | undefined,
    folder: folderNow(),
    args: [...Deno.args],
  },
}));

/** How the program was run, for its threads: each has a main module of its own. */
export function programRun(): Run {
  return state.run;
}

/** Takes what this isolate was told. */
export function setProgramRun(run: Run): void {
  state.run = run;
}

/** Flags with a value, which may be the next argument. */
const WITH_VALUE: readonly string[] = [
  "--cert",
  "--conditions",
  "--config",
  "--import-map",
  "--location",
  "--min-dep-age",
  "--minimum-dependency-age",
  "--node-modules-linker",
  "--seed",
];
/** Flags that have a value only behind `=`, or none. */
const ALONE =
  /^--(cached-only|frozen|frozen-lockfile|no-config|no-lock|no-npm|no-remote|node-modules-dir|unsafely-ignore-certificate-errors|unstable-[a-z-]+|use-env-proxy|v8-flags|vendor)(=|$)/;
const PATHS: readonly string[] = ["--cert", "--config", "--import-map", "--lock"];

/** Globals that show whether a flag was given, for a program that cannot see its flags. */
const SIGNS: Readonly<Record<string, () => boolean>> = {
  "--unstable-bundle": () => "bundle" in Deno,
  "--unstable-cron": () => "cron" in Deno,
  "--unstable-kv": () => "openKv" in Deno,
  "--unstable-net": () => "QuicEndpoint" in Deno,
  "--unstable-raw-imports": () => "CSSStyleSheet" in globalThis,
  "--unstable-unsafe-proto": () => (Object.prototype as { __proto__?: unknown }).__proto__ === null,
  "--unstable-webgpu": () => "webgpu" in Deno,
};

/**
 * How the program was run. Deno tells a program its arguments and not the flags before them; on Linux they are in a file
 * that only a program with all permissions may read.
 *
 * @param moduleUrl a module of it, for one whose main module is not known
 */
export function runFlags(moduleUrl: string): RunFlags {
  return state.run.flags ??= findFlags(state.run, moduleUrl);
}

function findFlags({ mainModule, folder, args }: Run, moduleUrl: string): RunFlags {
  const given = folder && args && flagsOfCommandLine(folder, args);
  const flags = given || Object.keys(SIGNS).filter((flag) => SIGNS[flag]());
  const location = processLocation();
  if (!given && location !== undefined) flags.push(`--location=${location}`);
  const isConfigured = flags.some((flag) => flag === "--no-config" || flag.startsWith("--config="));
  const config = isConfigured ? undefined : findAbove(mainModule ?? moduleUrl, ["deno.json", "deno.jsonc"]);
  if (config !== undefined) flags.push(`--config=${config}`);
  const alone = isConfigured || config !== undefined ? undefined : findAbove(mainModule ?? moduleUrl, ["package.json"]);
  return {
    flags: flags.filter((flag) => flag !== "--no-config"),
    unknown: given
      ? alone && `${alone}, which applies to a subprocess only with a deno.json beside it`
      : "the flags of this program, which Deno tells only on Linux and only with all permissions",
  };
}

/** Undefined where they cannot be seen. */
function flagsOfCommandLine(folder: string, args: readonly string[]): string[] | undefined {
  if (Deno.build.os !== "linux" || !holdsAll()) return undefined;
  try {
    const all = Deno.readTextFileSync("/proc/self/cmdline").split("\0").slice(1, -1);
    const own = all.splice(all.length - args.length);
    return own.every((arg, at) => arg === args[at]) ? pick(all, folder) : undefined;
  } catch {
    return undefined;
  }
}

/** The flags that matter, among the arguments before the program's own. */
function pick(args: readonly string[], folder: string): string[] {
  const picked: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [, given, inline] = /^(--?[^=]+)(?:=([^]*))?$/.exec(args[at]) ?? [];
    const flag = given === "-c" ? "--config" : given;
    if (WITH_VALUE.includes(flag)) picked.push(`${flag}=${absolute(flag, inline ?? args[++at], folder)}`);
    else if (flag === "--lock") {
      const value = inline ?? (args[at + 1]?.startsWith("-") ? undefined : args[at + 1]) ?? "deno.lock";
      picked.push(`${flag}=${absolute(flag, value, folder)}`);
    } else if (ALONE.test(args[at])) picked.push(args[at]);
  }
  return picked;
}

function absolute(flag: string, value: string, folder: string): string {
  return PATHS.includes(flag) && !/^[a-z][a-z0-9+.-]+:/i.test(value) ? resolve(folder, value) : value;
}

function holdsAll(): boolean {
  return PERMISSION_NAMES.every(holdsFully);
}

/** Undefined for a program that would have to ask for it, or has none. */
function folderNow(): string | undefined {
  if (!holdsAll()) return undefined;
  try {
    return Deno.cwd();
  } catch {
    return undefined;
  }
}
