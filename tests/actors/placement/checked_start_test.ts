/** With `deno test` and `deno run --check` Deno checks the types of a thread's modules while it starts. That is not the start's time. */

import { assertEquals, assertRejects } from "@std/assert";
import { type PlacementName, Process, StartError } from "@troupe/troupe";
import { LOADING_MS } from "../../../actors/start_deadline.ts";
import { wheel } from "../../../channels/kernel/wheel.ts";
import { bounded } from "../../conformance/bounded.ts";
import { runProgram } from "../../run_program.ts";
import { spin } from "./programs/sandboxed.ts";

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

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  bounded(`when loading takes too long the error says what to do (${placement})`, async () => {
    const { after } = wheel;
    // The time to load is over before anything can be loaded; all else takes its time.
    wheel.after = (ms, fire) => after.call(wheel, ms < LOADING_MS ? ms : 0, fire);
    try {
      const process = new Process(spin, [], { placement, name: "slow" });
      const why = "with deno test or --check Deno first checks their types, which --no-check spares";
      await assertRejects(
        () => process.start(),
        StartError,
        `Cannot start slow: its modules were not loaded after ${LOADING_MS} ms (${why})`,
      );
    } finally {
      wheel.after = after;
    }
  });
}
