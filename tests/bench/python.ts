import type { Alternative } from "./harness.ts";

/** A Python program that does as many as each line of its input says, and answers each with a line. */
export class PythonPeer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#input = child.stdin.getWriter();
  }

  /** Starts one; undefined where there is no Python. */
  static start(file: string): PythonPeer | undefined {
    try {
      const args = [`${import.meta.dirname}/${file}`];
      return new PythonPeer(new Deno.Command("python3", { args, stdin: "piped", stdout: "piped" }).spawn());
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.log("There is no python3 here to compare with.");
      return undefined;
    }
  }

  /** It as something to compare with. */
  as(name: string): Alternative {
    return {
      name,
      run: async (count) => {
        await this.#input.write(new TextEncoder().encode(`${count}\n`));
        const answer = await this.#line();
        if (Number(answer) !== count) throw new Error(`Python did ${answer} instead of ${count}`);
      },
    };
  }

  /** Its next line, and there is never more than one to come. */
  async #line(): Promise<string> {
    let line = "";
    while (!line.endsWith("\n")) {
      const { done, value = "" } = await this.#output.read();
      if (done) throw new Error(`Python has ended: ${line}`);
      line += value;
    }
    return line.trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#child.status;
  }
}
