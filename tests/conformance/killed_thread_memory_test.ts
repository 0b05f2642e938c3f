/** Threads that are killed while large values are on their way to them or from them leave none of these behind. */

import { assertEquals } from "@std/assert";
import { runProgram } from "../run_program.ts";
import { rounds } from "../soak.ts";

const KILLS = rounds(2, 100);
/** Half of one value, of those that are on their way at each kill. */
const MOST_MIB = 8;

Deno.test(`${KILLS} kills in the middle of each kind of traffic leave no memory, thread or file behind`, async () => {
  const { code, stdout, stderr } = await runProgram(import.meta.resolve("./fixtures/programs/kills_in_traffic.ts"), {
    flags: ["-A", "--no-check", "--v8-flags=--expose-gc"],
    args: [`${KILLS}`],
    // Free memory is given back to the system at once.
    env: { MALLOC_MMAP_THRESHOLD_: "65536" },
    timeoutMs: 60_000 + 10_000 * KILLS,
  });
  // Deno prints such a line of a thread now and then that it cuts off while it receives; raw workers show it, too.
  const lines = stderr.split("\n").filter((line) =>
    !/^error: Uncaught \(in worker "[^"]*"\) Error: execution terminated$/.test(line)
  );
  assertEquals({ code, lines }, { code: 0, lines: [""] });
  const costs = Object.entries(JSON.parse(stdout) as Record<string, number>);
  assertEquals(costs.length, 6);
  assertEquals(costs.filter(([, mib]) => mib > MOST_MIB), []);
});
