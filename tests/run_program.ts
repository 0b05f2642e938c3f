/** Runs a Deno program to its end, or until it hangs. */

import { deadline } from "@std/async";
import { join } from "node:path";

/** What a program left behind. */
export interface Ran {
  readonly code: number;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface RunOptions {
  /** Flags of `deno run`; all permissions when left out. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** When it counts as hanging, and is killed. */
  readonly timeoutMs?: number;
}

const config = join(import.meta.dirname!, "../deno.json");

/** Starts a program, with its output piped. */
export function startProgram(
  moduleUrl: string,
  { flags = ["-A"], args = [], env = {} }: RunOptions,
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      ...(flags.includes("--config") ? [] : ["--config", config]),
      ...flags,
      moduleUrl,
      ...args,
    ],
    env: { ...env, NO_COLOR: "1" },
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
export async function runProgram(moduleUrl: string, options: RunOptions = {}): Promise<Ran> {
  const child = startProgram(moduleUrl, options);
  const output = child.output();
  try {
    const { code, signal, stdout, stderr } = await deadline(output, options.timeoutMs ?? 20_000);
    return { code, signal, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  } catch (error) {
    child.kill("SIGKILL");
    await output;
    throw error;
  }
}
