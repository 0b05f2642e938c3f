/**
 * Whatever a stranger sends again and again, what this program keeps of it is within the stranger's quota, here 4 MiB, and
 * but for what others have of it by then gone when the stranger is.
 */
import { assert, assertEquals } from "@std/assert";
import { rounds } from "../soak.ts";
import { FLOODS } from "./fixtures/floods.ts";
import type { Flooding } from "./fixtures/programs/flooded.ts";
import { runProgram } from "../run_program.ts";

/** A quota, and what is on its way. */
const MOST_DURING_MIB = 16;
/** Items, values, and messages of the dead are not theirs any more. */
const MOST_AFTER_MIB = 6;

/** How often each is sent. The first kind costs least, and shows what the others would. */
const TIMES = { link: rounds(40_000, 400_000), sandbox: rounds(4000, 100_000), peer: rounds(4000, 100_000) };

for (const [kind, times] of Object.entries(TIMES)) {
  Deno.test(`no flood of a stranger takes more than its quota (${kind})`, async (test) => {
    const { code, stdout, stderr } = await runProgram(import.meta.resolve("./fixtures/programs/flooded.ts"), {
      flags: ["-A", "--no-check", "--v8-flags=--expose-gc"],
      args: [kind, `${times}`],
      timeoutMs: rounds(180_000, 3_600_000),
    });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const floods = stdout.trim().split("\n").map((line): Flooding => JSON.parse(line));
    assertEquals(floods.map(({ name }) => name), Object.keys(FLOODS));
    for (const { name, during, after, served } of floods) {
      await test.step(name, () => {
        assert(served, "a neighbour was not served");
        assert(during <= MOST_DURING_MIB, `it took ${during} MiB`);
        assert(after <= MOST_AFTER_MIB, `it left ${after} MiB`);
      });
    }
  });
}
