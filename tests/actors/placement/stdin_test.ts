/** Standard input is the program's: in a subprocess it is at its end, as for the children of Python's multiprocessing. */
import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { join } from "node:path";
import { root } from "../../program.ts";
import { ways, waysOfAll } from "./fixtures/stdin_readers.ts";

const program = import.meta.resolve("./fixtures/stdin_readers.ts");
const INPUT = "for the program\n";

/** What a child reads in this way, and what the program finds of its input after that. */
async function read(...args: readonly string[]): Promise<{ told: string; left: string }> {
  await using running = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", join(root, "deno.json"), program, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const told = new Response(running.stdout).text();
  const writer = running.stdin.getWriter();
  await writer.write(new TextEncoder().encode(INPUT));
  await writer.close();
  return JSON.parse(await deadline(told, 20_000));
}

for (const way of ways) {
  Deno.test(`[process] ${way}: standard input is at its end, and the program's is not touched`, async () => {
    assertEquals(await read("process", way), { told: "", left: INPUT });
  });
}

for (const way of waysOfAll) {
  Deno.test(`[process] ${way} without permissions: standard input is at its end`, async () => {
    assertEquals(await read("process", way, "none"), { told: "", left: INPUT });
  });
}

for (const way of ["Deno.stdin.read", "fs.readSync(0)", "Deno.Command output"]) {
  Deno.test(`[thread] ${way}: standard input is the program's`, async () => {
    assertEquals(await read("thread", way), { told: INPUT, left: "" });
  });
}
