/** A program whose inline children died while they waited for items: nothing of theirs may keep it alive. */

import { Process, Queue, spawn } from "../../../mod.ts";
import { QueueHome } from "../fixtures/queue_home.ts";
import { waitForItem } from "../fixtures/queue_victims.ts";

const home = await spawn(QueueHome, [], { placement: "thread" });
const waiting = new Queue<unknown>();
for (const queue of [new Queue<unknown>(), await home.call.queue()]) {
  const victim = new Process(waitForItem, [queue, waiting], { placement: "inline" });
  await victim.start();
  await waiting.get();
  await victim.kill();
}
console.log("killed");
