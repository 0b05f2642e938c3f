/**
 * Runs the benchmarks, each in a program of its own: `deno task bench [--quick] [name ...]`.
 *
 * @module
 */

const FOLDER = import.meta.dirname!;
/** Those that print their own tables; the others are for `deno bench`. */
const PROGRAMS = ["start", "call", "channel", "supervision"];
const BENCHES = ["codec"];

const quick = Deno.args.includes("--quick");
const wanted = Deno.args.filter((arg) => !arg.startsWith("--"));
const unknown = wanted.filter((name) => !PROGRAMS.includes(name) && !BENCHES.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: the benchmarks are ${[...PROGRAMS, ...BENCHES].join(", ")}`);
  Deno.exit(2);
}

for (const name of PROGRAMS) {
  if (isWanted(name)) await run(["run", "-A", file(name), ...quick ? ["--quick"] : []]);
}
for (const name of BENCHES) {
  if (isWanted(name)) await run(["bench", "-A", ...quick ? ["--filter", "/both ways/"] : [], file(name)]);
}

function isWanted(name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

function file(name: string): string {
  return `${FOLDER}/${name}_bench.ts`;
}

async function run(args: string[]): Promise<void> {
  console.log(`\n# ${args.at(args[0] === "run" ? 2 : -1)!.slice(FOLDER.length + 1)}`);
  const { code } = await new Deno.Command(Deno.execPath(), { args, stdin: "inherit" }).spawn().status;
  if (code !== 0) Deno.exit(code);
}
