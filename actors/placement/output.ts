import { wheel } from "../../channels/kernel/wheel.ts";

/** How long the end of a subprocess waits for the last that it printed to be written. */
const LAST_WORDS_MS = 1000;

/**
 * What a sandbox prints, copied to the standard output and error of this program. It has pipes of its own: with the
 * program's own files and terminal it could read what is typed there, cut a log, or have the program's next line fail.
 *
 * A sandbox that prints faster than the program's output takes it waits with printing.
 */
export class Output {
  readonly #copied: Promise<unknown>;

  constructor({ stdout, stderr }: Pick<Deno.ChildProcess, "stdout" | "stderr">) {
    this.#copied = Promise.all([copy(stdout, Deno.stdout), copy(stderr, Deno.stderr)]);
  }

  /**
   * Resolves when all that was printed is written. After the end of the subprocess that takes no time, but for a process of
   * its own that still has the pipes, or an output of the program that takes nothing: so it resolves after a second, too.
   */
  async written(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const deadline = wheel.after(LAST_WORDS_MS, late.resolve);
    await Promise.race([this.#copied, late.promise]);
    deadline.cancel();
  }
}

/** Ends the source if the output is closed: then printing fails in the subprocess, as it would on the output itself. */
async function copy(from: ReadableStream<Uint8Array>, to: typeof Deno.stdout): Promise<void> {
  try {
    for await (const bytes of from) {
      for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
    }
  } catch {
    // The iteration has cancelled the source.
  }
}
