import { deadline } from "@std/async/deadline";
import { BOUND_MS, until } from "./process_everywhere.ts";

/** How a program ended, and what it said. */
export interface ProgramEnd {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly out: string;
  readonly err: string;
}

/**
 * A real program in a process group of its own, whose output is read as it comes. Everything that it starts inherits a
 * mark in its environment, so that the test can see whether anything of it is left.
 */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #mark: string;
  readonly #folder: string;
  readonly #out: Promise<void>;
  readonly #err: Promise<void>;
  out = "";
  err = "";

  /** Runs `fixtures/programs/NAME.ts`. */
  constructor(name: string, args: readonly string[] = [], denoFlags: readonly string[] = []) {
    this.#mark = crypto.randomUUID();
    this.#folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });
    const file = new URL(`./fixtures/programs/${name}.ts`, import.meta.url);
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", ...denoFlags, file.href, ...args],
      env: { TROUPE_MARK: this.#mark, TMPDIR: this.#folder, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    }).spawn();
    this.#out = this.#collect(this.#child.stdout, (text) => this.out += text);
    this.#err = this.#collect(this.#child.stderr, (text) => this.err += text);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** The lines on standard output so far. */
  get lines(): string[] {
    return this.out.split("\n").slice(0, -1);
  }

  /** Waits until the program has said so many of such lines on standard output. */
  async said(line: string | RegExp, times = 1): Promise<void> {
    const is = (other: string) => typeof line === "string" ? other === line : line.test(other);
    await until(
      () => this.lines.filter(is).length >= times,
      `the program says ${line}, after ${JSON.stringify(this.out + this.err)}`,
      BOUND_MS / 2,
    );
  }

  /** Sends a signal to the program alone. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Sends a signal to all of its process group, as a terminal does. */
  signalGroup(signal: Deno.Signal): void {
    Deno.kill(-this.pid, signal);
  }

  /** How it ended; its output is complete then, so that nothing may be left that holds it. */
  async ended(boundMs: number = BOUND_MS / 2): Promise<ProgramEnd> {
    const { code, signal } = await deadline(this.#child.status, boundMs);
    await deadline(Promise.all([this.#out, this.#err]), 2000);
    return { code, signal, out: this.out, err: this.err };
  }

  /** Waits until nothing of it is left, as the contract promises within 2 s: no process and no file. */
  async leftNothing(): Promise<void> {
    await until(() => this.running().length === 0, "no process of the program is left", 2000);
    const files = [...Deno.readDirSync(this.#folder)].map((entry) => entry.name);
    if (files.length > 0) throw new Error(`The program left files behind: ${files.join(", ")}`);
  }

  /** The numbers of the processes that have the program's mark. */
  running(): number[] {
    const marked: number[] = [];
    for (const { name } of Deno.readDirSync("/proc")) {
      if (/^\d+$/.test(name) && environmentOf(name).includes(`TROUPE_MARK=${this.#mark}`)) marked.push(Number(name));
    }
    return marked;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.running()) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It went by itself.
      }
    }
    await this.#child.status;
    await Promise.all([this.#out, this.#err]);
    Deno.removeSync(this.#folder, { recursive: true });
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
  }
}

/** Empty for a zombie, and for what is gone or not ours. */
function environmentOf(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`);
  } catch {
    return "";
  }
}
