/** Pipes in programs of their own: what becomes of those that were forgotten. */

import { assertEquals } from "@std/assert";
import { runProgram } from "./program_run.ts";

for (const placement of ["inline", "thread", "process"]) {
  Deno.test(`an end that its maker forgot is gone like one that was closed, and not before (${placement})`, async () => {
    const { code, stdout, stderr } = await runProgram("collects_pipes.ts", ["--v8-flags=--expose-gc"], [placement]);
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const results: Record<string, boolean> = JSON.parse(stdout);
    assertEquals(Object.entries(results).filter(([, holds]) => !holds).map(([fact]) => fact), []);
    assertEquals(Object.keys(results).length, 4);
  });
}
