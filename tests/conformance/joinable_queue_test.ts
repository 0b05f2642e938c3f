/** Joinable queues: what counts as done, and what becomes of what the dead had not finished. */

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { deadLetters as letters, JoinableQueue, Queue, TimeoutError } from "../../mod.ts";
import {
  acknowledgeForeign,
  holdOn,
  loseATaker,
  manyTakers,
  takeAndAcknowledge,
  takeAndEnd,
  takeAndFail,
  workThrough,
} from "./fixtures/joinable_queue_tasks.ts";
import { AbandonedLog } from "./abandoned_log.ts";
import { askAndSpin } from "./fixtures/queue_victims.ts";
import { everywhere, KILLABLE, PLACEMENTS, range, rest, until, within } from "./queue_everywhere.ts";

everywhere(
  "[JQ-01] join() resolves when four consumers have acknowledged all of ten items, not before",
  async (place) => {
    const [jobs, done] = [new JoinableQueue<unknown>(), new Queue<unknown>()];
    const workers = [];
    for (const _n of range(0, 4)) workers.push(await place.start(workThrough, jobs, done));
    for (const n of range(0, 10)) await jobs.put(n);
    await within(10_000, jobs.join());
    // Each worker says what it has done before it acknowledges that.
    assertEquals(await done.size(), 10);
    await jobs.close();
    for (const worker of workers) await worker.join();
    await done.close();
    assertEquals((await rest(done) as number[]).toSorted((a, b) => a - b), range(0, 10));
  },
);

everywhere("[JQ-02] join() of a queue into which nothing was put resolves", async (place) => {
  const jobs = await place.joinable<number>();
  await within(5000, jobs.join());
  await within(5000, jobs.join({ timeoutMs: 5000 }));
});

everywhere("[JQ-03] taskDone() without an open item rejects with RangeError, whose message says so", async (place) => {
  const jobs = await place.joinable<number>();
  const error = await assertRejects(() => jobs.taskDone(), RangeError);
  assertStringIncludes(error.message, "taken none");
  await jobs.put(1);
  await assertRejects(() => jobs.taskDone(), RangeError);
  await assertRejects(() => jobs.taskDone(1), RangeError);
});

everywhere("[JQ-04] a second taskDone() for one item rejects with RangeError", async (place) => {
  const jobs = await place.joinable<number>();
  await jobs.put(1);
  await jobs.get();
  await jobs.taskDone();
  await assertRejects(() => jobs.taskDone(), RangeError);
  await within(5000, jobs.join());
});

everywhere("[JQ-07] join() stays pending for an item that was got and not acknowledged", async (place) => {
  const jobs = await place.joinable<number>();
  await jobs.put(1);
  const joined = jobs.join();
  assertEquals(await pendingAfter(joined, jobs), true);
  assertEquals(await jobs.get(), 1);
  assertEquals(await pendingAfter(joined, jobs), true);
  await jobs.taskDone();
  await within(5000, joined);
});

everywhere("[JQ-09] after join() the queue can be used and joined again", async (place) => {
  const [jobs, done] = [await place.joinable<unknown>(), new Queue<unknown>()];
  await place.start(workThrough, jobs, done);
  for (const round of range(0, 3)) {
    await jobs.put(`${round}a`);
    await jobs.put(`${round}b`);
    await within(10_000, jobs.join());
    assertEquals([await done.get(), await done.get()], [`${round}a`, `${round}b`]);
  }
});

everywhere(
  "join() rejects with TimeoutError when it takes too long, and with the reason of its signal",
  async (place) => {
    const jobs = await place.joinable<number>();
    await jobs.put(1);
    const error = await assertRejects(() => jobs.join({ timeoutMs: 50 }), TimeoutError);
    assertEquals([error.code, error.timeoutMs], ["timeout", 50]);
    await assertRejects(() => jobs.join({ timeoutMs: 0 }), TimeoutError);
    const controller = new AbortController();
    const joined = jobs.join({ signal: controller.signal });
    controller.abort("enough");
    assertEquals(await joined.catch((reason) => reason), "enough");
    await jobs.get();
    await jobs.taskDone();
    for (const _n of range(0, 20)) await jobs.join({ timeoutMs: 0 });
  },
);

everywhere("taskDone(item) acknowledges that item, taskDone() the oldest", async (place) => {
  const jobs = await place.joinable<unknown>();
  const items = ["a", { b: 1 }, "c"];
  for (const item of items) await jobs.put(item);
  const [a, b, c] = [await jobs.get(), await jobs.get(), await jobs.get()];
  await jobs.taskDone(b);
  await assertRejects(() => jobs.taskDone(b), RangeError);
  await assertRejects(() => jobs.taskDone({ b: 1 }), RangeError);
  await jobs.taskDone();
  await assertRejects(() => jobs.taskDone(a), RangeError);
  await jobs.taskDone(c);
  await within(5000, jobs.join());
});

