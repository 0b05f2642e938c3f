/**
 * What is compared, in two ways to run it: `deno bench` runs each alternative as a benchmark of its own, and the file run
 * as a program (`deno task bench`) lets the alternatives take turns, with peers in other languages among them.
 *
 * @module
 */

import { type Comparison, printMachine, quick, takeTurns } from "./harness.ts";
import { Erlang, type OtherProgram, Python } from "./other_program.ts";

/** What a file of comparisons is given. */
export interface Suite {
  /** What is used until the last benchmark is over. */
  readonly stack: AsyncDisposableStack;
  compare(comparison: Comparison): Promise<void>;
  /** Starts a Python program of this folder; `deno bench` has none. */
  python(file: string): Promise<OtherProgram>;
  /** Starts an Erlang program of this folder. */
  erlang(module: string): Promise<OtherProgram>;
}

/**
 * Sets up what a file compares.
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
    python: (file) => other(new Python(file)),
    erlang: (module) => other(new Erlang(module)),
  };
  if (!inTurns) {
    // Not awaited, as the program goes on to its end: what it has started ends with it.
    globalThis.addEventListener("unload", () => void stack.disposeAsync());
    return await setUp(given);
  }
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
