import { assertEquals } from "@std/assert";
import { type PlacementName, Process } from "@troupe/troupe";
import { assertNothingLeft } from "@troupe/troupe/testing";
import { spin } from "./programs/sandboxed.ts";

for (const placement of ["thread", "process"] satisfies PlacementName[]) {
  Deno.test(`Process.start() resolves though the task computes for ever from its first line on (${placement})`, async () => {
    const p = new Process(spin, [], { placement });
    await p.start();
    assertEquals(p.alive, true);
    await p.kill();
    assertEquals(p.exitCode, -9);
    assertNothingLeft();
  });
}
