import { assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import {
  ActorExitedError,
  AuthenticationError,
  connect,
  current,
  DisconnectedError,
  JoinableQueue,
  listen,
  Lock,
  Queue,
  type SocketAddress,
  spawn,
  task,
} from "../../mod.ts";
import { obtain, offer } from "../../channels/remote/offer.ts";
import { allEnded } from "../channels/remote/all_ended.ts";
import { OtherProgram } from "./other_program.ts";
import { QueueHome } from "./fixtures/queue_home.ts";
import { takeAndAcknowledge } from "./fixtures/joinable_queue_tasks.ts";
import { produceAndKeep } from "./fixtures/queue_producers.ts";
import { waitForItem } from "./fixtures/queue_victims.ts";
import { handOut, putTo } from "./fixtures/remote_tasks.ts";
import { SyncUser } from "./fixtures/sync_user.ts";

// That queues, locks and managers do for another program what their contracts say is tested with their contracts.

const WITHIN_MS = 10_000;
const soon = <T>(promise: Promise<T>) => deadline(promise, WITHIN_MS);

Deno.test("what a program held and had taken is settled when it is killed", async () => {
  {
    await using there = await OtherProgram.start();
    const [queue, closing, said] = [new Queue<unknown>(), new Queue<unknown>(), new Queue<unknown>()];
    const jobs = new JoinableQueue<unknown>();
    const lock = new Lock();
    const home = await there.spawn(QueueHome, [], { placement: "inline" });
    const made = await home.call.queue() as Queue<string>;
    const producer = await closing.producer();
    await there.start(produceAndKeep, [producer, "produced"], "inline");
    producer[Symbol.dispose]();
    await jobs.put("job");
    await there.start(takeAndAcknowledge, [jobs, 1, 0, said], "thread");
    assertEquals(await soon(said.get()), ["job"]);
    const user = await there.spawn(SyncUser, [], { placement: "inline" });
    await user.call.acquire(lock);
    await there.start(waitForItem, [queue, said], "inline");
    assertEquals(await soon(said.get()), "waiting");
    const getting = assertRejects(() => made.get(), DisconnectedError);
    const calling = assertRejects(
      () => user.with({ timeoutMs: Infinity }).call.acquire(lock) as Promise<unknown>,
      ActorExitedError,
    );
    await queue.size();
    const killed = there.kill();
    await queue.put("on its way, or not yet");
    await killed;
    using guard = await soon(lock.acquire());
    assertEquals(guard.abandoned, true);
    assertEquals(await soon(jobs.get()), "job", "what it had not done is given to another");
    await jobs.taskDone();
    await soon(jobs.join());
    assertEquals(await soon(Array.fromAsync(closing)), ["produced"]);
    await soon(Promise.all([getting, calling]));
    await assertRejects(() => made.put("?"), DisconnectedError);
  }
  await allEnded();
});

Deno.test("[REM-07] a handle that was passed on to a third program works there, with the right key", async () => {
  {
    await using second = await OtherProgram.start();
    await using third = await OtherProgram.start();
    const [queue, addresses] = [new Queue<string>(), new Queue<SocketAddress>()];
    await second.start(handOut, [queue, addresses, "k"], "inline");
    const address = await soon(addresses.get());
    await third.start(putTo, [address, "k", "by way of the second"], "inline");
    assertEquals(await soon(queue.get()), "by way of the second");
    await assertRejects(() => connect(address, { authKey: "guess" }), AuthenticationError);
  }
  await allEnded();
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
