/** Waits at a queue that nobody else is left to end, of which the log tells. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Queue, select } from "../../mod.ts";
import { AbandonedLog } from "./abandoned_log.ts";
import { bounded } from "./bounded.ts";
import { holdOn } from "./fixtures/joinable_queue_tasks.ts";
import { putAndDie, waitForItem } from "./fixtures/queue_victims.ts";
import { Program } from "./process_program.ts";
import { everywhere, PLACEMENTS, until } from "./queue_everywhere.ts";

const ENDED = "the other actors that had the queue have ended";

everywhere(
  "the log tells once of a get(), or of a put() to a full queue, that nobody else is left to end, and never before",
  async (place) => {
    using log = new AbandonedLog();
    for (
      const [what, wait] of [
        [
          "get\\(\\) waits for an item, and nobody else is left who could put one",
          (queue, signal) => queue.get({ signal }),
        ],
        [
          "put\\(\\) waits for room, and nobody else is left who could make some",
          (queue, signal) => queue.put(0, { signal }),
        ],
      ] as [string, (queue: Queue<unknown>, signal: AbortSignal) => Promise<unknown>][]
    ) {
      log.told.length = 0;
      const items = new Queue<unknown>({ maxSize: 1 });
      const [idle, hold] = [new Queue<unknown>(), new Queue<unknown>()];
      // It only has the queue, and could put or take something any time.
      const other = await place.start(holdOn, items, idle, hold);
      await idle.get();
      await (await place.start(putAndDie, items, "last")).exited;
      if (what.startsWith("get")) await items.get();
      const giving = new AbortController();
      const waited = assertRejects(() => wait(items, giving.signal), Error, "enough");
      await log.waitAsLong();
      assertEquals(log.told, []);

      await other.kill();
      await until(() => log.told.length > 0, "the log tells");
      assertMatch(log.told[0], new RegExp(`^queue [\\da-f]+#\\d+: ${what}: ${ENDED}$`));
      await log.waitAsLong();
      assertEquals(log.told.length, 1);
      giving.abort(new Error("enough"));
      await waited;
    }
  },
  { placements: PLACEMENTS },
);

everywhere(
  "the log tells nothing of who waits while the queue's maker does not, or waits for something else, too",
  async (place) => {
    using log = new AbandonedLog();
    const items = new Queue<unknown>();
    const waiting = new Queue<unknown>();
    const reader = await place.start(waitForItem, items, waiting);
    await waiting.get();
    await (await place.start(waitForItem, items, waiting)).kill();
    await log.waitAsLong();
    assertEquals(log.told, []);

    await reader.kill();
    const other = new Queue<unknown>();
    const selected = select({ items, other });
    await log.waitAsLong();
    assertEquals(log.told, []);
    await other.put("other");
    assertEquals((await selected).key, "other");
    await log.waitAsLong();
    assertEquals(log.told, []);
  },
  { placements: PLACEMENTS },
);

bounded("a loop over an abandoned queue keeps no program alive, and the log does not tell of it", async () => {
  await using program = new Program("leaves_loop", []);
  const { code, err } = await program.ended();
  assertEquals([code, err, program.lines], [0, "", ["1"]]);
});
