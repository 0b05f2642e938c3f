/** Queues in programs of their own: when such a program ends, and what it has collected. */

import { assertEquals } from "@std/assert";
import { runProgram } from "./program_run.ts";

Deno.test("a program ends although inline children died while they waited for items", async () => {
  const { code, signal, stdout, stderr } = await runProgram("waits_dead.ts");
  assertEquals({ code, signal, stdout, stderr }, { code: 0, signal: null, stdout: "killed\n", stderr: "" });
});
