/**
 * Two ways to run the same comparisons: `deno bench` runs each alternative as a benchmark of its own, and the file run
 * as a program (`deno task bench`) lets the alternatives take turns, with peers in other languages among them.
 *
 * @module
 */

import { type Comparison, printMachine, quick, takeTurns } from "./harness.ts";
import { Erlang, type OtherProgram, Python } from "./other_program.ts";

/** The means of a file of comparisons. */
export interface Suite {
  /** The actors, peers and other objects in use until the last benchmark is over. */
  readonly stack: AsyncDisposableStack;
  compare(comparison: Comparison): Promise<void>;
  /** Makes a folder for files, which is removed at the end. */
  folder(): string;
  /** Starts a Python program of this folder; `deno bench` has none. */
  python(file: string): Promise<OtherProgram>;
  /** Starts an Erlang program of this folder. */
  erlang(module: string): Promise<OtherProgram>;
}

/**
 * Sets up the comparisons of a file.
 *
 * @param inTurns whether the file is the program: `import.meta.main`
 */
export async function suite(inTurns: boolean, setUp: (suite: Suite) => Promise<void>): Promise<void> {
  const stack = new AsyncDisposableStack();
  const other = async (program: OtherProgram) => {
    if (inTurns) await program.start();
    return stack.use(program);
  };
  const given: Suite = {
    stack,
    compare: (comparison) => inTurns ? takeTurns(comparison) : Promise.resolve(register(comparison)),
    folder() {
      const folder = Deno.makeTempDirSync({ prefix: "troupe-bench-" });
      const remove = () => Deno.removeSync(folder, { recursive: true });
      if (inTurns) stack.defer(remove);
      else globalThis.addEventListener("unload", remove);
      return folder;
    },
    python: (file) => other(new Python(file)),
    erlang: (module) => other(new Erlang(module)),
  };
  // `deno bench` waits for no promise at its end: threads and subprocesses end with it, and files are removed by then.
  if (!inTurns) return await setUp(given);
  printMachine();
  await using _ = stack;
  await setUp(given);
}

function register({ title, batch = 1, alternatives, unhurried }: Comparison): void {
  if (quick && unhurried) return;
  const group = batch === 1 ? title : `${title} ×${batch}`;
  for (const [i, alternative] of alternatives.filter((one) => "run" in one).entries()) {
    Deno.bench({
      name: alternative.name,
      group,
      baseline: i === 0,
      ...quick ? { n: 3, warmup: 1 } : {},
      fn: async (clock) => void await alternative.run(batch, clock),
    });
  }
}
