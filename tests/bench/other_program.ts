/**
 * Peers in other languages: programs of this folder that do what a line on their standard input says, and then say so.
 *
 * @module
 */

import type { Absent, Alternative } from "./harness.ts";

/** Such a program, or that there is nothing to run it with. */
export class OtherProgram implements AsyncDisposable {
  readonly #args: readonly string[];
  #child: Deno.ChildProcess | undefined;
  #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | undefined;
  #lines: ReadableStreamDefaultReader<string> | undefined;

  constructor(readonly language: string, readonly command: string, args: readonly string[]) {
    this.#args = args;
  }

  /** Starts it, if it can, which first says that it is ready. */
  async start(): Promise<this> {
    try {
      this.#child = new Deno.Command(this.command, { args: [...this.#args], stdin: "piped", stdout: "piped" }).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return this;
    }
    this.#stdin = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    await this.#heard();
    return this;
  }

  /** Whether it was started, and there was something to run it with. */
  get isHere(): boolean {
    return this.#child !== undefined;
  }

  /** What it does for an order, named after its language; `answers` if it says itself how many microseconds count. */
  alternative(name: string, order: string, answers = false): Alternative | Absent {
    const full = `${this.language} ${name}`;
    if (this.#child === undefined) return { name: full, absent: `there is no ${this.command}` };
    return {
      name: full,
      run: async (count) => {
        const figure = await this.figure(order, count);
        return answers ? figure : undefined;
      },
    };
  }

  /** The figure that it answers an order with. */
  async figure(order: string, count: number): Promise<number> {
    if (this.#child === undefined) throw new Error(`There is no ${this.command}`);
    await this.#stdin!.write(new TextEncoder().encode(`${order} ${count}\n`));
    return Number(await this.#heard());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin?.close();
    await this.#lines?.cancel();
    await this.#child?.status;
  }

  /** Each line is one answer to one order: it comes in one piece or more, and nothing behind it. */
  async #heard(): Promise<string> {
    let heard = "";
    while (!heard.endsWith("\n")) {
      const { done, value } = await this.#lines!.read();
      if (done) throw new Error(`The program in ${this.language} has ended`);
      heard += value;
    }
    return heard;
  }
}

/** A Python program of this folder. */
export class Python extends OtherProgram {
  constructor(file: string) {
    super("Python", "python3", [`${import.meta.dirname!}/${file}`]);
  }
}

/** An Erlang program of this folder, compiled before it runs. */
export class Erlang extends OtherProgram {
  constructor(module: string) {
    const run = `{ok, ${module}, Code} = compile:file("${import.meta.dirname!}/${module}", [binary]),` +
      `{module, _} = code:load_binary(${module}, "${module}.erl", Code), ${module}:main().`;
    super("Erlang", "erl", ["-noshell", "+P", "5000000", "-eval", run]);
  }
}
