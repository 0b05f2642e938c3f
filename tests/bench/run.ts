/**
 * Runs the benchmarks, each in a program of its own: `deno task bench [--quick] [--out=FOLDER] [name ...]`. Ends with a
 * table of all goals, those that were missed at its end, and leaves all medians as JSON and pictures of how costs grow in
 * the folder, or else in one for temporary files. With `--from=FILE` it runs none, and makes the table of what
 * `deno bench --json` has written there.
 *
 * @module
 */

import { format } from "./goal.ts";
import { GOALS } from "./goals.ts";
import { plot } from "./plot.ts";
import { judgeBenchmarks } from "./json.ts";
import { Collected, type Measured } from "./report.ts";

const FOLDER = import.meta.dirname!;
/** Programs that `deno bench` cannot run: they compare no alternatives that one program can measure in turn. */
const ALONE = ["footprint", "growth", "manners"];
const BENCHMARKS = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name.endsWith("_bench.ts"));
/** The file of each program by its name. */
const PROGRAMS = new Map([
  ...BENCHMARKS.sort().map((file) => [file.slice(0, -"_bench.ts".length), file] as const),
  ...ALONE.map((name) => [name, `${name}.ts`] as const),
]);
/** Programs without a goal, which are left out where time is short. */
const UNHURRIED = ["locks", "supervision", "remote"];
/** Room for a million actors, and a collection when it is asked for. */
const V8_FLAGS = "--v8-flags=--expose-gc,--max-old-space-size=6000";

const began = performance.now();
const quick = Deno.args.includes("--quick");
const wanted = Deno.args.filter((arg) => !arg.startsWith("--"));
const unknown = wanted.filter((name) => !PROGRAMS.has(name));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: the benchmarks are ${[...PROGRAMS.keys()].join(", ")}`);
  Deno.exit(2);
}

const from = Deno.args.find((arg) => arg.startsWith("--from="))?.slice("--from=".length);
if (from !== undefined) {
  printGoals(judgeBenchmarks(Deno.readTextFileSync(from)));
  Deno.exit(0);
}

using collected = new Collected();
const failed: string[] = [];
for (const [name, file] of PROGRAMS) {
  const isDue = wanted.length === 0 ? !quick || !UNHURRIED.includes(name) : wanted.includes(name);
  if (isDue && !await run(file)) failed.push(name);
}
const { all } = collected;
printGoals(all);
const folder = Deno.args.find((arg) => arg.startsWith("--out="))?.slice("--out=".length) ??
  await Deno.makeTempDir({ prefix: "troupe-bench-" });
await leave(all, folder);
console.log(`\n${Math.round((performance.now() - began) / 1000)} s in all; medians and pictures are in ${folder}`);
if (failed.length > 0) {
  console.error(`These benchmarks failed: ${failed.join(", ")}`);
  Deno.exit(1);
}

async function run(file: string): Promise<boolean> {
  console.log(`\n# ${file}`);
  const began = performance.now();
  const args = ["run", "-A", "--no-check", V8_FLAGS, `${FOLDER}/${file}`, ...quick ? ["--quick"] : []];
  const program = new Deno.Command(Deno.execPath(), { args, stdin: "inherit", env: collected.env }).spawn();
  const { success } = await program.status;
  console.log(`\n(${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return success;
}

/** Prints the goals that were met and missed, by how much, and the comparisons with goals that nothing measured. */
function printGoals(all: readonly Measured[]): void {
  const goals = all.flatMap(({ title, goals }) => goals.map((goal) => ({ title, ...goal })));
  const missed = goals.filter(({ met }) => !met);
  for (const [heading, some] of [["met", goals.filter(({ met }) => met)], ["missed", missed]] as const) {
    console.log(`\n${some.length} of ${goals.length} goals ${heading}`);
    for (const { title, ratio, times, said } of some) {
      console.log(`  ${format(ratio / times).padStart(6)} of it  ${title}: ${said}`);
    }
  }
  const measured = new Set(all.map(({ title }) => title));
  const left = Object.keys(GOALS).filter((title) => !measured.has(title));
  if (left.length > 0) console.log(["\nNot measured, so not judged", ...left].join("\n  "));
}

async function leave(all: readonly Measured[], folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/bench.json`, JSON.stringify(all, null, 2));
  for (const { title, growth } of all) {
    if (growth === undefined) continue;
    const name = `${title} with ${growth.of}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
    await Deno.writeTextFile(`${folder}/${name}.svg`, plot(title, growth));
  }
}
