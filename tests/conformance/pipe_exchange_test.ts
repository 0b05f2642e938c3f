import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, DirectionError, DisconnectedError, NotSerializableError, pipe } from "../../mod.ts";
import { BOTH_HOMES, everywhere, rejection, turns } from "./pipe_everywhere.ts";

everywhere(
  "[PIPE-01] a list goes to the peer and comes back as it was; send() resolves with nothing",
  async (world) => {
    const [here, there] = await world.ends();
    assertEquals(await here.send([1, 2.25, null]), undefined);
    const got = await there.recv();
    assertEquals(got, [1, 2.25, null]);
    await there.send(got);
    assertEquals(await here.recv(), [1, 2.25, null]);
  },
  { homes: BOTH_HOMES },
);

everywhere("[PIPE-02] bytes go to the peer and come back as they were", async (world) => {
  const [here, there] = await world.ends();
  const hello = new TextEncoder().encode("hello world");
  await here.sendBytes(hello);
  const got = await there.recvBytes();
  assertEquals(got, hello);
  await there.sendBytes(got);
  assertEquals(await here.recvBytes(), hello);
  await there.sendBytes(hello, { offset: 6, size: 5 });
  assertEquals(new TextDecoder().decode(await here.recvBytes()), "world");
});

everywhere("a message of bytes is a Uint8Array to who receives values, and the reverse", async (world) => {
  const [here, there] = await world.ends();
  await here.sendBytes(new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2));
  assertEquals(await there.recv(), new Uint8Array([2, 3]));
  await there.send(new Uint8Array([5]));
  assertEquals(await here.recvBytes(), new Uint8Array([5]));
});

everywhere("messages arrive in the order in which they were sent, whatever their size", async (world) => {
  const [here, there] = await world.ends();
  const sizes = [0, 70_000, 1, 300_000, 2, 16_384, 16_385, 3];
  const sent = Promise.all(sizes.map((size, number) => here.send({ number, bytes: new Uint8Array(size) })));
  for (const [number, size] of sizes.entries()) {
    const got = await there.recv() as { number: number; bytes: Uint8Array };
    assertEquals([got.number, got.bytes.length], [number, size]);
  }
  await sent;
});

everywhere("recv() with timeoutMs 0 looks once, and tryRecv() says that nothing is there", async (world) => {
  const [here, there] = await world.ends();
  assertEquals(await there.tryRecv(), undefined);
  await assertRejects(() => there.recv({ timeoutMs: 0 }), Error, "nothing came in 0 ms");
  await assertRejects(() => here.recv({ timeoutMs: -1 }), Error, "nothing came in -1 ms");
  await here.send(undefined);
  assertEquals(await there.tryRecv(), { value: undefined });
  await here.send("now");
  assertEquals(await there.recv({ timeoutMs: 0 }), "now");
});

everywhere("[PIPE-12] a one-way pipe refuses the wrong direction, and says the direction", async (world) => {
  const [reader, writer] = await world.pipe<never, string>({ duplex: false });
  assertEquals([reader.readable, reader.writable, writer.readable, writer.writable], [true, false, false, true]);
  await assertRejects(() => reader.send(undefined as never), DirectionError);
  await assertRejects(() => reader.sendBytes(new Uint8Array(1)), DirectionError);
  const there = await world.use(writer as never);
  assertEquals(await there.flags(), { closed: false, readable: false, writable: true });
  await assertRejects(() => there.recv(), DirectionError);
  await assertRejects(() => there.tryRecv(), DirectionError);
  await assertRejects(() => there.recvBytes(), DirectionError);
  await assertRejects(() => there.recvInto(), DirectionError);
  await assertRejects(() => there.poll(), DirectionError);
  await there.send("one way");
  assertEquals(await reader.recv(), "one way");
}, { homes: BOTH_HOMES });

everywhere("[PIPE-14] sending to a peer that closed is a DisconnectedError", async (world) => {
  const [here, there] = await world.ends();
  await there.close();
  await assertRejects(() => here.send(1), DisconnectedError, "the peer is gone");
  await assertRejects(() => here.sendBytes(new Uint8Array(1)), DisconnectedError);
  const [second, other] = await world.ends();
  await second.close();
  await assertRejects(() => other.send(1), DisconnectedError, "the peer is gone");
}, { homes: BOTH_HOMES });

everywhere("what was sent before the peer closed is received; then recv() is a DisconnectedError", async (world) => {
  const [here, there] = await world.ends();
  for (const n of [1, 2, 3]) await there.send(n);
  await there.close();
  assertEquals(await here.recv(), 1);
  assertEquals(await here.tryRecv(), { value: 2 });
  assertEquals(await here.recv({ timeoutMs: 0 }), 3);
  await assertRejects(() => here.recv(), DisconnectedError, "the peer is gone");
  await assertRejects(() => here.tryRecv(), DisconnectedError);
  await assertRejects(() => here.recvBytes(), DisconnectedError);
}, { homes: BOTH_HOMES });

everywhere("iterating gives every message and ends when the peer is gone", async (world) => {
  const [here, there] = await world.ends();
  for (const n of [1, 2, 3]) await here.send(n);
  await here.close();
  assertEquals(await there.drain(), [1, 2, 3]);
}, { homes: BOTH_HOMES });

