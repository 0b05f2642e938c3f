/** Queues in programs of their own: when such a program ends, and what it has collected. */

import { assertEquals } from "@std/assert";
import { type RunOptions, runProgram } from "../run_program.ts";

function run(name: string, options?: RunOptions): ReturnType<typeof runProgram> {
  return runProgram(new URL(`./fixtures/programs/${name}`, import.meta.url).href, { timeoutMs: 60_000, ...options });
}

Deno.test("a program ends although inline children died while they waited for items", async () => {
  const ran = await run("waits_dead.ts");
  assertEquals(ran, { code: 0, signal: null, stdout: "killed\n", stderr: "" });
});

Deno.test("a program ends although an inline child was killed while it was starting a child of its own", async () => {
  const ran = await run("starts_dead.ts", { timeoutMs: 20_000 });
  assertEquals(ran, { code: 0, signal: null, stdout: "killed\n", stderr: "" });
});

for (const placement of ["inline", "thread", "process"]) {
  Deno.test(`a queue is collected when nobody holds it any more, and not before (${placement})`, async () => {
    const flags = ["-A", "--v8-flags=--expose-gc"];
    const { code, stdout, stderr } = await run("collects_queues.ts", { flags, args: [placement] });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const results: Record<string, boolean> = JSON.parse(stdout);
    assertEquals(Object.entries(results).filter(([, holds]) => !holds).map(([fact]) => fact), []);
    assertEquals(Object.keys(results).length, 16);
  });
}
