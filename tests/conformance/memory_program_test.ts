/** Shared memory in programs of their own: what is left of it when all are killed, and whether it keeps them alive. */

import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { ownTemporaryFolder, processesOf, tagged, until } from "../machine.ts";
import { runProgram, startProgram } from "../run_program.ts";

const temporary = ownTemporaryFolder();
const holder = import.meta.resolve("./fixtures/programs/holds_memory.ts");
const forgetter = import.meta.resolve("./fixtures/programs/forgets_memory.ts");

Deno.test("[BEAT-34] [pain-32] kill -9 of the program leaves no file of its memory, and nobody who has it", async () => {
  const tag = crypto.randomUUID();
  const root = startProgram(holder, { env: tagged(tag) });
  const reader = root.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes("all have it");) {
    const { done, value } = await deadline(reader.read(), 20_000);
    if (done) throw new Error(`It ended before it was up: ${text}`);
    text += value;
  }
  const mapped = processesOf(tag).map(({ pid }) => Deno.readTextFileSync(`/proc/${pid}/maps`));
  assertEquals(mapped.length, 2);
  assertEquals(mapped.map((maps) => maps.includes("/dev/shm") || maps.includes(temporary.path)), [false, false]);
  root.kill("SIGKILL");
  await root.status;
  await Promise.all([reader.cancel(), root.stderr.cancel()]);
  await until("all are gone", () => processesOf(tag).length === 0, 5000, () => processesOf(tag));
  assertEquals(temporary.entries, []);
});

Deno.test("memory that was forgotten is gone, is not while anybody has it, and keeps no program alive", async () => {
  const { code, stdout, stderr } = await runProgram(forgetter, { flags: ["-A", "--v8-flags=--expose-gc"] });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(JSON.parse(stdout), { "while it is held": true, "when it was forgotten": false, "in a thread": false });
});
