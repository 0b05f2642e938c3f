/** Closing a queue, with its home in each place. */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ClosedError, EmptyError, JoinableQueue, Queue } from "../../mod.ts";
import { putAllAndClose, relay } from "./fixtures/queue_tasks.ts";
import { everywhere, type QueuePlace, range, rest } from "./queue_everywhere.ts";

const kinds = {
  Queue: (place: QueuePlace, maxSize?: number) => place.queue<number>({ maxSize }),
  JoinableQueue: (place: QueuePlace, maxSize?: number) => place.joinable<number>({ maxSize }),
};

for (const [name, make] of Object.entries(kinds)) {
  everywhere(`[QUEUE-16] put() and get() on a closed ${name} reject with ClosedError, whose message says so`, async (
    place,
  ) => {
    const queue = await make(place);
    await queue.close();
    for (
      const use of [
        () => queue.put(1),
        () => queue.put(1, { timeoutMs: 0 }),
        () => queue.tryPut(1),
        () => queue.get(),
        () => queue.get({ timeoutMs: 0 }),
        () => queue.tryGet(),
        () => queue.producer(),
      ]
    ) {
      const error = await assertRejects<ClosedError>(use, ClosedError);
      assertEquals(error.code, "closed");
      assertStringIncludes(error.message, "closed");
    }
    assertEquals(await queue.size(), 0);
  });

  // Python's close() is for one process; this one is the end of the stream, and readers still drain what is there.
  everywhere(`a closed ${name} gives what is left, then iteration ends and get() rejects with ClosedError`, async (
    place,
  ) => {
    const queue = await make(place);
    for (const n of range(0, 4)) await queue.put(n);
    await queue.close();
    await assertRejects(() => queue.put(9), ClosedError);
    assertEquals(await queue.get(), 0);
    assertEquals(await queue.tryGet(), { value: 1 });
    assertEquals(await rest(queue), [2, 3]);
    await assertRejects(() => queue.get(), ClosedError);
  });

  everywhere(`close() rejects those who wait to put to a ${name} or to get from it`, async (place) => {
    const [empty, full] = [await make(place), await make(place, 1)];
    await full.put(1);
    const waiting = [
      assertRejects(() => empty.get(), ClosedError),
      assertRejects(() => empty.get({ timeoutMs: 10_000 }), ClosedError),
      assertRejects(() => full.put(2), ClosedError),
      assertRejects(() => full.put(3, { timeoutMs: 10_000 }), ClosedError),
    ];
    const iterated = rest(empty);
    // They wait already: what one handle asks is answered in order.
    assertEquals(await Promise.all([empty.size(), full.size()]), [0, 1]);
    await Promise.all([empty.close(), full.close()]);
    await Promise.all(waiting);
    assertEquals(await iterated, []);
    assertEquals(await rest(full), [1]);
  });

  everywhere(`[QUEUE-17] closing a ${name} twice, or three times at once, is fine`, async (place) => {
    const queue = await make(place);
    await queue.close();
    await queue.close();
    await Promise.all([queue.close(), queue.close(), queue.close()]);
    await assertRejects(() => queue.get(), ClosedError);
  });
}

// There is no join_thread to misuse: a put that has resolved needs no flush, before close() or after.
everywhere(
  "[QUEUE-18] before close() nothing needs to be flushed: what was put is there for everybody",
  async (place) => {
    const queue = await place.queue<number>();
    await queue.put(1);
    const results = new Queue<unknown>();
    const reader = await place.start(relay, queue as Queue<unknown>, results);
    assertEquals(await results.get(), 1);
    await queue.close();
    await reader.join();
    assertEquals(reader.exitCode, 0);
  },
);

everywhere(
  "[QUEUE-19] when a child's close() resolves all it had put before is visible to every reader",
  async (place) => {
    const queue = new Queue<unknown>();
    const child = await place.start(putAllAndClose, queue, range(0, 500));
    assertEquals(await child.result, 500);
    assertEquals(await queue.size(), 500);
    assertEquals(await rest(queue), range(0, 500));
  },
);

everywhere(
  "[QUEUE-33] a closed queue can be closed again and asked its size; get(), put() and tryGet() reject",
  async (place) => {
    const queue = await place.queue<number>();
    await queue.close();
    await queue.close();
    await assertRejects(() => queue.get(), ClosedError);
    await assertRejects(() => queue.put(1), ClosedError);
    await assertRejects(() => queue.tryGet(), ClosedError);
    // Python's SimpleQueue cannot be asked whether it is empty then. Here the queue is still there, and empty.
    assertEquals(await queue.size(), 0);
  },
);

everywhere("close() by one user ends the iteration of a reader elsewhere", async (place) => {
  const [queue, seen] = [await place.queue<unknown>(), new Queue<unknown>()];
  const reader = await place.start(relay, queue, seen);
  await queue.put(1);
  assertEquals(await seen.get(), 1);
  await queue.close();
  await reader.join();
  assertEquals(reader.exitCode, 0);
});

everywhere("a disposed handle is closed for its holder and for nobody else", async (place) => {
  const [queue, others] = [new Queue<unknown>(), new Queue<unknown>()];
  await place.start(relay, queue, others);
  queue[Symbol.dispose]();
  queue[Symbol.dispose]();
  await assertRejects(() => queue.put(1), ClosedError);
  await assertRejects(() => queue.get(), ClosedError);
  await assertRejects(() => queue.size(), ClosedError);
  await assertRejects(() => others.put(queue), ClosedError);
  await queue.close();
  await assertRejects(() => others.get({ timeoutMs: 50 }), EmptyError);
});

Deno.test("a Queue of a wrong maxSize, a JoinableQueue of a wrong maxDeliveries, and wrong options are refused", () => {
  // deno-lint-ignore no-explicit-any -- what a caller without types could pass
  const wrong = (value: unknown) => value as any;
  for (const Class of [Queue, JoinableQueue]) {
    assertThrows(() => new Class(wrong(null)), TypeError);
    assertThrows(() => new Class(wrong(3)), TypeError);
    assertThrows(() => new Class({ maxSize: wrong("3") }), TypeError);
    assertThrows(() => new Class({ maxSize: NaN }), TypeError);
    assertThrows(() => new Class({ maxSize: 1.5 }), RangeError);
  }
  assertThrows(() => new JoinableQueue({ maxDeliveries: wrong("2") }), TypeError);
  assertThrows(() => new JoinableQueue({ maxDeliveries: NaN }), TypeError);
  assertThrows(() => new JoinableQueue({ maxDeliveries: 0 }), RangeError);
  assertThrows(() => new JoinableQueue({ maxDeliveries: 1.5 }), RangeError);
  // A refused queue leaves nothing that the next one would be made of.
  assertEquals(new Queue({ maxSize: 2 }).maxSize, 2);
  assertEquals(new JoinableQueue({ maxSize: 3, maxDeliveries: Infinity }).maxSize, 3);
});

everywhere("wrong wait options are refused, and nothing is put or taken", async (place) => {
  const queue = await place.queue<number>();
  const wrong = (options: unknown) => options as { timeoutMs?: number };
  for (const options of [{ timeoutMs: NaN }, { timeoutMs: "1" }, { signal: {} }, 5].map(wrong)) {
    await assertRejects(() => queue.put(1, options), TypeError);
    await assertRejects(() => queue.get(options), TypeError);
  }
  assertEquals(await queue.size(), 0);
});
