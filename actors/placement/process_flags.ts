import { makeSecret } from "../../channels/kernel/address.ts";
import type { IsolateOptions } from "../isolate_options.ts";
import type { BootConfig } from "./placement.ts";
import type { Granted } from "./permissions.ts";
import { findUserConfig } from "./user_config.ts";

/** The flags of `deno run` for a subprocess, but for its permissions. */
export function processFlags(
  config: BootConfig,
  { denoArgs = [], maxHeapMb }: IsolateOptions,
  granted: Granted,
  isSandbox: boolean,
): string[] {
  const flags: string[] = [];
  const has = (flag: RegExp) => denoArgs.some((given) => flag.test(given));
  // What the child imports is not to be written into the user's lock; the program checked its modules against that.
  if (!has(/^--(no-)?lock\b|^--frozen\b/)) flags.push("--no-lock");
  const userConfig = has(/^--no-config$/) ? undefined : findUserConfig(config.imports[0] ?? config.moduleUrl);
  if (userConfig !== undefined) flags.push("--config", userConfig);
  if (isSandbox && hasOwnStorage(denoArgs)) flags.push(`--location=https://${makeSecret()}.invalid/`);
  // Deno asks registries for whatever name is imported, and nothing else keeps a child without network from telling them.
  if (granted.net !== true && granted.import !== true && granted.import.length === 0) flags.push("--cached-only");
  flags.push(...denoArgs);
  // The last one counts, and this limit is not for them to lift.
  if (maxHeapMb !== undefined && maxHeapMb !== Infinity) flags.push(`--v8-flags=--max-old-space-size=${maxHeapMb}`);
  return flags;
}

/** Whether a sandbox is to have storage of its own; else its starter has chosen a location for it. */
export function hasOwnStorage(denoArgs: readonly string[] = []): boolean {
  return !denoArgs.some((flag) => flag.startsWith("--location"));
}
