/** Runs a module as a program. */

import { join } from "node:path";
import { type Ended, root, run } from "./program.ts";

export type { Ended as Ran } from "./program.ts";

/** How to run it. */
export interface RunOptions {
  /** Flags of `deno run`; all permissions when left out. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** When it counts as hanging, and is killed. */
  readonly timeoutMs?: number;
}

const config = join(root, "deno.json");

/** Starts a program, with its output piped. */
export function startProgram(moduleUrl: string, options: RunOptions = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: argsOf(moduleUrl, options),
    env: { ...options.env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs a program to its end.
 *
 * @throws If it has not ended in time; it is killed then.
 */
export async function runProgram(moduleUrl: string, options: RunOptions = {}): Promise<Ended> {
  return await run(["deno", ...argsOf(moduleUrl, options)], options.timeoutMs ?? 20_000, options.env);
}

function argsOf(moduleUrl: string, { flags = ["-A"], args = [] }: RunOptions): string[] {
  const found = flags.includes("--config") ? [] : ["--config", config];
  return ["run", "--no-prompt", ...found, ...flags, moduleUrl, ...args];
}
