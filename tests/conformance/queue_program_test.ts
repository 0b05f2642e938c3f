/** Queues in programs of their own: when such a program ends, and what it has collected. */

import { assertEquals } from "@std/assert";
import { runProgram } from "./program_run.ts";

Deno.test("a program ends although inline children died while they waited for items", async () => {
  const { code, signal, stdout, stderr } = await runProgram("waits_dead.ts");
  assertEquals({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: "killed\n", stderr: "" });
});

for (const placement of ["inline", "thread", "process"]) {
  Deno.test(`a queue is collected when nobody holds it any more, and not before (${placement})`, async () => {
    const { code, stdout, stderr } = await runProgram("collects_queues.ts", ["--v8-flags=--expose-gc"], [placement]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const results: Record<string, boolean> = JSON.parse(stdout);
    assertEquals(Object.entries(results).filter(([, holds]) => !holds).map(([fact]) => fact), []);
    assertEquals(Object.keys(results).length, 16);
  });
}
