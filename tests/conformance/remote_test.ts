import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import {
  AuthenticationError,
  Barrier,
  ClosedError,
  Condition,
  connect,
  current,
  DisconnectedError,
  EmptyError,
  EventFlag,
  FullError,
  JoinableQueue,
  listen,
  Lock,
  NotOwnerError,
  Queue,
  Semaphore,
  SharedValue,
  type SocketAddress,
  spawn,
  task,
  TimeoutError,
} from "../../mod.ts";
import { obtain, offer } from "../../channels/remote/offer.ts";
import { allEnded } from "../channels/remote/all_ended.ts";
import { RemotePlace } from "./remote_place.ts";

const WITHIN_MS = 10_000;
const soon = <T>(promise: Promise<T>) => deadline(promise, WITHIN_MS);

/** A test with one other program. */
function remote(name: string, run: (there: RemotePlace, t: Deno.TestContext) => Promise<void>): void {
  Deno.test(name, async (t) => {
    {
      await using there = await RemotePlace.start();
      await run(there, t);
    }
    await allEnded();
  });
}

remote("the contract of queues holds over a socket between two programs", async (there, t) => {
  await t.step("items of one producer are got in their order, at either side", async () => {
    const queue = new Queue<number>();
    const putting = there.call("putAll", queue, 0, 200);
    for (let n = 0; n < 200; n++) assertEquals(await soon(queue.get()), n);
    await putting;
    for (let n = 0; n < 200; n++) await queue.put(n);
    await queue.close();
    assertEquals(await soon(there.call("getAll", queue)), Array.from({ length: 200 }, (_, n) => n));
  });
  await t.step("a resolved put() is there for a tryGet() at the other side", async () => {
    const queue = new Queue<unknown>();
    const theirs = there.use(queue);
    for (const item of [1, 2n, null, undefined, "text", { deep: [new Date(0)] }, new Map([[1, 2]])]) {
      await theirs.put(item);
      assertEquals(await queue.tryGet(), { value: item });
      await queue.put(item);
      assertEquals(await theirs.tryGet(), { value: item });
    }
    assertEquals(await theirs.tryGet(), undefined);
  });
  await t.step("a bounded queue makes the other side wait for room", async () => {
    const queue = new Queue<number>({ maxSize: 1 });
    const theirs = there.use(queue);
    await theirs.put(1);
    assertEquals(await theirs.tryPut(2), false);
    await assertRejects(() => theirs.put(2, { timeoutMs: 30 }), FullError);
    await assertRejects(() => theirs.put(2, { timeoutMs: 0 }), FullError);
    const putting = theirs.put(2);
    assertEquals(await queue.get(), 1);
    await soon(putting);
    assertEquals(await queue.get(), 2);
    assertEquals(await theirs.size(), 0);
  });
  await t.step("an empty one makes it wait for an item, as long as it will", async () => {
    const queue = new Queue<number>();
    const theirs = there.use(queue);
    await assertRejects(() => theirs.get({ timeoutMs: 30 }), EmptyError);
    await assertRejects(() => theirs.get({ timeoutMs: 0 }), EmptyError);
    const got = theirs.get();
    await queue.put(5);
    assertEquals(await soon(got), 5);
  });
  await t.step("closing it at either side drains, and then tells everybody", async () => {
    const queue = new Queue<number>();
    const theirs = there.use(queue);
    await queue.put(1);
    await theirs.close();
    await assertRejects(() => queue.put(2), ClosedError);
    await assertRejects(() => theirs.put(2), ClosedError);
    assertEquals(await theirs.get(), 1);
    await assertRejects(() => theirs.get(), ClosedError);
  });
  await t.step("two readers and two writers get each item once", async () => {
    const queue = new Queue<number>();
    const writing = [there.call("putAll", queue, 0, 100), there.call("putAll", queue, 100, 200)];
    const reading = [there.call("getAll", queue), Array.fromAsync(queue)];
    await soon(Promise.all(writing));
    await queue.close();
    const all = (await soon(Promise.all(reading))).flat() as number[];
    assertEquals(all.toSorted((a, b) => a - b), Array.from({ length: 200 }, (_, n) => n));
  });
  await t.step("a joinable queue is joined when the other side has done what it took", async () => {
    const jobs = new JoinableQueue<number>();
    const theirs = there.use(jobs);
    await jobs.put(1);
    assertEquals(await theirs.get(), 1);
    await assertRejects(() => jobs.join({ timeoutMs: 30 }), TimeoutError);
    await theirs.taskDone();
    await soon(jobs.join());
  });
  await t.step("a queue that was made there works here", async () => {
    const queue = await there.call("makeQueue") as Queue<number>;
    await queue.put(7);
    assertEquals(await there.use(queue).get(), 7);
  });
});

