/** Waits that were given up leave nothing, also while the objects that they waited for live on. */

import { assertEquals } from "@std/assert";
import { optionBags } from "../option_bags.ts";
import { runProgram } from "../run_program.ts";
import { PLACEMENTS } from "./place.ts";

/** Waits that block the thread: nothing else happens meanwhile, and nobody can abort them. */
const IN_THE_WAY = ["Lock.acquireSync", "RLock.acquireSync", "Semaphore.acquireSync"];

for (const placement of PLACEMENTS) {
  Deno.test(`a wait that was given up leaves nothing, nor does a watch or a name (${placement})`, async () => {
    const program = new URL("./fixtures/programs/gives_up.ts", import.meta.url).href;
    const flags = ["-A", "--v8-flags=--expose-gc"];
    const { code, stdout, stderr } = await runProgram(program, { flags, args: [placement], timeoutMs: 300_000 });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const { waits, leaks } = JSON.parse(stdout) as { waits: string[]; leaks: Record<string, number[]> };
    assertEquals(leaks, {});
    const all = (await optionBags()).filter(({ names }) => names.includes("timeoutMs") && names.includes("signal"))
      .map(({ entry }) => entry.replace("(options)", ""));
    assertEquals(new Set(all).difference(new Set([...waits, ...IN_THE_WAY])), new Set());
  });
}
