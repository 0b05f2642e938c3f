import { dirname, join } from "node:path";
import { makeSecret } from "../../channels/kernel/address.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import type { Granted } from "./permissions.ts";
import type { RunFlags } from "./run_flags.ts";
import { isFile } from "./user_config.ts";

/** The flags of `deno run` for a subprocess, but for its permissions: of several the last counts. */
export function processFlags(
  run: RunFlags,
  { denoArgs = [], maxHeapMb }: IsolateOptions,
  granted: Granted,
  isSandbox: boolean,
): string[] {
  let flags = [...run.flags];
  if (denoArgs.includes("--no-config")) flags = flags.filter((flag) => !flag.startsWith("--config="));
  if (isSandbox) flags = flagsOfSandbox(flags, granted);
  if (isSandbox && hasOwnStorage(denoArgs)) flags.push(`--location=https://${makeSecret()}.invalid/`);
  // Deno asks registries for whatever name is imported, and nothing else keeps a child without network from telling them.
  if (granted.net !== true && granted.import !== true && granted.import.length === 0) flags.push("--cached-only");
  flags.push(...denoArgs);
  // This limit is not for them to lift.
  if (maxHeapMb !== undefined && maxHeapMb !== Infinity) flags.push(`--v8-flags=--max-old-space-size=${maxHeapMb}`);
  return flags;
}

/** Whether a sandbox is to have storage of its own; else its starter has chosen a location for it. */
export function hasOwnStorage(denoArgs: readonly string[] = []): boolean {
  return !denoArgs.some((flag) => flag.startsWith("--location"));
}

/**
 * A lock says which packages there are, and Deno would write into it what a sandbox imports beside those. Frozen, it refuses
 * them all, also what a sandbox has the permission to import.
 */
function flagsOfSandbox(flags: readonly string[], granted: Granted): string[] {
  const mayImport = granted.import === true || granted.import.length > 0;
  const lock = mayImport ? undefined : lockOf(flags);
  const others = flags.filter((flag) => !/^--(lock|no-lock|frozen|frozen-lockfile)\b/.test(flag));
  return [...others, ...(lock === undefined ? ["--no-lock"] : [`--lock=${lock}`, "--frozen"])];
}

function lockOf(flags: readonly string[]): string | undefined {
  if (flags.includes("--no-lock")) return undefined;
  const valueOf = (name: string) => flags.findLast((flag) => flag.startsWith(`${name}=`))?.slice(name.length + 1);
  const lock = valueOf("--lock");
  if (lock !== undefined) return lock;
  const config = valueOf("--config");
  if (config === undefined) return undefined;
  const path = join(dirname(config), "deno.lock");
  // One that the configuration names may be elsewhere, or none.
  return isFile(path) && !/"lock"\s*:/.test(Deno.readTextFileSync(config)) ? path : undefined;
}
