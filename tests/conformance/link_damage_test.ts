import { assertEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { ActorExitedError } from "../../mod.ts";
import { Vandal } from "./fixtures/vandal.ts";
import { callsOf, everywhere, rejection } from "./pipe_everywhere.ts";

everywhere("what the code of a thread posts by itself costs that thread, and nobody else anything", async (world) => {
  const other = callsOf(await world.spawn(Vandal, []));
  await Promise.all(["a word", null, [1], [{ bytes: "none", moved: [] }]].map(async (garbage) => {
    const vandal = await world.spawn(Vandal, []);
    const answer = vandal.with({ timeoutMs: Infinity }).call.post(garbage).catch((error) => error);
    assertEquals((await deadline(vandal.exited, 10_000)).reason, "killed");
    // The answer may have been on its way already.
    const got = await answer;
    assertEquals(got === "posted" || got instanceof ActorExitedError, true);
    await rejection(vandal.call.ping(), ActorExitedError);
    assertEquals(await other.ping(), "pong");
  }));
  assertEquals(await other.ping(), "pong");
}, { placements: ["thread"] });
