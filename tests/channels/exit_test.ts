import { assertEquals } from "@std/assert";
import { type Exit, exitFrom, PARENT_GONE } from "../../channels/exit.ts";
import { WRONG_EXITS } from "../conformance/fixtures/hostile_values.ts";

Deno.test("exitFrom() gives what an exit says, and nothing beside it", () => {
  const exits: Exit[] = [
    { code: 0, reason: "normal" },
    { code: 255, reason: "error", error: undefined },
    { code: 1, reason: "error", error: new Error("why"), escalated: true },
    { code: 133, reason: "out-of-memory" },
    PARENT_GONE,
  ];
  for (const exit of exits) {
    assertEquals(exitFrom(exit), exit);
    assertEquals(Object.keys(exitFrom({ ...exit, more: 1 })!), Object.keys(exit));
  }
});

for (const [name, make] of Object.entries(WRONG_EXITS)) {
  Deno.test(`exitFrom() refuses an exit ${name}`, () => assertEquals(exitFrom(make()), undefined));
}

Deno.test("exitFrom() refuses an exit that is escalated in any other way than by `true`", () => {
  for (const escalated of [false, null, 1, {}]) {
    assertEquals(exitFrom({ code: 1, reason: "error", escalated }), undefined);
  }
});
