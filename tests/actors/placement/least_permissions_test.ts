/** What permissions each placement needs of the program that uses it: the table of the README. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type Ran, runProgram } from "../../run_program.ts";

const program = import.meta.resolve("./fixtures/permission_program.ts");
const modules = fileURLToPath(import.meta.resolve("../../../"));
const run = `--allow-run=${Deno.execPath()}`;

const needs: readonly [string, string, readonly string[]][] = [
  ["inline", "nothing", []],
  ["thread", "to read the modules", [`--allow-read=${modules}`]],
  ["process", "to run deno and to listen on a port of this machine", [run, "--allow-net=127.0.0.1:0"]],
  ["process", "for a Unix socket, to run deno and all of net", [run, "--allow-net"]],
];

for (const [placement, what, flags] of needs) {
  Deno.test(`placement "${placement}" needs ${what}: ${flags.map((flag) => flag.split("=")[0]).join(" ")}`, async () => {
    const { code, stdout, stderr } = await start(placement, flags);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(Object.keys(JSON.parse(stdout)), ["states"]);
  });

  for (const left of flags) {
    const rest = flags.filter((flag) => flag !== left);
    Deno.test(`placement "${placement}" without ${left.split("=")[0]} of ${flags.length} is a StartError that names it`, async () => {
      const { code, stdout } = await start(placement, rest);
      const { name, message } = JSON.parse(stdout);
      assertEquals([code, name], [0, "StartError"]);
      assertStringIncludes(message, left.split("=")[0]);
    });
  }
}

function start(placement: string, flags: readonly string[]): Promise<Ran> {
  return runProgram(program, { flags, args: [JSON.stringify({ placement })] });
}
