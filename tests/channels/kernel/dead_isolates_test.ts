/** What an isolate remembers of those that are gone. */

import { assertEquals } from "@std/assert";
import { PARENT_GONE } from "../../../channels/exit.ts";
import { DeadIsolates } from "../../../channels/kernel/dead_isolates.ts";

Deno.test("isolates below one that is gone are gone, and a name that is longer than any is nobody's, however long", () => {
  const dead = new DeadIsolates();
  const exit = { code: 0, reason: "normal" } as const;
  dead.add("f00d.1", exit, "f00d");
  assertEquals([dead.exitOf("f00d.1"), dead.exitOf("f00d.1/2.3"), dead.exitOf("f00d.2")], [
    exit,
    PARENT_GONE,
    undefined,
  ]);
  // To look for those above it would take hours.
  assertEquals(dead.exitOf(`f00d.1${".1".repeat(2 ** 20)}`), undefined);
});
