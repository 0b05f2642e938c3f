import { assertEquals } from "@std/assert";
import { gateTo, isFirst } from "../../../channels/kernel/address.ts";

const GATES: readonly [here: string, id: string, gate: string][] = [
  ["r", "r.1", "r.1"],
  ["r", "r.1.2", "r.1.2"],
  ["r.1", "r", "r"],
  ["r.1", "r.12", "r.12"],
  ["r.1", "r.2/3", "r.2"],
  ["r.1", "r.2@3", "r.2"],
  ["r.1", "r/3.1", "r"],
  ["r", "r/3", "r"],
  ["r/3", "r", "r/3"],
  ["r/3.1", "r.2", "r/3"],
  ["r/3.1", "r/4", "r/3"],
  ["r/3.1", "r/3.1/5.2", "r/3.1"],
  ["r/3.1", "r/3.2.1", "r/3.2.1"],
];

for (const [here, id, gate] of GATES) {
  Deno.test(`${here} reaches ${id} through ${gate}, of its own process`, () => assertEquals(gateTo(id, here), gate));
}

Deno.test("the first isolate of a process is a root or a subprocess", () => {
  assertEquals(["r", "r/1", "r.1/2", "r.1", "r/1.2"].map(isFirst), [true, true, true, false, false]);
});
