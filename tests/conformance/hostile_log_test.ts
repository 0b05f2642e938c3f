/** Log lines about thrown values are bounded, escaped, and written at once. */

import { assert, assertEquals } from "@std/assert";
import { runProgram } from "../run_program.ts";
import { FEW, INJECTIONS } from "./fixtures/hostile_values.ts";
import { PLACEMENTS } from "./place.ts";

const program = import.meta.resolve("./fixtures/programs/hostile_log.ts");
const closing = import.meta.resolve("./fixtures/programs/closes_stderr.ts");

/** How a line of the log begins: with the name of an actor and its address, or a child's name. */
const OWN = /^(?:[\w-]+ \([0-9a-f]{16}[./!\d]*#\d+\) (?:has started|has ended|ended by|has given up)|"victim" of )/;
/** How a line begins that goes on with what was thrown. */
const FURTHER = /^(?: {2}|[\]})…])/;

for (const placement of PLACEMENTS) {
  Deno.test(`a log has no line that others wrote, and none of their commands (${placement})`, async () => {
    const { code, stdout, stderr } = await runProgram(program, { args: [placement], timeoutMs: 60_000 });
    assertEquals([code, stdout], [0, "error\n"], stderr);
    // deno-lint-ignore no-control-regex -- that there are none
    assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/.test(stderr), JSON.stringify(stderr));
    const lines = stderr.trimEnd().split("\n");
    assertEquals(lines.filter((line) => !OWN.test(line) && !FURTHER.test(line)), []);
    const failures = lines.filter((line) => OWN.exec(line)?.[0].endsWith("ended by")).length;
    const victims = 3;
    assertEquals(failures, FEW.length + Object.keys(INJECTIONS).length + FEW.length + victims);
    assert(stderr.length < 30 * 10_000, `${stderr.length} characters`);
  });
}

for (const [placement, ...permissions] of [...PLACEMENTS.map((name) => [name]), ["process", "none"]]) {
  const where = [placement, ...permissions].join(", permissions: ");
  Deno.test(`those that closed their standard error end like others when they fail (${where})`, async () => {
    const args = [placement, ...permissions];
    const ran = await runProgram(closing, { args, timeoutMs: 30_000 });
    assertEquals([ran.code, ran.stdout], [0, "error thrown error\n"], ran.stderr);
  });
}