everywhere("equal items are acknowledged one by one, also at once", async (place) => {
  const jobs = await place.joinable<unknown>();
  for (const _n of range(0, 3)) await jobs.put("same");
  await jobs.put(undefined);
  for (const _n of range(0, 3)) await jobs.get();
  assertEquals(await jobs.tryGet(), { value: undefined });
  await Promise.all([jobs.taskDone("same"), jobs.taskDone("same"), jobs.taskDone(undefined), jobs.taskDone("same")]);
  await assertRejects(() => jobs.taskDone("same"), RangeError);
  await within(5000, jobs.join());
});

everywhere("an item can be acknowledged only by the actor that took it", async (place) => {
  const jobs = await place.joinable<unknown>();
  await jobs.put(1);
  await jobs.get();
  const other = await place.start(acknowledgeForeign, jobs);
  assertEquals(await other.result, "RangeError");
  await jobs.taskDone();
});

everywhere(
  "[BEAT-12] [pain-12] what a killed consumer took and did not acknowledge is given to another, and join() resolves",
  async (place) => {
    const [jobs, taken] = [new JoinableQueue<unknown>(), new Queue<unknown>()];
    const victim = await place.start(takeAndAcknowledge, jobs, 3, 1, taken);
    for (const n of range(0, 5)) await jobs.put(n);
    assertEquals(await taken.get(), [0, 1, 2]);
    const joined = jobs.join();
    await victim.kill();
    // First what came back, then what nobody had taken yet.
    assertEquals(await jobs.size(), 4);
    for (const n of range(1, 5)) {
      assertEquals(await jobs.get(), n);
      await jobs.taskDone();
    }
    await within(5000, joined);
  },
);

for (const [how, end] of Object.entries({ "ended in good order": takeAndEnd, "failed": takeAndFail })) {
  everywhere(`[BEAT-12] what a consumer did not acknowledge that ${how} is given to another`, async (place) => {
    const jobs = new JoinableQueue<unknown>();
    await jobs.put("again");
    const consumer = await place.start(end, jobs);
    await consumer.join();
    await until(async () => await jobs.size() === 1, "the item is back");
    assertEquals(await jobs.get(), "again");
    await jobs.taskDone();
    await within(5000, jobs.join());
  });
}

everywhere("[BEAT-12] an actor that shares its isolate and dies is a dead consumer, too", async (place) => {
  const [jobs, lost] = [new JoinableQueue<unknown>(), new Queue<unknown>()];
  await jobs.put("again");
  await place.start(loseATaker, jobs, lost);
  assertEquals(await lost.get(), "again");
  assertEquals(await within(5000, jobs.get()), "again");
  await jobs.taskDone();
  await within(5000, jobs.join());
});

everywhere("a hundred actors of one isolate take and acknowledge their items", async (place) => {
  const jobs = new JoinableQueue<unknown>();
  for (const n of range(0, 100)) await jobs.put(n);
  const child = await place.start(manyTakers, jobs, 100);
  assertEquals((await child.result as number[]).toSorted((a, b) => a - b), range(0, 100));
  await within(5000, jobs.join());
});

everywhere(
  "[BEAT-12] an item that was given maxDeliveries times is a dead letter and counts as done",
  async (place) => {
    const jobs = new JoinableQueue<unknown>();
    const letters: unknown[] = [];
    using _listening = deadLetters.listen(({ what, item, deliveries }) => letters.push([what, item, deliveries]));
    await jobs.put("poison");
    const joined = jobs.join();
    for (const _delivery of range(0, 2)) {
      assertEquals(letters, []);
      const consumer = await place.start(takeAndFail, jobs);
      await consumer.join();
    }
    await within(5000, joined);
    assertEquals(letters, [["item of a queue", "poison", 2]]);
    assertEquals(await jobs.size(), 0);
  },
);

