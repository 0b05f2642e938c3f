import { join } from "node:path";
import { root } from "./program.ts";

/** An example file, taken apart. */
export interface Example {
  readonly name: string;
  /** The commands that its first lines name, by where its children live. */
  readonly commands: ReadonlyMap<"thread" | "process", string>;
  /** The program without the comments around it. */
  readonly program: string;
  /** What its last lines say that it prints. */
  readonly prints: string;
  /** Whether that is the whole output, literally. */
  readonly exact: boolean;
}

/** Every file in `examples/`. */
export function readExamples(): Example[] {
  const names = [...Deno.readDirSync(join(root, "examples"))].map(({ name }) => name).sort();
  return names.map((name) => parseExample(name, Deno.readTextFileSync(join(root, "examples", name))));
}

function parseExample(name: string, text: string): Example {
  const parts = /^((?:\/\/ .*\n)+)(import [^]*?\n)\n(\/\/ Prints[^]*)$/.exec(text);
  if (parts === null) {
    throw new Error(`examples/${name} must begin with comments, then import, and end with its output`);
  }
  const [, head, program, tail] = parts;
  const commands = new Map<"thread" | "process", string>();
  for (const [, where, command] of head.matchAll(/^\/\/ (Threads|Subprocesses): +(.*)$/gm)) {
    commands.set(where === "Threads" ? "thread" : "process", command);
  }
  // A line that ends with a colon says what comes after it.
  const lines = tail.trimEnd().split("\n").map((line) => line.replace(/^\/\/ ?/, ""));
  const prints = lines.filter((line, index) => index > 0 && !/^And after .*:$/.test(line)).join("\n") + "\n";
  return { name, commands, program, prints, exact: lines[0] === "Prints:" };
}

/** What a program wrote on standard error besides that a supervised child was started again. */
export function withoutRestarts(stderr: string): string {
  return stderr.replaceAll(
    /^"\w+" of supervisor \([0-9a-f#]+\) has been started again, for it had ended \(.*\)\n/gm,
    "",
  );
}
