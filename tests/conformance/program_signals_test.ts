/** SIGTERM and SIGHUP do what Ctrl-C does. */

import { assert, assertEquals } from "@std/assert";
import { Process, Queue } from "../../mod.ts";
import { bounded } from "./bounded.ts";
import { type Portrait, sleep } from "./fixtures/process_tasks.ts";
import { ELSEWHERE, PLACEMENTS } from "./place.ts";
import { Program } from "./process_program.ts";

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

for (const [signal, code] of Object.entries(CODES) as [keyof typeof CODES, number][]) {
  bounded(`${signal} stops every process once, runs onExit, and ends the program with ${code}`, async () => {
    await using program = new Program("ctrl_c", ["endless", "true", ...PLACEMENTS]);
    await program.said("ready");
    program.signal(signal);
    const { code: ended, signal: by, err } = await program.ended();
    assertEquals([ended, by, err], [code, null, ""]);
    for (const placement of PLACEMENTS) {
      assertEquals(program.lines.filter((line) => line === `${placement}: stopped`).length, 1, program.out);
      assertEquals(program.lines.filter((line) => line === `${placement}: onExit`).length, 1, program.out);
    }
    assertEquals(program.lines.filter((line) => line === "main: onExit").length, 1, program.out);
    await program.leftNothing();
  });

  for (const placement of PLACEMENTS) {
    bounded(`${signal} runs onStop of a supervised child, and onExit (${placement})`, async () => {
      await using program = new Program("signalled", ["willing", placement]);
      await program.said("ready");
      program.signal(signal);
      const { code: ended, signal: by, err } = await program.ended();
      assertEquals([ended, by, err], [code, null, ""]);
      assertEquals(program.lines, ["ready", "main: left its loop", "child: stopped", "main: onExit"]);
      await program.leftNothing();
    });

    bounded(
      `a second signal after ${signal} ends the program at once, whatever an onStop does (${placement})`,
      async () => {
        await using program = new Program("signalled", ["stuck", placement]);
        await program.said("ready");
        program.signal(signal);
        await program.said("child: stopping");
        const before = performance.now();
        // The same one, or another.
        program.signal(placement === "thread" ? signal : "SIGINT");
        const { code: ended, signal: by } = await program.ended();
        // The grace is 5 s.
        assert(performance.now() - before < 3000);
        assertEquals([ended, by], [code, null]);
        await program.leftNothing();
      },
    );
  }

  bounded(`importing the library, or starting only daemons, leaves ${signal} alone`, async () => {
    for (const what of ["nothing", "daemon"]) {
      await using program = new Program("imports_only", [what]);
      await program.said("ready");
      program.signal(signal);
      assertEquals((await program.ended()).signal, signal);
      await program.leftNothing();
    }
  });

  bounded(`handleSignals: false leaves ${signal} to the program: it dies of it, and nothing is left`, async () => {
    await using program = new Program("ctrl_c", ["endless", "false", "thread", "process"]);
    await program.said("ready");
    program.signal(signal);
    const { signal: by, out } = await program.ended();
    assertEquals([by, out.includes("stopped"), out.includes("onExit")], [signal, false, false]);
    await program.leftNothing();
  });
}

for (const placement of ELSEWHERE) {
  bounded(`a task that is killed because the program ends says so (${placement})`, async () => {
    await using program = new Program("computes_on", [placement]);
    await program.said("ready");
    program.signal("SIGTERM");
    assertEquals((await program.ended()).code, 143);
    assertEquals(program.lines.slice(1), [
      "main: Cannot run compute: pool-1 has ended (killed by SIGKILL, while the program was ending)",
    ]);
    await program.leftNothing();
  });
}

bounded("a program's own listener to SIGTERM runs, too", async () => {
  await using program = new Program("signalled", ["willing", "inline", "listens"]);
  await program.said("ready");
  program.signal("SIGTERM");
  assertEquals((await program.ended()).code, 143);
  assert(program.lines.includes("main: hears it, too"), program.out);
  assert(program.lines.includes("child: stopped"), program.out);
});

bounded("a signal to a subprocess ends that alone, as it ends any process", async () => {
  for (const [signal, code] of [["SIGTERM", -15], ["SIGHUP", -1]] as const) {
    const said = new Queue<Portrait>();
    const p = new Process(sleep, [said], { placement: "process" });
    await p.start();
    await said.get();
    Deno.kill(p.pid!, signal);
    assertEquals(await p.join(), { code, signal, reason: "killed" });
  }
});
