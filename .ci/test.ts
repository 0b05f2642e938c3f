/**
 * The whole test suite, in as many runs side by side as there are cores: most tests wait for what they started. Each run
 * has a process of its own, so that what a test counts there, threads and children, is its own.
 *
 * @module
 */

const count = Math.max(1, Math.min(4, navigator.hardwareConcurrency));
const runs = Array.from({ length: count }, (_, at) => at + 1).map((at) =>
  new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", `--shard=${at}/${count}`, ...Deno.args, "tests", "links"],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn()
);

// The first is shown as it goes, the others after it: lines of two runs side by side say nothing.
const [first, ...others] = runs;
const outputs = others.map((run) => run.output());
await first.stdout.pipeTo(Deno.stdout.writable, { preventClose: true });
let { success } = await first.status;
for (const output of outputs) {
  const run = await output;
  await new Blob([run.stdout]).stream().pipeTo(Deno.stdout.writable, { preventClose: true });
  success &&= run.success;
}
Deno.exit(success ? 0 : 1);
