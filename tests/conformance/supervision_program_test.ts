/** Supervisors and the program that they are in. */

import { assert, assertEquals } from "@std/assert";
import { bounded } from "./process_everywhere.ts";
import { Program } from "./process_program.ts";

bounded(
  "[BEAT-26] one SIGINT to a tree of supervisors with a busy leaf stops it once, in order, exit 130",
  async () => {
    await using program = new Program("supervised_tree", ["signals"]);
    await program.said("ready");
    Deno.kill(program.pid, "SIGINT");
    const { code, signal, out, err } = await program.ended();
    assertEquals([code, signal, err], [130, null, ""]);
    const lines = out.split("\n").filter((line) => line.endsWith("stops"));
    // The busy one cannot be asked.
    assertEquals(lines, ["c stops", "b stops", "a stops"]);
    assert(out.includes("stopped"), out);
    await program.leftNothing();
  },
);

bounded("[BEAT-26] the same when the terminal signals the whole group", async () => {
  await using program = new Program("supervised_tree", ["signals"]);
  await program.said("ready");
  Deno.kill(-program.pid, "SIGINT");
  const { code, out, err } = await program.ended();
  assertEquals([code, err], [130, ""]);
  assertEquals(out.split("\n").filter((line) => line.endsWith("stops")), ["c stops", "b stops", "a stops"]);
  await program.leftNothing();
});

bounded("a program does not wait for a restart that nobody waits for", async () => {
  await using program = new Program("supervised_tree", ["backoff"]);
  const { code, out, err } = await program.ended();
  assertEquals([code, out, err], [0, "main is done\n", ""]);
});

bounded("a program waits for a restart when a call waits for it", async () => {
  await using program = new Program("supervised_tree", ["held"]);
  const { code, out, err } = await program.ended();
  assertEquals([code, out, err], [0, "42\na stops\n", ""]);
});
