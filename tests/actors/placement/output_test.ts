/** A sandbox prints into pipes: what it prints appears, and what the program prints to is out of its reach. */
import { assertEquals, assertMatch } from "@std/assert";
import { deadline } from "@std/async";
import { join } from "node:path";
import { root } from "../../program.ts";
import { runProgram, startProgram } from "../../run_program.ts";

const printing = import.meta.resolve("./fixtures/printing.ts");
const TIME_MS = 30_000;

Deno.test("the output of a sandbox appears in order, and before its end is told", async () => {
  const { code, stdout, stderr } = await runProgram(printing, { args: ["prints"], timeoutMs: TIME_MS });
  const lines = Array.from({ length: 20_000 }, (_, line) => `line ${line}`);
  assertEquals([code, stderr], [0, "the last word\n"]);
  assertEquals(stdout.split("\n"), [...lines, "normal", ""]);
});

Deno.test("a sandbox can neither read nor change the file that the program prints to", async () => {
  const folder = await Deno.makeTempDir({ prefix: "output-test-" });
  try {
    const [out, err] = [join(folder, "out"), join(folder, "err")];
    const command = `exec "$0" run -A --no-check --config "$1" "$2" 1<>"$3" 2<>"$4"`;
    const args = ["-c", command, Deno.execPath(), join(root, "deno.json"), printing, out, err];
    await using program = new Deno.Command("/bin/sh", { args, env: { NO_COLOR: "1" }, stdin: "null" }).spawn();
    assertEquals((await deadline(program.status, TIME_MS)).code, 0);
    assertEquals(await Deno.readTextFile(err), "printed\n");
    // The last three digits are how the file was opened; a non-blocking one has another number before them.
    assertMatch(await Deno.readTextFile(out), /^read: \n0[12]00002\n0[12]00002\n$/);
    for (const file of [out, err]) assertEquals((await Deno.stat(file)).mode! & 0o111, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a sandbox that prints more than anybody reads can be killed, and the program goes on", async () => {
  await using program = startProgram(printing, { args: ["flood"] });
  // Nobody reads the program's standard error meanwhile.
  const reader = program.stdout.getReader();
  const first = await deadline(reader.read(), TIME_MS);
  assertEquals(new TextDecoder().decode(first.value), "killed\n");
  assertMatch(await new Response(program.stderr).text(), /^\.+$/);
  await reader.cancel();
  assertEquals((await program.status).code, 0);
});
