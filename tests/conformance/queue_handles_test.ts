/** Handles as items of queues: they work wherever they arrive, and do not outlive what they stand for. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type Connection,
  DisconnectedError,
  JoinableQueue,
  pipe,
  type Process,
  Queue,
  type Receiver,
  type Sender,
} from "../../mod.ts";
import {
  collectMail,
  giveAway,
  type Parcel,
  sendBack,
  Tally,
  useParcels,
  waitForItems,
} from "./fixtures/handle_users.ts";
import type { Where } from "./place.ts";
import { EVERYWHERE, everywhere, KILLABLE, QueuePlace, range, rest, until, within } from "./queue_everywhere.ts";

/** Hands each kind of handle to a running child, which hands them on to another; all three use them. */
async function passAround(first: QueuePlace, second: QueuePlace, owned: QueuePlace): Promise<void> {
  const [toFirst, toSecond] = [new Queue<Parcel>(), new Queue<Parcel>()];
  // They run, and know nothing yet of what they will get.
  await second.start(useParcels, "second", toSecond);
  await first.start(useParcels, "first", toFirst, toSecond);

  const queue = await owned.queue<unknown>();
  const joinable = await owned.joinable<unknown>();
  const produced = await owned.queue<unknown>();
  const producer = await produced.producer();
  const tally = await owned.spawn(Tally, []);
  const process = await owned.start(collectMail, 2);
  const [duplexHere, duplexThere] = pipe<unknown>();
  const [reader, writer] = pipe<unknown>({ duplex: false });

  await toFirst.put({
    queue,
    more: [{ joinable, producer }, new Map<string, typeof tally | Process>([["ref", tally], ["process", process]])],
    ends: new Set<Connection<unknown> | Sender<unknown>>([duplexThere, writer]),
  });
  producer[Symbol.dispose]();

  const names = ["first", "second"];
  assertEquals(await process.result, names);
  for (const name of names) {
    assertEquals(await queue.get(), name);
    assertEquals(await joinable.get(), name);
    await joinable.taskDone();
    assertEquals(await duplexHere.recv(), name);
    assertEquals(await reader.recv(), name);
  }
  await joinable.join({ timeoutMs: 5000 });
  assertEquals(await tally.call.add("main"), [...names, "main"]);
  // Both children still have the producer and the ends.
  await produced.put("open");
  await toFirst.close();
  await toSecond.close();
  assertEquals(await within(10_000, rest(produced)), [...names, "open"]);
  await assertRejects(() => within(10_000, duplexHere.recv()), DisconnectedError);
  await assertRejects(() => within(10_000, reader.recv()), DisconnectedError);
}

everywhere(
  "[BEAT-23] every kind of handle is sent by queue to a running child and on to another, and works",
  async (place) => {
    await passAround(place, new QueuePlace(place.where), new QueuePlace("inline"));
  },
);

const mixtures: [Where, Where, Where][] = [
  ["thread", "process", "thread"],
  ["process", "thread", "process"],
  ["process", "inline", "thread"],
  ["remote", "thread", "remote"],
];
for (const [first, second, owned] of mixtures) {
  everywhere(
    `[BEAT-23] the same with the second child in another place (${second}) than the first, and the home in a third (${owned})`,
    async (place) => {
      await passAround(place, new QueuePlace(second), new QueuePlace(owned));
    },
    { placements: [first] },
  );
}

everywhere("a handle that comes back from a child is a handle to the same queue", async (place) => {
  const [there, back] = [new Queue<unknown>(), new Queue<unknown>()];
  await place.start(sendBack, there, back);
  const queue = new Queue<unknown>({ maxSize: 3 });
  await there.put({ queue, again: [queue] });
  const returned = await back.get() as { queue: Queue<unknown>; again: Queue<unknown>[] };
  assertStrictEquals(returned.queue, returned.again[0]);
  assertEquals(returned.queue.maxSize, 3);
  await returned.queue.put(1);
  assertEquals(await queue.get(), 1);
});

