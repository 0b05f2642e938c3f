import { join } from "node:path";

/** The package's folder, in which every program runs. */
export const root: string = join(import.meta.dirname!, "..");

/** How a program ended, and what it wrote. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #temp: string;
  readonly #stdout: Output;
  readonly #stderr: Output;
  readonly #tooLate: Promise<never>;
  readonly #timer: ReturnType<typeof setTimeout>;

  /**
   * Starts what a user would type.
   *
   * @param command a command line without quotes, or its words, that begins with `deno`, which stands for the Deno that
   * runs this
   * @param withinMs when it counts as hanging
   */
  constructor(command: string | readonly string[], withinMs: number, env: Record<string, string> = {}) {
    const [deno, ...args] = typeof command === "string" ? command.split(/\s+/) : command;
    if (deno !== "deno") throw new Error(`Cannot run ${command}: it must begin with deno`);
    this.#temp = Deno.makeTempDirSync({ prefix: "troupe-test-" });
    this.#child = new Deno.Command(Deno.execPath(), {
      args,
      cwd: root,
      env: { NO_COLOR: "1", TMPDIR: this.#temp, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Output(this.#child.stdout);
    this.#stderr = new Output(this.#child.stderr);
    const { promise, reject } = Promise.withResolvers<never>();
    this.#tooLate = promise;
    this.#tooLate.catch(() => {});
    this.#timer = setTimeout(() => {
      const read = `${this.#stdout.text}${this.#stderr.text}`;
      reject(new Error(`${command}: it, or a child of it, was still there after ${withinMs} ms: ${read}`));
    }, withinMs);
  }

  /** The program's own process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Reads standard output until it satisfies `enough`, and gives what was read so far. */
  async readUntil(enough: (read: string) => boolean): Promise<string> {
    while (!enough(this.#stdout.text)) {
      if (await Promise.race([this.#stdout.read(), this.#tooLate])) continue;
      throw new Error(`The program ended before it had written enough: ${this.#stdout.text}${this.#stderr.text}`);
    }
    return this.#stdout.text;
  }

  /** Sends a signal to the program itself, and to no child of it. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  /**
   * Waits until nothing is left of it. Its children write to the same pipes, so that these end only with the last of
   * them; and its temporary files are in a folder of their own.
   */
  async ended(): Promise<Ended> {
    const all = Promise.all([this.#child.status, this.#stdout.readAll(), this.#stderr.readAll()]);
    const [{ code, signal }, stdout, stderr] = await Promise.race([all, this.#tooLate]);
    const left = [...Deno.readDirSync(this.#temp)].map(({ name }) => name);
    if (left.length > 0) throw new Error(`The program left files behind: ${left.join(", ")}`);
    return { code, signal, stdout, stderr };
  }

  /** Kills it if it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.kill("SIGKILL");
    await Promise.all([this.#stdout.cancel(), this.#stderr.cancel(), this.#child.status]);
    await Deno.remove(this.#temp, { recursive: true });
  }
}

/** What comes out of a pipe. */
class Output {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor(pipe: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = pipe.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads some more; false when there is no more. */
  async read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    this.text += value ?? "";
    return !done;
  }

  async readAll(): Promise<string> {
    while (await this.read());
    return this.text;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** Runs a program to its end. */
export async function run(
  command: string | readonly string[],
  withinMs: number,
  env?: Record<string, string>,
): Promise<Ended> {
  await using program = new Program(command, withinMs, env);
  return await program.ended();
}
