/**
 * Runs the benchmarks, each in a program of its own: `deno task bench [--quick] [--out=FOLDER] [name ...]`. Lists the
 * goals that were missed; with `--out` it leaves all medians as JSON, and how costs grow as pictures.
 *
 * @module
 */

import { plot } from "./plot.ts";
import { Collected } from "./report.ts";

const FOLDER = import.meta.dirname!;
/** Those that print their own tables; the others are for `deno bench`. */
const PROGRAMS = ["start", "call", "channel", "memory", "locks", "supervision", "manager", "pool", "remote", "growth"];
const BENCHES = ["codec"];

const quick = Deno.args.includes("--quick");
const wanted = Deno.args.filter((arg) => !arg.startsWith("--"));
const unknown = wanted.filter((name) => !PROGRAMS.includes(name) && !BENCHES.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: the benchmarks are ${[...PROGRAMS, ...BENCHES].join(", ")}`);
  Deno.exit(2);
}

using collected = new Collected();
for (const name of PROGRAMS) {
  if (isWanted(name)) await run(["run", "-A", "--v8-flags=--expose-gc", file(name), ...quick ? ["--quick"] : []]);
}
for (const name of BENCHES) {
  if (isWanted(name)) await run(["bench", "-A", ...quick ? ["--filter", "/both ways/"] : [], file(name)]);
}

const goals = collected.all.reduce((sum, { goals }) => sum + goals.length, 0);
const missed = collected.all.flatMap(({ title, goals }) =>
  goals.filter(({ met }) => !met).map(({ said }) => `${title}: ${said.replace("MISSED: ", "")}`)
);
console.log(
  `\n${missed.length} of ${goals} goals missed${missed.map((one) => `\n  ${one}`).join("")}`,
);
const folder = Deno.args.find((arg) => arg.startsWith("--out="))?.slice("--out=".length);
if (folder !== undefined) {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/bench.json`, JSON.stringify(collected.all, null, 2));
  for (const { title, growth } of collected.all) {
    if (growth === undefined) continue;
    const name = `${title} with ${growth.of}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
    await Deno.writeTextFile(`${folder}/${name}.svg`, plot(title, growth));
  }
}

function isWanted(name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

function file(name: string): string {
  return `${FOLDER}/${name}_bench.ts`;
}

async function run(args: string[]): Promise<void> {
  console.log(`\n# ${args.find((arg) => arg.endsWith("_bench.ts"))!.slice(FOLDER.length + 1)}`);
  const { code } = await new Deno.Command(Deno.execPath(), { args, stdin: "inherit", env: collected.env }).spawn()
    .status;
  if (code !== 0) Deno.exit(code);
}
