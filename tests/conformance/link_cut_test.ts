/** A sender that ends, or fails, within a message that it is still writing. */

import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { ActorExitedError, Queue } from "../../mod.ts";
import { CutOff } from "./fixtures/cut_off.ts";
import { callsOf, everywhere, rejection } from "./pipe_everywhere.ts";

for (const how of ["exits", "closes"] as const) {
  everywhere(
    `what was sent before a sender ${how} within a message is all there, and nothing of the message`,
    async (world) => {
      for (const count of [0, 1, 37]) {
        const queue = new Queue<unknown>();
        const sender = await world.spawn(CutOff, []);
        const put = rejection(callsOf(sender).put(queue, count, how), ActorExitedError);
        await deadline(put, 10_000);
        await deadline(sender.exited, 10_000);
        assertEquals(await queue.size(), count);
        for (let n = 0; n < count; n++) assertEquals(await queue.get(), n);
      }
    },
    { placements: ["thread"] },
  );
}

everywhere("a message whose writing throws is not sent, and the next one is", async (world) => {
  const queue = new Queue<unknown>();
  const sender = await world.spawn(CutOff, []);
  assertEquals(await callsOf(sender).put(queue, 3, "throws"), "the getter failed");
  assertEquals([await queue.get(), await queue.get(), await queue.get(), await queue.get()], [0, 1, 2, "after"]);
});