everywhere(
  "the dead letter of an item is told to the program, with the item, wherever the queue lives",
  async (place) => {
    const items: [item: unknown, told: unknown][] = [
      [{ id: 7, at: new Date(0), parts: new Map([["a", [1n, undefined]]]) }, undefined],
      [undefined, undefined],
      ["x".repeat(300_000), undefined],
      ["y".repeat(300_000), undefined],
      [{ id: 8, answers: new Queue<number>() }, { id: 8, answers: "[queue]" }],
      ["z".repeat(600_000), "too long"],
    ];
    const jobs = await place.joinable<unknown>({ maxDeliveries: 1 });
    const before = letters.count;
    const reader = letters[Symbol.asyncIterator]();
    for (const [item] of items) await jobs.put(item);
    for (const _item of items) await (await place.start(takeAndFail, jobs)).join();
    await within(5000, jobs.join());
    for (const told of items.map(([item, told]) => told ?? item)) {
      const { value: letter } = await within(5000, reader.next());
      assertEquals(letter!.deliveries, 1);
      if (told === "too long") assertMatch(letter!.what, /^item of a queue \(too long to be told: \d+ bytes\)$/);
      else assertEquals([letter!.what, letter!.item], ["item of a queue", told]);
      assertEquals("item" in letter!, told !== "too long");
    }
    assertEquals(letters.count - before, items.length);
    await reader.return!();
  },
  { placements: PLACEMENTS },
);

for (const maxDeliveries of [1, 3]) {
  everywhere(`[BEAT-12] with maxDeliveries ${maxDeliveries} an item is given so many times`, async (place) => {
    const jobs = new JoinableQueue<unknown>({ maxDeliveries });
    await jobs.put("poison");
    let deliveries = 0;
    for (; await jobs.size() > 0; deliveries++) {
      const consumer = await place.start(takeAndFail, jobs);
      await consumer.join();
    }
    assertEquals(deliveries, maxDeliveries);
    await within(5000, jobs.join());
  });
}

everywhere("an item that was sent but never acknowledged as arrived does not count as given", async (place) => {
  const [jobs, asked] = [new JoinableQueue<unknown>({ maxDeliveries: 1 }), new Queue<unknown>()];
  const victim = await place.start(askAndSpin, jobs as Queue<unknown>, asked);
  await asked.get();
  await jobs.put("not seen");
  await victim.kill();
  assertEquals(await jobs.get(), "not seen");
  await jobs.taskDone();
  await within(5000, jobs.join());
}, { placements: KILLABLE });

/** Whether it is pending after the queue has answered a question that was asked later. */
async function pendingAfter(promise: Promise<unknown>, queue: JoinableQueue<number>): Promise<boolean> {
  let pending = true;
  void promise.then(() => pending = false);
  await queue.size();
  return pending;
}

everywhere(
  "the log tells once of a join() that nobody is left to finish, and never while another actor has the queue",
  async (place) => {
    using log = new AbandonedLog();
    const jobs = new JoinableQueue<unknown>({ maxDeliveries: 3 });
    const [idle, hold] = [new Queue<unknown>(), new Queue<unknown>()];
    // It only has the queue, and could take something any time.
    const other = await place.start(holdOn, jobs, idle, hold);
    await idle.get();
    await jobs.put("a");
    await jobs.put("b");
    const joined = jobs.join();
    await (await place.start(takeAndFail, jobs)).join();
    await until(async () => await jobs.size() === 2, "the item is back");
    await log.waitAsLong();
    assertEquals(log.told, []);

    await other.kill();
    await until(() => log.told.length > 0, "the log tells");
    assertMatch(
      log.told[0],
      /^joinable queue [\da-f]+#\d+: join\(\) waits for 2 items, and nobody is left who could finish: the actors that took items have ended/,
    );
    await jobs.put("c");
    const alsoJoined = jobs.join();
    await log.waitAsLong();
    assertEquals(log.told.length, 1);

    // Somebody can still come, and end as well.
    await (await place.start(takeAndFail, jobs)).join();
    await until(() => log.told.length > 1, "the log tells of that, too");
    const done = new Queue<unknown>();
    const worker = await place.start(workThrough, jobs, done);
    await within(5000, Promise.all([joined, alsoJoined]));
    await jobs.close();
    await worker.join();
    assertEquals(log.told.length, 2);
  },
  { placements: PLACEMENTS },
);

everywhere(
  "the second after which the log tells of a join() begins when the last other actor has the queue no more",
  async (place) => {
    using log = new AbandonedLog();
    const jobs = new JoinableQueue<unknown>({ maxDeliveries: 3 });
    await jobs.put("a");
    await jobs.put("b");
    const giving = new AbortController();
    const joined = assertRejects(() => jobs.join({ signal: giving.signal }), Error, "enough");
    const leave = async () => {
      await (await place.start(takeAndFail, jobs)).join();
      await until(async () => await jobs.size() === 2, "the item is back");
    };
    await leave();
    const longer = log.waitAsLong();
    await log.begun;
    await leave();
    await longer;
    // Both may be told in one turn of a busy event loop, this one then second.
    assertEquals(log.toldBefore, []);
    await until(() => log.told.length > 0, "the log tells");
    giving.abort(new Error("enough"));
    await joined;
  },
  { placements: ["inline"] },
);