everywhere("a joinable queue that was sent by queue is still joinable", async (place) => {
  const [there, back] = [new Queue<unknown>(), new Queue<unknown>()];
  await place.start(sendBack, there, back);
  const jobs = new JoinableQueue<number>();
  await there.put(jobs);
  const returned = await back.get() as JoinableQueue<number>;
  assertEquals(returned instanceof JoinableQueue, true);
  await jobs.put(1);
  await returned.get();
  const joined = jobs.join();
  await returned.taskDone();
  await within(5000, joined);
});

everywhere(
  "an end of a pipe that its maker put in a queue, and uses again, stays his when somebody takes it",
  async (place) => {
    const [here, there] = pipe<unknown>();
    const [parcels, back] = [new Queue<unknown>(), new Queue<unknown>()];
    await parcels.put(there);
    const received = there.recv();
    assertEquals(await there.poll(), false);
    const child = await place.start(sendBack, parcels, back);
    const other = await back.get() as Connection<unknown>;
    await child.kill();
    await other.close();
    await here.send("for the maker");
    assertEquals(await within(5000, received), "for the maker");
  },
);

everywhere("a queue can be an item of itself", async (place) => {
  const queue = await place.queue<unknown>();
  await queue.put(queue);
  const itself = await queue.get() as Queue<unknown>;
  await itself.put("through itself");
  assertEquals(await queue.get(), "through itself");
});

everywhere(
  "whoever waits on a queue in the middle gets DisconnectedError when the child that made it dies",
  async (place) => {
    const gift = new Queue<{ queue: Queue<unknown>; end: Receiver<unknown> }>();
    const middle = await place.start(giveAway, gift);
    const { queue, end } = await gift.get();
    const [orders, outcomes] = [new Queue<Queue<unknown>>(), new Queue<unknown>()];
    const others = [place, new QueuePlace("thread"), new QueuePlace("process")];
    for (const other of others) {
      await other.start(waitForItems, orders, outcomes);
      await orders.put(queue);
      assertEquals(await outcomes.get(), "waiting");
    }
    const waiting = assertRejects(() => queue.get(), DisconnectedError);
    const received = assertRejects(() => end.recv(), DisconnectedError);
    await queue.size();
    await middle.kill();
    await within(5000, waiting);
    await within(5000, received);
    for (const _other of others) assertEquals(await within(5000, outcomes.get()), "DisconnectedError");
    await assertRejects(() => queue.put(1), DisconnectedError);
  },
  { placements: KILLABLE },
);

everywhere("a handle that lies in a queue while its home dies arrives, and says so when it is used", async (place) => {
  const gift = new Queue<{ queue: Queue<unknown>; end: Receiver<unknown> }>();
  const middle = await place.start(giveAway, gift);
  await until(async () => await gift.size() === 1, "the child has given its handles away");
  await gift.put({ queue: new Queue(), end: pipe()[0] });
  await middle.kill();
  const { queue, end } = await gift.get();
  await assertRejects(() => within(5000, queue.get()), DisconnectedError);
  await assertRejects(() => within(5000, queue.tryPut(1)), DisconnectedError);
  await assertRejects(() => within(5000, end.recv()), DisconnectedError);
  assertEquals((await gift.get()).queue instanceof Queue, true);
}, { placements: KILLABLE });

for (const last of EVERYWHERE) {
  everywhere(
    `many handles at once go through a chain of three children (the last in placement ${last})`,
    async (place) => {
      const ways = range(0, 4).map(() => new Queue<unknown>());
      for (const n of range(0, 3)) {
        await (n === 2 ? new QueuePlace(last) : place).start(sendBack, ways[n], ways[n + 1]);
      }
      const queues = range(0, 50).map(() => new Queue<number>());
      await ways[0].put(queues);
      const arrived = await within(10_000, ways[3].get()) as Queue<number>[];
      for (const [n, queue] of arrived.entries()) await queue.put(n);
      for (const [n, queue] of queues.entries()) assertEquals(await queue.get(), n);
    },
  );
}
