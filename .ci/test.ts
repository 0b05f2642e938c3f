/**
 * The whole test suite, on every core: most tests wait for what they started. Runs of a few files each go side by side,
 * each in a process of its own, so that what a test counts there, threads and children, is its own.
 *
 * @module
 */

import { root, usesStandIns } from "./package.ts";

/** Few enough that the last run is not waited for alone, and enough that starting them costs little. */
const FILES_A_RUN = 4;

const paths = testFiles("tests").sort();
const runs = Array.from(
  { length: Math.ceil(paths.length / FILES_A_RUN) },
  (_, at) => paths.slice(at * FILES_A_RUN, (at + 1) * FILES_A_RUN),
);
const failures: Uint8Array[] = [];

console.log(`@std: ${usesStandIns ? "the stand-ins of links/" : "the packages of JSR"}`);
await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, lane));
// Last, where one looks first.
for (const failure of failures) show(failure);
Deno.exit(failures.length > 0 ? 1 : 0);

async function lane(): Promise<void> {
  for (let files = runs.shift(); files !== undefined; files = runs.shift()) {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", ...Deno.args, ...files],
      cwd: root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const said = new Uint8Array([...stdout, ...stderr]);
    if (success) show(said);
    else failures.push(said);
  }
}

/** Whole, so that what two runs say does not mix. */
function show(said: Uint8Array): void {
  for (let at = 0; at < said.length;) at += Deno.stdout.writeSync(said.subarray(at));
}

function testFiles(folder: string): string[] {
  return [...Deno.readDirSync(`${root}/${folder}`)].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    return isDirectory ? testFiles(path) : /_test\.ts$/.test(name) ? [path] : [];
  });
}
