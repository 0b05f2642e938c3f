/** Two actors that talk to each other for long. */

import { assertEquals, assertLess } from "@std/assert";
import { deadline } from "@std/async";
import { assertNothingLeft } from "../../actors/testing.ts";
import { spawn } from "../../mod.ts";
import { runProgram } from "../run_program.ts";
import { rounds } from "../soak.ts";
import { Talker } from "./fixtures/talker.ts";

const SEEDS = rounds(2, 4);
/** A million in the soak, with all seeds together, in each direction. */
const MESSAGES = rounds(3000, 250_000);
const FLAT_MESSAGES = rounds(100_000, 10_000_000);
const FOR_EVER = { timeoutMs: Infinity };

for (const placement of ["thread", "process"] as const) {
  Deno.test(`${MESSAGES} casts of mixed sizes each way, with stalls, arrive exactly once and in order (${placement}, ${SEEDS} seeds)`, async () => {
    for (let n = 0; n < SEEDS; n++) {
      const seed = 1 + Math.floor(Math.random() * 2 ** 30);
      await using here = await spawn(Talker, [], { placement: "inline", concurrency: 2 });
      await using there = await spawn(Talker, [], { placement, concurrency: 2 });
      const both = Promise.all([
        here.with(FOR_EVER).call.talk(there, seed, MESSAGES),
        there.with(FOR_EVER).call.talk(here, seed + 1, MESSAGES),
      ]);
      await deadline(both, 20_000 + 2 * MESSAGES);
      assertEquals([await here.call.heard(), await there.call.heard()], [
        [MESSAGES, undefined],
        [MESSAGES, undefined],
      ], `seed ${seed}`);
    }
    assertNothingLeft();
  });
}

Deno.test(`memory stays flat over ${FLAT_MESSAGES} calls to a thread and as many answers`, async () => {
  const { code, stdout, stderr } = await runProgram(
    import.meta.resolve("./fixtures/programs/flat_memory.ts"),
    {
      flags: ["-A", "--no-check", "--v8-flags=--expose-gc"],
      args: [`${FLAT_MESSAGES}`],
      timeoutMs: 20_000 + FLAT_MESSAGES / 10,
    },
  );
  assertEquals([code, stderr], [0, ""]);
  const tenths = stdout.trim().split("\n").map((line) => line.split(" ").map(Number));
  // By the third tenth all that is compiled, and kept for the next message, is there.
  const growth = [0, 1, 2].map((at) => {
    const mib = tenths.map((tenth) => tenth[at]);
    return Math.max(...mib.slice(3)) - Math.max(...mib.slice(0, 3));
  });
  assertLess(growth[0], 2, stdout);
  assertLess(growth[1], 2, stdout);
  // What is not in use is given back to the system late, or never; it settles only in a long run.
  if (FLAT_MESSAGES >= 1_000_000) assertLess(growth[2], 32, stdout);
});