remote("what a program held and had taken is settled when it is killed", async (there) => {
  const queue = new Queue<string>();
  const jobs = new JoinableQueue<string>();
  const closing = new Queue<string>();
  const lock = new Lock();
  const made = await there.call("makeQueue") as Queue<string>;
  await there.use(queue).put("survives");
  await jobs.put("job");
  assertEquals(await there.use(jobs).get(), "job");
  await there.call("produce", closing);
  await there.use(lock).acquire();
  const waiting = there.use(queue);
  assertEquals(await queue.get(), "survives");
  void waiting.get().catch(() => {});
  const getting = made.get().catch((error) => error);
  await there.use(queue).size();
  await queue.put("on its way, or not yet");
  await there.kill();
  using guard = await soon(lock.acquire());
  assertEquals(guard.abandoned, true);
  assertEquals(await soon(jobs.get()), "job", "what it had not done is given to another");
  await jobs.taskDone();
  await soon(jobs.join());
  assertEquals(await soon(Array.fromAsync(closing)), ["produced"]);
  assert(await soon(getting) instanceof DisconnectedError);
  await assertRejects(() => made.put("?"), DisconnectedError);
});

remote("the contract of locks holds over a socket between two programs", async (there, t) => {
  await t.step("one at a time, in the order of asking, owned by who has it", async () => {
    const lock = new Lock();
    const theirs = there.use(lock);
    {
      using _guard = await lock.acquire();
      await assertRejects(() => theirs.acquire({ timeoutMs: 30 }), TimeoutError);
      await assertRejects(() => theirs.release(), NotOwnerError);
    }
    assertEquals(await theirs.acquire(), { abandoned: false } as never);
    assertEquals(await lock.tryAcquire(), undefined);
    await assertRejects(() => lock.release(), NotOwnerError);
    const waiting = lock.acquire();
    await theirs.release();
    using _guard = await soon(waiting);
    assertEquals(await theirs.tryAcquire(), undefined);
  });
  await t.step("what it guards is exact", async () => {
    const lock = new Lock();
    const value = new SharedValue("int32", 0);
    const theirs = [there.call("increment", lock, value, 50), there.call("increment", lock, value, 50)];
    for (let i = 0; i < 50; i++) {
      using _guard = await lock.acquire();
      await value.set(await value.get() + 1);
    }
    await soon(Promise.all(theirs));
    assertEquals(await value.get(), 150);
  });
  await t.step("semaphores, flags, conditions and barriers", async () => {
    const semaphore = new Semaphore(1);
    await there.use(semaphore).acquire();
    assertEquals(await semaphore.tryAcquire(), undefined);
    await there.use(semaphore).release();
    using _permit = await soon(semaphore.acquire());
    const flag = new EventFlag();
    const flagged = there.use(flag).wait();
    await flag.set();
    await soon(flagged);
    const lock = new Lock();
    const condition = new Condition(lock);
    const notified = (async () => {
      using _guard = await lock.acquire();
      const waiting = condition.wait();
      const theirs = there.use(lock).acquire();
      await soon(theirs);
      await soon(there.use(condition).notify());
      await there.use(lock).release();
      await soon(waiting);
    })();
    await soon(notified);
    const barrier = new Barrier(2);
    const indexes = await soon(Promise.all([barrier.wait(), there.use(barrier).wait()]));
    assertEquals(indexes.toSorted(), [0, 1]);
  });
});

