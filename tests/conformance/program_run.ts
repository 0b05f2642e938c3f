import { fileURLToPath } from "node:url";

/** How a program ended. */
export interface Run {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No program of these tests takes longer; one that does is killed, and its signal tells. */
const PROGRAM_MS = 30_000;

/** Runs a program in `programs/`, as a user would. */
export async function runProgram(name: string, flags: string[] = [], args: string[] = []): Promise<Run> {
  const program = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", ...flags, fileURLToPath(new URL(`./programs/${name}`, import.meta.url)), ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const timer = setTimeout(() => program.kill("SIGKILL"), PROGRAM_MS);
  try {
    const { code, signal, stdout, stderr } = await program.output();
    return { code, signal, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
  } finally {
    clearTimeout(timer);
  }
}
