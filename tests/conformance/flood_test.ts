/**
 * However often a stranger sends a message, this program keeps no more of it than the stranger's quota, here 1 MiB. Once the
 * stranger is gone it keeps only what others have of it by then.
 */
import { assert, assertEquals } from "@std/assert";
import { rounds } from "../soak.ts";
import { FLOODS } from "./fixtures/floods.ts";
import type { Flooding } from "./fixtures/programs/flooded.ts";
import { runProgram } from "../run_program.ts";
import { STRANGERS } from "./usurpers.ts";

/** A quota, and what is on its way. Without a quota each flood takes more. */
const MOST_DURING_MIB = { link: 2, sandbox: 7, peer: 7 };
/** Items, values, and messages of the dead are not theirs any more. */
const MOST_AFTER_MIB = 2;

/** The floods that differ by the way that they come. The first kind, which costs least, shows all of them. */
const BY_EACH_WAY = [
  "handles for its own made-up isolates",
  "large items",
  "large calls to an actor that is busy",
  "large casts by made-up isolates to an actor that is busy",
];
const ALL = Object.keys(FLOODS);
const FLOODS_BY = { link: ALL, sandbox: rounds(BY_EACH_WAY, ALL), peer: rounds(BY_EACH_WAY, ALL) };
/** How often each is sent. */
const TIMES = rounds(10_000, 100_000);

for (const kind of STRANGERS) {
  Deno.test(`no flood of a stranger takes more than its quota (${kind})`, async (test) => {
    const names = FLOODS_BY[kind];
    const { code, stdout, stderr } = await runProgram(import.meta.resolve("./fixtures/programs/flooded.ts"), {
      flags: ["-A", "--no-check", "--v8-flags=--expose-gc"],
      args: [kind, `${TIMES}`, ...names],
      timeoutMs: rounds(180_000, 3_600_000),
    });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    const floods = stdout.trim().split("\n").map((line): Flooding => JSON.parse(line));
    assertEquals(floods.map(({ name }) => name), names);
    for (const { name, during, after, served } of floods) {
      await test.step(name, () => {
        assert(served, "a neighbour was not served");
        assert(during <= MOST_DURING_MIB[kind], `it took ${during} MiB`);
        assert(after <= MOST_AFTER_MIB, `it left ${after} MiB`);
      });
    }
  });
}
