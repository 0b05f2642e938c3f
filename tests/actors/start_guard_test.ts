import { assertEquals, assertStringIncludes } from "@std/assert";
import { processesOf, tagged } from "../machine.ts";
import { type Ran, runProgram } from "../run_program.ts";

/** What the message must say. */
const GUARD = 'put it under "if (import.meta.main)"';

for (const placement of ["thread", "process"]) {
  /** Runs a program that starts itself without a guard, and counts how often it was imported: by itself and one child. */
  const unguarded = async (name: string): Promise<Ran> => {
    const tag = crypto.randomUUID();
    const program = import.meta.resolve(`./fixtures/unguarded_${name}.ts`);
    const ran = await runProgram(program, { env: { PLACEMENT: placement, ...tagged(tag) } });
    assertEquals(ran.stdout.match(/^imported$/gm)?.length, 2);
    assertEquals(processesOf(tag), []);
    return ran;
  };

  Deno.test(`[${placement}] a start at a module's top level is a StartError that names the guard, after one child`, async () => {
    const { code, stdout, stderr } = await unguarded("await");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "StartError: Cannot start Process-1: ");
    assertStringIncludes(stderr, GUARD);
    assertEquals(stdout.includes("started"), false);
  });

  Deno.test(`[${placement}] a start at a module's top level that nobody awaits is the same`, async () => {
    const { code, stdout, stderr } = await unguarded("no_await");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "StartError: Cannot start Process-1: ");
    assertStringIncludes(stderr, GUARD);
    assertEquals(stdout.includes("started"), false);
  });

  Deno.test(`[${placement}] a module that catches the error at its top level can be started`, async () => {
    const { code, stdout } = await unguarded("caught");
    assertEquals(code, 0);
    const lines = stdout.trim().split("\n");
    assertEquals([lines.length, lines[3]], [4, "started"]);
    assertStringIncludes(lines[2], "StartError: Cannot start Process-1:1: ");
    assertStringIncludes(lines[2], GUARD);
  });

  Deno.test(`[${placement}] what a top level starts only after the import is refused too, and ends that child`, async () => {
    const { code, stdout, stderr } = await unguarded("later");
    assertEquals(code, 0);
    assertEquals(stdout.match(/^started$/gm)?.length, 1);
    assertStringIncludes(stderr, GUARD);
  });
}
