/** Putting and getting, with the home of the queue in each place. */

import { assert, assertEquals, assertGreaterOrEqual, assertInstanceOf, assertRejects } from "@std/assert";
import { EmptyError, FullError, NotSerializableError, Queue, TimeoutError } from "../../mod.ts";
import { putAll, relay, takeSome } from "./fixtures/queue_tasks.ts";
import { everywhere, range, within } from "./queue_everywhere.ts";

// Of `empty()` and `full()` there are none: size() and tryPut() say the same, and cannot be mistaken for a boolean.
everywhere("[QUEUE-01] a new bounded queue is empty and not full", async (place) => {
  const queue = await place.queue<number>({ maxSize: 6 });
  assertEquals(queue.maxSize, 6);
  assertEquals(await queue.size(), 0);
  assertEquals(await queue.tryGet(), undefined);
  assertEquals(await queue.tryPut(1), true);
});

everywhere("[QUEUE-02] put() in all its forms fills a bounded queue, which is full at once", async (place) => {
  const queue = await place.queue<number>({ maxSize: 6 });
  await queue.put(1);
  await queue.put(2, {});
  await queue.put(3, { timeoutMs: Infinity });
  await queue.put(4, { timeoutMs: 0 });
  await queue.put(5, { timeoutMs: 1000, signal: new AbortController().signal });
  assertEquals(await queue.tryPut(6), true);
  assertEquals(await queue.size(), 6);
  assertEquals(await queue.tryPut(7), false);
  assertEquals(await queue.size(), 6);
});

everywhere("[QUEUE-03] put() that may not wait rejects with FullError when the queue is full", async (place) => {
  const queue = await place.queue<number>({ maxSize: 1 });
  await queue.put(1);
  const error = await assertRejects(() => queue.put(2, { timeoutMs: 0 }), FullError);
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.code, error.timeoutMs], ["full", 0]);
  assertEquals(await queue.tryPut(2), false);
  assertEquals(await queue.size(), 1);
});

everywhere("put() rejects with FullError after timeoutMs when nobody makes room", async (place) => {
  const queue = await place.queue<number>({ maxSize: 1 });
  await queue.put(1);
  const start = performance.now();
  const error = await assertRejects(() => queue.put(2, { timeoutMs: 100 }), FullError);
  assertGreaterOrEqual(performance.now() - start, 90);
  assertEquals(error.timeoutMs, 100);
  assertEquals(await queue.get(), 1);
  assertEquals(await queue.tryGet(), undefined);
});

everywhere("[QUEUE-05] put() with a negative timeout rejects with FullError without waiting", async (place) => {
  const queue = await place.queue<number>({ maxSize: 1 });
  await queue.put(1, { timeoutMs: -5 });
  await assertRejects(() => queue.put(2, { timeoutMs: -1 }), FullError);
  assertEquals(await queue.size(), 1);
});

everywhere("[QUEUE-06] when a child has taken all, a full queue takes items again", async (place) => {
  const queue = await place.queue<number>({ maxSize: 6 });
  for (const n of range(0, 6)) await queue.put(n);
  const child = await place.start(takeSome, queue, 6);
  assertEquals(await child.result, range(0, 6));
  await queue.put(6);
  assertEquals(await queue.get(), 6);
  assertEquals(await queue.size(), 0);
  assertEquals(await queue.tryPut(7), true);
});

everywhere("[QUEUE-07] get() in all its forms takes what a child has put, in order", async (place) => {
  const queue = await place.queue<number>();
  const child = await place.start(putAll, queue, [2, 3, 4, 5]);
  assertEquals(await queue.get(), 2);
  assertEquals(await queue.get({ timeoutMs: 10_000, signal: new AbortController().signal }), 3);
  await child.join();
  assertEquals(await queue.get({ timeoutMs: 0 }), 4);
  assertEquals(await queue.tryGet(), { value: 5 });
  assertEquals(await queue.tryGet(), undefined);
});

everywhere("[QUEUE-08] get() that may not wait rejects with EmptyError when the queue is empty", async (place) => {
  const queue = await place.queue<number>();
  const error = await assertRejects(() => queue.get({ timeoutMs: 0 }), EmptyError);
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.code, error.timeoutMs], ["empty", 0]);
  assertEquals(await queue.tryGet(), undefined);
});

everywhere("[QUEUE-09] get() rejects with EmptyError after timeoutMs when nothing comes", async (place) => {
  const queue = await place.queue<number>();
  const start = performance.now();
  const error = await assertRejects(() => queue.get({ timeoutMs: 200 }), EmptyError);
  assertGreaterOrEqual(performance.now() - start, 190);
  assertEquals(error.timeoutMs, 200);
  await queue.put(1);
  assertEquals(await queue.get(), 1);
});