remote("[REM-07] a handle that was passed on to a third program works there, with the right key", async (second) => {
  await using third = await RemotePlace.start();
  const queue = new Queue<string>();
  const address = await second.call("offer", queue);
  await soon(third.call("putVia", address, "by way of the second"));
  assertEquals(await soon(queue.get()), "by way of the second");
  await assertRejects(() => connect(address, { authKey: "guess" }), Error, "key");
});

const opened = new Queue<string>();

async function serveForever(addresses: Queue<unknown>): Promise<string> {
  const listener = await offer(opened, undefined, { authKey: "k" });
  await addresses.put(listener.address);
  const { signal } = current();
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  await listener.close();
  return "stopped";
}
task(import.meta.url, serveForever);

Deno.test("[REM-06] what a task of this very program serves is used by clients until it is stopped, and nothing is left", async () => {
  const addresses = new Queue<{ path: string }>();
  const server = await spawn(serveForever, [addresses], { placement: "inline" });
  const address = await addresses.get();
  await assertRejects(() => obtain(address, { authKey: "guess" }), AuthenticationError);
  const clients = await Promise.all(Array.from({ length: 3 }, () => obtain<Queue<string>>(address, { authKey: "k" })));
  for (const [index, { handle }] of clients.entries()) await handle.put(`client ${index}`);
  assertEquals([await opened.get(), await opened.get(), await opened.get()], ["client 0", "client 1", "client 2"]);
  await clients[0].connection.close();
  assertEquals((await soon(server.stop())).reason, "stopped");
  assertEquals(await server.result, "stopped");
  // It has ended, and so has what it served.
  await assertRejects(() => soon(clients[1].connection.recv()), DisconnectedError);
  await assertRejects(() => soon(clients[1].handle.put("late")), DisconnectedError);
  for (const { connection } of clients) await connection.close();
  await assertRejects(() => Deno.stat(address.path), Deno.errors.NotFound);
  await allEnded();
});

/** Echoes what clients send, and passes on what the one sends that it connects to itself. */
async function talkFromHere(addresses: Queue<unknown>, elsewhere: SocketAddress): Promise<void> {
  await using listener = await listen(undefined, { authKey: "k" });
  await addresses.put(listener.address);
  using served = await listener.accept();
  await served.send(await served.recv());
  using connection = await connect(elsewhere, { authKey: "k" });
  await addresses.put(await connection.recv());
  // While it is used by way of this isolate, it stays.
  await connection.recv().catch(() => {});
}
task(import.meta.url, talkFromHere);

for (const placement of ["thread", "process"] as const) {
  Deno.test(`a task can listen and connect, and others use handles by way of it (${placement})`, async () => {
    const addresses = new Queue<unknown>();
    const queue = new Queue<string>();
    const listener = await listen(undefined, { authKey: "k" });
    const p = await spawn(talkFromHere, [addresses, listener.address], { placement });
    const client = await connect<unknown, Queue<string>>(await addresses.get() as SocketAddress, { authKey: "k" });
    await client.send(queue);
    const back = await soon(client.recv());
    await back.put("there and back");
    assertEquals(await queue.get(), "there and back");
    const served = await soon(listener.accept());
    await served.send(queue);
    const round = await soon(addresses.get()) as Queue<string>;
    await round.put("round");
    assertEquals(await queue.get(), "round");
    // What came by its connection goes with it.
    await served.close();
    assertEquals((await soon(p.exited)).reason, "normal");
    await assertRejects(() => soon(round.put("late")), DisconnectedError);
    await Promise.all([client.close(), listener.close()]);
    await allEnded();
  });
}
