/**
 * What a run of benchmarks leaves behind: each program appends what it measured to the file that `run.ts` names, and
 * that makes one JSON file, pictures, and a list of goals of it.
 *
 * @module
 */

import type { Reached } from "./goal.ts";

/** A table, measured. */
export interface Measured {
  readonly title: string;
  /** What the figures are: `µs` for one, unless it says otherwise. Less is better. */
  readonly unit: string;
  /** Medians, by alternative. */
  readonly figures: Readonly<Record<string, number>>;
  readonly goals: readonly Reached[];
  /** How a cost grows: its points, for a plot. */
  readonly growth?: Growth;
}

/** How a cost grows with a number. */
export interface Growth {
  /** What is counted along the bottom. */
  readonly of: string;
  readonly lines: Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

const FILE = "TROUPE_BENCH_REPORT";

/** Notes what was measured, if somebody collects it. */
export function report(measured: Measured): void {
  const file = Deno.env.get(FILE);
  if (file !== undefined) Deno.writeTextFileSync(file, `${JSON.stringify(measured)}\n`, { append: true });
}

/** A file for the programs that are started with `env`, and what they noted in it. */
export class Collected implements Disposable {
  readonly #file = Deno.makeTempFileSync({ prefix: "troupe-bench-" });
  readonly env: Record<string, string> = { [FILE]: this.#file };

  /** Everything noted so far. */
  get all(): Measured[] {
    return Deno.readTextFileSync(this.#file).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#file);
  }
}