everywhere("[QUEUE-10] get() with a negative timeout rejects with EmptyError without waiting", async (place) => {
  const queue = await place.queue<number>();
  await assertRejects(() => queue.get({ timeoutMs: -1 }), EmptyError);
  await queue.put(1);
  assertEquals(await queue.get({ timeoutMs: -1 }), 1);
});

everywhere("[QUEUE-11] a queue of maxSize 0 takes 100000 items and is never full", async (place) => {
  const queue = await place.queue<number>({ maxSize: 0 });
  for (let from = 0; from < 100_000; from += 10_000) {
    await Promise.all(range(from, from + 10_000).map((n) => queue.put(n, { timeoutMs: n % 2 === 0 ? Infinity : 0 })));
  }
  assertEquals(await queue.size(), 100_000);
  assertEquals(await queue.get(), 0);
});

for (const maxSize of [undefined, -1, -Infinity, Infinity]) {
  everywhere(`[QUEUE-11] a queue of maxSize ${maxSize} is one of maxSize 0`, async (place) => {
    const queue = await place.queue<number>({ maxSize });
    assertEquals(queue.maxSize, 0);
    const puts = await Promise.all(range(0, 1000).map((n) => queue.tryPut(n)));
    assert(puts.every((put) => put));
  });
}

everywhere("[QUEUE-12] size() is exact before and after puts and gets", async (place) => {
  const queue = await place.queue<string>();
  const sizes = [await queue.size()];
  await queue.put("a");
  sizes.push(await queue.size());
  await queue.put("b");
  sizes.push(await queue.size());
  await queue.get();
  sizes.push(await queue.size());
  await queue.get();
  sizes.push(await queue.size());
  assertEquals(sizes, [0, 1, 2, 1, 0]);
});

// Python loses the item, says so on standard error, and may count it; here the caller is told and nothing happens.
everywhere(
  "[QUEUE-21] [pain-08] an item that cannot travel is refused by put(), takes no room, and harms nobody",
  async (place) => {
    const queue = await place.queue<unknown>({ maxSize: 1 });
    const error = await assertRejects(() => queue.put({ jobs: [{ run: () => 1 }] }), NotSerializableError);
    assertEquals(error.path, "item.jobs[0].run");
    await assertRejects(() => queue.tryPut(Symbol("no")), NotSerializableError);
    assertEquals(await queue.size(), 0);
    await queue.put("good");
    assertEquals(await queue.size(), 1);
    assertEquals(await queue.get(), "good");
    assertEquals(await queue.size(), 0);
  },
);

// Python's get_nowait may find nothing just after a put by the same thread.
everywhere("[QUEUE-24] tryGet() right after put() always finds the item", async (place) => {
  const queue = await place.queue<number>();
  for (const n of range(0, 100)) {
    await queue.put(n);
    assertEquals(await queue.tryGet(), { value: n });
  }
});

everywhere(
  "[BEAT-10] [pain-10] put() then tryGet() in one turn, 1000 times: always the item, and exact sizes",
  async (place) => {
    const queue = await place.queue<number>();
    const answers = range(0, 1000).map((n) =>
      Promise.all([queue.size(), queue.put(n), queue.size(), queue.tryGet(), queue.size()])
    );
    for (const [n, answer] of answers.entries()) {
      assertEquals(await answer, [0, undefined, 1, { value: n }, 0]);
    }
  },
);

everywhere("[BEAT-09] a reader sees the item as it was when put() was called", async (place) => {
  const queue = await place.queue<{ list: number[]; bytes: Uint8Array }>();
  const item = { list: [1], bytes: new Uint8Array([1, 2]) };
  const put = queue.put(item);
  item.list.push(2);
  item.bytes[0] = 9;
  await put;
  item.list.push(3);
  assertEquals(await queue.get(), { list: [1], bytes: new Uint8Array([1, 2]) });
});

everywhere("[BEAT-09] a reader that changes its item changes nobody else's", async (place) => {
  const queue = await place.queue<number[]>();
  const item = [1];
  await queue.put(item);
  await queue.put(item);
  const first = await queue.get();
  first.push(2);
  assertEquals(await queue.get(), [1]);
  assertEquals(item, [1]);
});

everywhere("[pain-09] a child gets the item as it was when put() was called", async (place) => {
  const [jobs, results] = [new Queue<number[]>(), new Queue<number[]>()];
  await place.start(relay, jobs as Queue<unknown>, results as Queue<unknown>);
  const item = [1];
  const put = jobs.put(item);
  item[0] = 2;
  await put;
  assertEquals(await within(10_000, results.get()), [1]);
});

everywhere("what one producer puts without waiting is got in that order, through a full queue too", async (place) => {
  const queue = await place.queue<number>({ maxSize: 3 });
  const puts = Promise.all(range(0, 50).map((n) => queue.put(n)));
  const got = await Promise.all(range(0, 50).map(() => queue.get()));
  await puts;
  assertEquals(got, range(0, 50));
});
