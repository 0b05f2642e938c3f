/** With `deno test` and `deno run --check` Deno checks the types of a thread's modules while it starts. That is not the start's time. */

import { assertEquals } from "@std/assert";
import { runProgram } from "../../run_program.ts";

/** Less than the check takes, and much more than the rest of a start. */
const START_TIMEOUT_MS = 1500;

Deno.test("startTimeoutMs does not count what Deno takes to load a thread's modules", async () => {
  const folder = await Deno.makeTempDir({ prefix: "troupe-test-" });
  try {
    const program = `${folder}/starts.ts`;
    // Deno remembers what it has checked, and has not seen this text before.
    await Deno.writeTextFile(
      program,
      `import { actor, spawn } from ${JSON.stringify(import.meta.resolve("../../../mod.ts"))};
export class Greeter { greet(): string { return "${crypto.randomUUID()}".length > 0 ? "hello" : ""; } }
actor(import.meta.url, Greeter);
if (import.meta.main) {
  await using greeter = await spawn(Greeter, [], { placement: "thread", startTimeoutMs: ${START_TIMEOUT_MS} });
  console.log(await greeter.call.greet());
}
`,
    );
    const { code, stdout, stderr } = await runProgram(`file://${program}`, {
      flags: ["-A", "--quiet", "--check"],
      timeoutMs: 240_000,
    });
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "hello\n", stderr: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
