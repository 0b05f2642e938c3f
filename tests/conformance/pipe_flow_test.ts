import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { TimeoutError } from "../../mod.ts";
import { echo, Quitter } from "./fixtures/pipe_tasks.ts";
import { BOTH_HOMES, callsOf, everywhere, range, rejection, turns, watched } from "./pipe_everywhere.ts";

/** What an end takes without being read. */
const MAX_UNREAD = 256;

everywhere(
  "sends to a peer that reads nothing pend beyond 256 messages; the loop goes on; reading lets them in",
  async (world) => {
    const [here, there] = await world.ends();
    const sends = range(MAX_UNREAD + 10).map((number) => here.send(number));
    const states = sends.map(watched);
    await Promise.all(sends.slice(0, MAX_UNREAD));
    // A round trip through the pipe's home, behind all that was sent.
    assertEquals(await here.poll(), false);
    assertEquals(await there.poll(), true);
    assertEquals(states.filter(({ state }) => state === "fulfilled").length, MAX_UNREAD);
    const timer = await new Promise((resolve) => setTimeout(() => resolve("the loop turns"), 1));
    assertEquals(timer, "the loop turns");
    for (const number of range(10)) {
      assertEquals(await there.recv(), number);
      await sends[MAX_UNREAD + number];
    }
    for (const number of range(MAX_UNREAD)) assertEquals(await there.recv(), 10 + number);
  },
  { homes: BOTH_HOMES },
);

everywhere("sends pend beyond 1 MiB too, however few the messages", async (world) => {
  const [here, there] = await world.ends();
  const sends = range(6).map(() => there.sendBytes(new Uint8Array(300_000)));
  const states = sends.map(watched);
  await Promise.all(sends.slice(0, 4));
  assertEquals(await there.poll(), false);
  assertEquals(states.map(({ state }) => state).slice(4), ["pending", "pending"]);
  for (const _ of range(6)) assertEquals((await here.recvBytes()).length, 300_000);
  await Promise.all(sends);
}, { homes: BOTH_HOMES });

everywhere("what both ends have unread is counted apart", async (world) => {
  const [here, there] = await world.ends();
  await Promise.all(range(MAX_UNREAD).map((number) => here.send(number)));
  await Promise.all(range(MAX_UNREAD).map((number) => there.send(number)));
  assertEquals([await here.recv(), await there.recv()], [0, 0]);
});

everywhere("a send that times out for want of room has sent nothing, and those behind it are sent", async (world) => {
  const [here, there] = await world.ends();
  await Promise.all(range(MAX_UNREAD).map((number) => here.send(number)));
  const late = rejection(here.send("late", { timeoutMs: 30 }), TimeoutError);
  const behind = here.send("behind");
  assertEquals((await late).timeoutMs, 30);
  await assertRejects(() => here.send("not even once", { timeoutMs: 0 }), TimeoutError);
  for (const number of range(MAX_UNREAD)) assertEquals(await there.recv(), number);
  assertEquals(await there.recv(), "behind");
  await behind;
  assertEquals(await there.tryRecv(), undefined);
  await here.send("once is enough", { timeoutMs: 0 });
  assertEquals(await there.recv(), "once is enough");
}, { homes: BOTH_HOMES });

everywhere("a send that is aborted for want of room rejects with the reason and has sent nothing", async (world) => {
  const [here, there] = await world.ends();
  await Promise.all(range(MAX_UNREAD).map((number) => here.send(number)));
  const controller = new AbortController();
  const aborted = assertRejects(() => here.send("aborted", { signal: controller.signal }), RangeError, "enough");
  const behind = here.send("behind");
  await turns();
  controller.abort(new RangeError("enough"));
  await aborted;
  for (const number of range(MAX_UNREAD)) assertEquals(await there.recv(), number);
  assertEquals(await there.recv(), "behind");
  await behind;
  await assertRejects(() => here.send("x", { signal: AbortSignal.abort(new RangeError("before")) }), RangeError);
  assertEquals(await there.tryRecv(), undefined);
}, { homes: BOTH_HOMES });

everywhere(
  "a recv() that is given up at any moment has taken nothing: every message is received once, in order",
  async (world) => {
    const COUNT = 300;
    const [here, there] = await world.pipe<number>();
    const quitter = callsOf(await world.spawn(Quitter, []));
    const received = quitter.receive(there as never, 42);
    await there.close();
    for (const number of range(COUNT)) {
      await here.send(number);
      if (number % 3 === 0) await turns(1);
      // Now and then long enough for whoever receives to have it all, and to ask in vain.
      if (number % 50 === 0) await turns(100);
    }
    await here.close();
    const { got, givenUp } = await received;
    assertEquals(got, range(COUNT));
    assertGreater(givenUp, 0);
  },
  { homes: BOTH_HOMES },
);

everywhere("a recv() given up here, the sender there: every message is received once, in order", async (world) => {
  const COUNT = 300;
  const [here, there] = await world.ends();
  const received = new Quitter().receive(here, 43);
  await Promise.all(range(COUNT).map((number) => there.send(number)));
  await there.close();
  assertEquals((await received).got, range(COUNT));
}, { homes: BOTH_HOMES });

everywhere("a send that is given up at any moment was sent exactly when send() says so", async (world) => {
  const COUNT = 600;
  const [here, there] = await world.pipe<number>();
  const quitter = callsOf(await world.spawn(Quitter, []));
  const sending = quitter.send(there as never, COUNT, 44);
  await there.close();
  const got: number[] = [];
  for await (const number of here) {
    got.push(number);
    // Slower than the sender, so that it has to wait for room.
    if (got.length > 20) await turns(1);
  }
  const sent = await sending;
  assertEquals(got, sent);
  assertGreater(sent.length, 0);
}, { homes: BOTH_HOMES });

everywhere("[PIPE-03] a message of 16 MiB comes back the same", async (world) => {
  const [here, there] = await world.pipe<Uint8Array>();
  const echoing = await world.start(echo, there as never);
  const large = patterned(16 * 1024 * 1024, 1);
  await here.send(large);
  assertSameBytes(await here.recv(), large);
  await here.close();
  await echoing.join();
});

everywhere("16 MiB messages both ways at the same time do not wait for each other", async (world) => {
  const [here, there] = await world.pipe<Uint8Array>();
  const echoing = await world.start(echo, there as never);
  const messages = range(3).map((seed) => patterned(16 * 1024 * 1024, seed));
  // None of them is read before all are sent, nor echoed before the one ahead is read.
  const sent = Promise.all(messages.map((message) => here.send(message)));
  for (const message of messages) assertSameBytes(await here.recv(), message);
  await sent;
  await here.close();
  await echoing.join();
});

everywhere(
  "a message beyond the 64 MiB that bound a stranger's frame reaches one's own children and comes back",
  async (world) => {
    const [here, there] = await world.pipe<Uint8Array>();
    const echoing = await world.start(echo, there as never);
    const huge = patterned(65 * 1024 * 1024, 5);
    await here.send(huge);
    assertSameBytes(await here.recv(), huge);
    await here.close();
    await echoing.join();
  },
  { placements: ["thread", "process"] },
);

function patterned(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(length / 4);
  for (let i = 0; i < words.length; i++) words[i] = (i + seed) * 2_654_435_761;
  return new Uint8Array(words.buffer);
}

/** Quicker than looking for the first difference. */
function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  const [a, b] = [new BigUint64Array(actual.slice().buffer), new BigUint64Array(expected.slice().buffer)];
  assert(a.every((word, index) => word === b[index]), "the bytes differ");
}
