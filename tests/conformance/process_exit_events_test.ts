/** At the end of a thread and of a subprocess come the same events: those that come at the end of a program of Deno. */
import { assertEquals } from "@std/assert";
import { Process, spawn } from "../../mod.ts";
import { endBy, type Manner, Noting } from "./fixtures/exit_events.ts";
import { everywhere } from "./process_everywhere.ts";

/** The placements in which an isolate ends with its actor. */
const ELSEWHERE = ["thread", "process"] as const;
const BOTH = ["exit", "unload"];
/** Deno tells `process` nothing of its own exit. */
const UNLOAD = ["unload"];

/** The events that are noted in a file while a test runs. */
async function noted(test: (file: string) => Promise<unknown>): Promise<string[]> {
  const file = await Deno.makeTempFile({ prefix: "troupe-test-" });
  try {
    await test(file);
    return (await Deno.readTextFile(file)).split("\n").slice(0, -1);
  } finally {
    await Deno.remove(file);
  }
}

const ways: readonly [string, number, readonly string[]][] = [
  ["return", 0, BOTH],
  ["throw", 1, BOTH],
  ["stop", 0, BOTH],
  ["current().exit", 3, BOTH],
  ["process.exit", 3, BOTH],
  ["a timer", 3, BOTH],
  ["close", 0, BOTH],
  ["Deno.exit", 3, UNLOAD],
  ["terminate", -15, []],
  ["kill", -9, []],
];

for (const [how, code, events] of ways) {
  everywhere(`the events at the end by ${how}: ${events.join(", ") || "none"}`, async (placement) => {
    const seen = await noted(async (file) => {
      const p = new Process(endBy, [how, file, "quiet"], { placement });
      await p.start();
      if (how === "stop" || how === "terminate" || how === "kill") await p[how]();
      await p.join();
      assertEquals(p.exitCode, code);
    });
    assertEquals(seen, events);
  }, ELSEWHERE);
}

for (const manner of ["throws", "exits"] as const satisfies readonly Manner[]) {
  everywhere(`a listener that ${manner} changes neither the end nor its code`, async (placement) => {
    const seen = await noted(async (file) => {
      const p = new Process(endBy, ["return", file, manner], { placement });
      await p.start();
      assertEquals(await p.join(), { code: 0, reason: "normal" });
    });
    assertEquals(seen[0], "exit");
  }, ELSEWHERE);
}

everywhere("the events at the end of an actor that is stopped: exit, unload", async (placement) => {
  const seen = await noted(async (file) => {
    await using ref = await spawn(Noting, [], { placement });
    await ref.call.begin(file);
  });
  assertEquals(seen, BOTH);
}, ELSEWHERE);
