/** Pools in programs of their own: how such a program ends, what it collects, what it may. */

import { assertEquals } from "@std/assert";
import { type RunOptions, runProgram } from "../run_program.ts";

function run(name: string, options?: RunOptions): ReturnType<typeof runProgram> {
  return runProgram(new URL(`./fixtures/programs/${name}`, import.meta.url).href, { timeoutMs: 30_000, ...options });
}

for (const placement of ["inline", "thread", "process"]) {
  Deno.test(`[POOL-36] a program ends though a pool of its module is open (${placement})`, async () => {
    const { code, stdout } = await run("leaves_pool.ts", { args: [placement] });
    // What it says of a pool that was not closed depends on whether that is collected first.
    assertEquals({ code, stdout }, { code: 0, stdout: "9\n" });
  });

  Deno.test(`[EXEC-19] a program that closes a pool and does not wait ends when the pool's tasks have (${placement})`, async () => {
    const ran = await run("leaves_pool.ts", { args: [placement, "close"] });
    assertEquals(ran, { code: 0, signal: null, stdout: "9\n50\n60\n70\n", stderr: "" });
  });

  Deno.test(`[POOL-35] [POOL-43] [EXEC-32] a pool keeps neither arguments nor results, and ends with a warning when nobody has it (${placement})`, async () => {
    const flags = ["-A", "--v8-flags=--expose-gc"];
    const { code, stdout, stderr } = await run("collects_pools.ts", { flags, args: [placement] });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const facts: Record<string, boolean> = JSON.parse(stdout);
    assertEquals(Object.entries(facts).filter(([, holds]) => !holds).map(([fact]) => fact), []);
    assertEquals(Object.keys(facts).length, 6);
  });
}

Deno.test("a pool of subprocesses runs tasks of several modules without a permission to read them", async () => {
  const ran = await run("pool_sandboxed.ts", { flags: ["--allow-run", "--allow-net=127.0.0.1:0"] });
  assertEquals(ran, { code: 0, signal: null, stdout: "9 27 16\n", stderr: "" });
});