everywhere("an iteration that is left has taken what it gave, and no more", async (world) => {
  const [here, there] = await world.ends();
  for (const n of [1, 2, 3]) await there.send(n);
  for await (const n of here) if (n === 2) break;
  assertEquals(await here.recv(), 3);
});

everywhere("a receiver that waits while the peer closes gets a DisconnectedError", async (world) => {
  const [here, there] = await world.ends();
  const waits = [here.recv(), here.recvBytes(), here.recv({ timeoutMs: 60_000 })];
  const errors = waits.map((wait) => rejection(wait, DisconnectedError));
  await turns();
  await there.close();
  await Promise.all(errors);
}, { homes: BOTH_HOMES });

everywhere(
  "[PIPE-15] on an own end that was closed everything is a ClosedError, and closing again is fine",
  async (world) => {
    const [here, there] = await world.ends();
    assertEquals([here.closed, (await there.flags()).closed], [false, false]);
    for (const end of [here, there]) {
      assertEquals(await end.close(), undefined);
      assertEquals(await end.close(), undefined);
      await assertRejects(async () => void await end.send(1), ClosedError, "this end is closed");
      await assertRejects(async () => void await end.recv(), ClosedError);
      await assertRejects(async () => void await end.tryRecv(), ClosedError);
      await assertRejects(async () => void await end.poll(), ClosedError);
      await assertRejects(async () => void await end.sendBytes(new Uint8Array(1)), ClosedError);
      await assertRejects(async () => void await end.recvBytes(), ClosedError);
    }
    assertEquals([here.closed, (await there.flags()).closed], [true, true]);
    await assertRejects(() => here.recvBytesInto(new Uint8Array(1)), ClosedError);
  },
  { homes: BOTH_HOMES },
);

everywhere("who waits on an end when its handle is closed gets a ClosedError", async (world) => {
  const [here, there] = await world.ends();
  const near = [here.recv(), here.poll({ timeoutMs: Infinity }), here.recvBytes()];
  const errors = near.map((wait) => rejection(wait, ClosedError));
  await here.close();
  await Promise.all(errors);
  await there.close();

  const [, other] = await world.ends();
  const far = [other.recv(), other.poll({ timeoutMs: Infinity }), other.recvBytes()];
  const farErrors = far.map((wait) => rejection(wait, ClosedError));
  await other.close();
  await Promise.all(farErrors);
}, { homes: BOTH_HOMES });

everywhere(
  "[PIPE-20] what cannot travel is an error at the call that names it, and the next send works",
  async (world) => {
    const [here, there] = await world.ends();
    const error = await assertRejects(() => here.send({ deep: { refused: () => 1 } }), NotSerializableError);
    assertEquals([error.path, error.kind], ["message.deep.refused", "function"]);
    await here.send("next");
    assertEquals(await there.recv(), "next");
    const far = await assertRejects(() => there.sendFunction(), NotSerializableError);
    assertEquals([far.path, far.kind], ["message.deep.refused", "function"]);
    await there.send("next");
    assertEquals(await here.recv(), "next");
  },
  { homes: BOTH_HOMES },
);

everywhere(
  "[PIPE-22] leaving the scope of a using closes the end: recv() is a ClosedError, the peer sees the end",
  async (world) => {
    const [here, there] = await world.ends();
    await here.send("in scope");
    await assertRejects(() => there.useScope(), ClosedError);
    await assertRejects(() => here.recv(), DisconnectedError);
    const [first, second] = await world.pipe();
    {
      using _first = first;
      using _second = second;
    }
    assertEquals([first.closed, second.closed], [true, true]);
    for (const end of [first, second]) await assertRejects(() => end.recv(), ClosedError);
  },
  { homes: BOTH_HOMES },
);

everywhere("[BEAT-09] a message is what it was when send() was called, whatever is done to it then", async (world) => {
  const [here, there] = await world.ends();
  const message = { text: "as it was", list: [1] };
  const sent = here.send(message);
  message.text = "changed";
  message.list.push(2);
  await sent;
  assertEquals(await there.recv(), { text: "as it was", list: [1] });
  await there.sendThenChange({ text: "as it was" });
  assertEquals(await here.recv(), { text: "as it was" });
  const bytes = new Uint8Array([1, 2, 3]);
  const sending = here.sendBytes(bytes);
  bytes.fill(0);
  await sending;
  assertEquals(await there.recvBytes(), new Uint8Array([1, 2, 3]));
}, { homes: BOTH_HOMES });

everywhere("two received messages share nothing with each other, nor with what was sent", async (world) => {
  const [here] = await world.ends();
  const [a, b] = pipe<{ list: number[] }>();
  const message = { list: [1] };
  await a.send(message);
  await a.send(message);
  const [first, second] = [await b.recv(), await b.recv()];
  first.list.push(2);
  assertEquals([message, second], [{ list: [1] }, { list: [1] }]);
  await here.close();
}, { placements: ["inline"], homes: ["here"] });

Deno.test("pipe() refuses options that are none", () => {
  assertThrows(() => pipe(null as never), TypeError, "Cannot make a pipe");
  assertThrows(() => pipe({ duplex: 1 as never }), TypeError, "duplex must be a boolean");
});
