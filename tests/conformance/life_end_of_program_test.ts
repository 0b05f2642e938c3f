import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { type Exit, type PlacementName, spawn } from "../../mod.ts";
import { processesOf, tagged } from "../machine.ts";
import { runProgram } from "../run_program.ts";
import { type Ending, Patient } from "./fixtures/life_ends.ts";
import { EVERYWHERE, leavesNothing, soon } from "./fixtures/life_places.ts";

for (const placements of [...EVERYWHERE.map((placement) => [placement]), EVERYWHERE]) {
  Deno.test(`[${placements}] a program whose actors have died in every way ends by itself`, async () => {
    const tag = crypto.randomUUID();
    const program = import.meta.resolve("./fixtures/life_program.ts");
    const { code, stdout } = await runProgram(program, { args: placements, env: tagged(tag), timeoutMs: 30_000 });
    assertEquals([code, stdout, processesOf(tag)], [0, "left: \n", []]);
  });
}

const silent: readonly [PlacementName, Ending | "kill"][] = [
  ["thread", "close"],
  ["thread", "denoExit"],
  ["thread", "exit"],
  ["thread", "kill"],
  ["process", "close"],
  ["process", "denoExit"],
  ["process", "exit"],
  ["process", "kill"],
];

for (const [placement, how] of silent) {
  Deno.test(
    `[BEAT-38] [${placement}] exited resolves within 100 ms of ${how}, with the right code, at the best of ten times`,
    leavesNothing(async () => {
      const times: number[] = [];
      const exits: Exit[] = [];
      for (let n = 0; n < 10; n++) {
        const patient = await spawn(Patient, [], { placement });
        const begun = performance.now();
        if (how === "kill") void patient.kill();
        else patient.cast.end(how, 7);
        exits.push(await soon(patient.exited));
        times.push(performance.now() - begun);
        await delay(0);
      }
      const code = { close: 0, denoExit: 7, exit: 7, kill: -9 }[how as "close"];
      assertEquals(exits.map((exit) => exit.code), exits.map(() => code));
      assertEquals(Math.min(...times) < 100, true, `${times}`);
    }),
  );
}
