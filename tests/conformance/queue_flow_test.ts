/** Big items, exits that wait for nobody, and queues used while modules load. */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { Queue } from "../../mod.ts";
import { seen, seenAtImport } from "./fixtures/queue_at_import.ts";
import { putBig, putTrueFalse } from "./fixtures/queue_tasks.ts";
import { everywhere, range, within } from "./queue_everywhere.ts";

const MEGABYTE = 1_000_000;

Deno.test("[QUEUE-27] a module may make a queue and use it while it is imported", () => {
  assertEquals(seen, "put at import");
});

everywhere("[QUEUE-27] a child may import a module that uses a queue at import", async (place) => {
  const child = await place.start(seenAtImport);
  assertEquals(await within(10_000, child.result), "put at import");
});

everywhere(
  "[QUEUE-30] a child that has put 10 MB and waited for nothing ends at once; nobody has to read",
  async (place) => {
    const queue = new Queue<Uint8Array>();
    const child = await place.start(putBig, queue, 10, MEGABYTE, false);
    const exit = await within(10_000, child.join());
    assertEquals(exit?.code, 0);
    // Python may lose them all. Here what was sent before the end is there, whole and in order.
    for (let index = 0, item = await queue.tryGet(); item !== undefined; item = await queue.tryGet(), index++) {
      assertEquals([item.value.length, item.value[0], item.value.at(-1)], [MEGABYTE, index, index]);
    }
  },
);

everywhere("[QUEUE-32] an empty queue gets true and false from a child, and is empty again", async (place) => {
  const queue = await place.queue<boolean>();
  assertEquals(await queue.size(), 0);
  const child = await place.start(putTrueFalse, queue);
  await child.join();
  assertEquals(await queue.size(), 2);
  assertEquals([await queue.get(), await queue.get()], [true, false]);
  assertEquals(await queue.size(), 0);
});

// Python's put blocks its thread until somebody reads.
everywhere("[QUEUE-34] put() of 10 MB to a full queue stays pending, and the event loop goes on", async (place) => {
  const queue = await place.queue<Uint8Array>({ maxSize: 1 });
  await queue.put(new Uint8Array(10 * MEGABYTE).fill(1));
  let resolved = false;
  const second = queue.put(new Uint8Array(10 * MEGABYTE).fill(2)).then(() => resolved = true);
  for (const _turn of range(0, 20)) await delay(1);
  assertEquals(await queue.size(), 1);
  assertEquals(resolved, false);
  assertEquals((await queue.get())[0], 1);
  await second;
  assertEquals((await queue.get()).at(-1), 2);
});

everywhere("[pain-07] a child that put 10 items of 10 MB is joined first; all are read afterwards", async (place) => {
  const queue = new Queue<Uint8Array>();
  const child = await place.start(putBig, queue, 10, 10 * MEGABYTE, true);
  assertEquals((await within(15_000, child.join()))?.code, 0);
  assertEquals(await queue.size(), 10);
  for (const index of range(0, 10)) {
    const item = await queue.get();
    assertEquals(item.length, 10 * MEGABYTE);
    assertEquals(item.every((byte) => byte === index), true);
  }
  assertEquals(await queue.tryGet(), undefined);
});
