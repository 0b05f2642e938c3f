import { assertEquals, assertRejects } from "@std/assert";
import { BufferTooShortError, pipe, ProtocolError, TimeoutError } from "../../mod.ts";
import { bounded, everywhere, range } from "./pipe_everywhere.ts";

const ints = (...numbers: number[]) => new Int32Array(numbers);

everywhere("[PIPE-04] recvBytesInto() gives the number of bytes and sets the first elements only", async (world) => {
  const [here, there] = await world.ends();
  await here.sendBytes(ints(1, 2, 3, 4));
  assertEquals(await there.recvInto(), { count: 16, view: ints(1, 2, 3, 4, 0, 0, 0, 0, 0, 0) });
  await there.sendBytes(ints(1, 2, 3, 4));
  const view = new Int32Array(10);
  assertEquals(await here.recvBytesInto(view), 16);
  assertEquals(view, ints(1, 2, 3, 4, 0, 0, 0, 0, 0, 0));
});

everywhere("[PIPE-05] recvBytesInto() at byte 12 of an Int32Array sets its elements from 3 on", async (world) => {
  const [here, there] = await world.ends();
  await here.sendBytes(ints(1, 2, 3, 4));
  assertEquals(await there.recvInto(12), { count: 16, view: ints(0, 0, 0, 1, 2, 3, 4, 0, 0, 0) });
  await there.sendBytes(ints(1, 2, 3, 4));
  const view = new Int32Array(new ArrayBuffer(100), 8, 10);
  assertEquals(await here.recvBytesInto(view, 12), 16);
  assertEquals(view, ints(0, 0, 0, 1, 2, 3, 4, 0, 0, 0));
});

everywhere("[PIPE-07] an offset outside the view is a RangeError, and nothing is received", async (world) => {
  const [here, there] = await world.ends();
  await here.sendBytes(ints(7));
  for (const offset of [-1, 41, 1.5, Infinity]) await assertRejects(() => there.recvInto(offset), RangeError, "offset");
  await assertRejects(() => there.recvInto(NaN), TypeError, "offset");
  assertEquals((await there.recvInto(36)).count, 4);
  await there.sendBytes(ints(7));
  for (const offset of [-1, 5]) {
    await assertRejects(() => here.recvBytesInto(new Uint8Array(4), offset), RangeError, "offset");
  }
  assertEquals(await here.recvBytesInto(new Uint8Array(4), 0), 4);
});

everywhere("a view that is too short is a BufferTooShortError with the message, which is received", async (world) => {
  const [here, there] = await world.ends();
  const long = ints(...range(11));
  await here.sendBytes(long);
  const error = await assertRejects(() => there.recvInto(), BufferTooShortError, "44 bytes, there is room for 40");
  assertEquals(error.bytes, new Uint8Array(long.buffer));
  await there.sendBytes(ints(1));
  const near = await assertRejects(() => here.recvBytesInto(new Uint8Array(4), 1), BufferTooShortError);
  assertEquals(near.bytes, new Uint8Array(ints(1).buffer));
  await here.send("after it");
  assertEquals(await there.recv(), "after it");
});

everywhere(
  "[PIPE-16] a message longer than maxBytes is a ProtocolError; unlike in Python it stays, and the end goes on both ways",
  async (world) => {
    const [here, there] = await world.ends();
    await here.sendBytes(new Uint8Array(5));
    await here.sendBytes(new Uint8Array(3));
    for (const _ of range(2)) {
      await assertRejects(() => there.recvBytes({ maxBytes: 3 }), ProtocolError, "the next message has 5, more than 3");
    }
    await there.send("still writable");
    assertEquals(await here.recv(), "still writable");
    assertEquals((await there.recvBytes({ maxBytes: 5 })).length, 5);
    assertEquals((await there.recvBytes({ maxBytes: 3 })).length, 3);
  },
);

everywhere(
  "a receiver that waits with maxBytes is told when a longer message comes; another one gets it",
  async (world) => {
    const [here, there] = await world.ends();
    const [small, large] = [there.recvBytes({ maxBytes: 3 }), there.recvBytes()];
    const refused = assertRejects(() => small, ProtocolError);
    await there.flags();
    await here.sendBytes(new Uint8Array(5));
    await refused;
    assertEquals((await large).length, 5);
  },
);

everywhere("[PIPE-17] a negative maxBytes is a RangeError, and nothing is received", async (world) => {
  const [here, there] = await world.ends();
  await here.sendBytes(new Uint8Array(0));
  await assertRejects(() => there.recvBytes({ maxBytes: -1 }), RangeError, "maxBytes");
  await assertRejects(() => there.recvBytes({ maxBytes: NaN }), TypeError, "maxBytes");
  assertEquals((await there.recvBytes({ maxBytes: 0 })).length, 0);
});

everywhere("receiving bytes where another value is next is a TypeError, and the value stays", async (world) => {
  const [here, there] = await world.ends();
  for (const value of ["text", [1], new ArrayBuffer(2), new Uint16Array(2)]) {
    await here.send(value);
    await assertRejects(() => there.recvBytes(), TypeError, "use recv()");
    await assertRejects(() => there.recvInto(), TypeError, "use recv()");
    assertEquals(await there.recv(), value);
  }
});

everywhere("[PIPE-10] an empty message is a message: poll() says so twice, and it is received", async (world) => {
  const [here, there] = await world.ends();
  await here.sendBytes(new Uint8Array(0));
  assertEquals([await there.poll(), await there.poll()], [true, true]);
  assertEquals(await there.recvBytes(), new Uint8Array(0));
  assertEquals(await there.poll(), false);
  await there.send("");
  assertEquals([await here.poll(), await here.poll({ timeoutMs: 60_000 })], [true, true]);
  assertEquals(await here.recv(), "");
});

bounded("sendBytes() sends the bytes that offset and size name, of any view, and refuses others", async () => {
  const [a, b] = pipe<unknown>();
  const view = new Uint8Array(range(20)).subarray(5, 15);
  const sent: [{ offset?: number; size?: number }, number[]][] = [
    [{}, range(10).map((n) => n + 5)],
    [{ offset: 8 }, [13, 14]],
    [{ size: 2 }, [5, 6]],
    [{ offset: 3, size: 3 }, [8, 9, 10]],
    [{ offset: 10 }, []],
    [{ offset: 10, size: 0 }, []],
  ];
  for (const [options, expected] of sent) {
    await a.sendBytes(view, options);
    assertEquals([...await b.recvBytes()], expected);
  }
  for (const options of [{ offset: -1 }, { offset: 11 }, { size: 11 }, { offset: 5, size: 6 }, { size: -1 }]) {
    await assertRejects(() => a.sendBytes(view, options), RangeError);
  }
  await assertRejects(() => a.sendBytes(view, { offset: NaN }), TypeError);
  for (const none of [null, "text", new ArrayBuffer(1), [1]]) {
    await assertRejects(() => a.sendBytes(none as never), TypeError, "Cannot send a view");
    await assertRejects(() => b.recvBytesInto(none as never), TypeError, "Cannot receive into a view");
  }
  await assertRejects(() => b.recvBytes({ timeoutMs: 0 }), TimeoutError);
  await a.close();
  await b.close();
});
