import { assert, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { type Connection, NotSerializableError, pipe } from "../../mod.ts";
import { Mover } from "./fixtures/mover.ts";
import { callsOf, ELSEWHERE, everywhere, range, rejection, turns, type World } from "./pipe_everywhere.ts";

type Transfer = readonly (ArrayBuffer | MessagePort | ReadableStream | WritableStream | TransformStream)[];

const WITHIN = ["inline", "thread"] as const;

/** A mover's calls that move what is named. */
async function moverOf(world: World, transfer: Transfer = []) {
  const ref = await world.spawn(Mover, []);
  return ref.with({ timeoutMs: 20_000, transfer }).call;
}

/** Fails unless the promise rejects with the path. */
async function assertRefused(promise: Promise<unknown>, path: string): Promise<void> {
  const error = await rejection<NotSerializableError>(promise, NotSerializableError);
  assertEquals(error.path, path);
}

everywhere("a transferred ArrayBuffer is detached here and arrives with its bytes", async (world) => {
  const { buffer } = new Uint8Array([1, 2, 3]);
  const mover = await moverOf(world, [buffer]);
  const arrived = mover.describe(buffer);
  assert(buffer.detached);
  assertEquals((await arrived).bytes, [1, 2, 3]);
});

everywhere("a transferred ArrayBuffer moves within a program and is not copied: it stays resizable", async (world) => {
  const buffer = new ArrayBuffer(2, { maxByteLength: 10 });
  const mover = await moverOf(world, [buffer]);
  assertEquals(await mover.describe(buffer), { bytes: [0, 0], resizable: true });
}, { placements: WITHIN });

everywhere("[pain 42] 256 MiB that are transferred to a thread arrive, and are gone here at once", async (world) => {
  const { buffer } = new Uint8Array(256 * 1024 * 1024).fill(7, 0, 4);
  const mover = await moverOf(world, [buffer]);
  const arrived = mover.head(buffer);
  assertEquals([buffer.detached, buffer.byteLength], [true, 0]);
  assertEquals(await arrived, { head: [7, 7, 7, 7], byteLength: 256 * 1024 * 1024 });
}, { placements: ["thread"] });

everywhere("views of a transferred buffer arrive as views of one buffer, where it moves", async (world) => {
  const { buffer } = new Uint8Array([0, 1, 2, 3, 4, 5]);
  const mover = await moverOf(world, [buffer]);
  const arrived = await mover.views(new Uint8Array(buffer, 1, 3), new Uint16Array(buffer, 2, 2));
  assertEquals(arrived.shown, [[1, 2, 3], [...new Uint16Array(new Uint8Array([2, 3, 4, 5]).buffer)]]);
  assert(buffer.detached);
  if (world.placement !== "process") assertEquals([arrived.shared, arrived.offsets], [true, [1, 2]]);
});

everywhere("a buffer that is not named in transfer is copied, and stays here", async (world) => {
  const { buffer } = new Uint8Array([1, 2]);
  const mover = await moverOf(world);
  assertEquals((await mover.describe(buffer)).bytes, [1, 2]);
  assertEquals([...new Uint8Array(buffer)], [1, 2]);
  await mover.keep(buffer);
  const returned = await mover.giveKept() as ArrayBuffer;
  assertEquals([...new Uint8Array(returned)], [1, 2]);
  assertEquals(await mover.keptLengths(), [2]);
});

everywhere("a cast moves what it is told to, too", async (world) => {
  const { buffer } = new Uint8Array([1, 2, 3]);
  const ref = await world.spawn(Mover, []);
  ref.with({ transfer: [buffer] }).cast.keep(buffer);
  assert(buffer.detached);
  assertEquals(await callsOf(ref).keptLengths(), [3]);
});

everywhere("a transferred MessagePort works at its new place", async (world) => {
  const { port1, port2 } = new MessageChannel();
  const mover = await moverOf(world, [port2]);
  await mover.serve(port2);
  const answer = new Promise((resolve) => port1.onmessage = ({ data }) => resolve(data));
  port1.postMessage("hello");
  assertEquals(await answer, "HELLO");
  port1.postMessage("end");
  port1.close();
}, { placements: WITHIN });

everywhere("transferred streams work at their new place, and are locked here", async (world) => {
  const ref = await world.spawn(Mover, []);
  const moving = (...transfer: Transfer) => ref.with({ timeoutMs: 20_000, transfer }).call;
  const readable = ReadableStream.from([1, { two: 2 }, "three"]);
  const all = moving(readable).readAll(readable);
  assertEquals(readable.locked, true);
  assertEquals(await all, [1, { two: 2 }, "three"]);

  const written: unknown[] = [];
  const closed = Promise.withResolvers<void>();
  const writable = new WritableStream({ write: (chunk) => void written.push(chunk), close: () => closed.resolve() });
  const wrote = moving(writable).writeAll(writable, ["a", ["b"]]);
  assertEquals(writable.locked, true);
  await wrote;
  await closed.promise;
  assertEquals(written, ["a", ["b"]]);

  const transform = new TransformStream<string, string>({
    transform: (chunk, controller) => controller.enqueue(chunk.toUpperCase()),
  });
  assertEquals(await moving(transform).transformAll(transform, ["a", "b"]), ["A", "B"]);
}, { placements: WITHIN });

everywhere(
  "ports and streams cannot move to a subprocess: NotSerializableError, and nothing is detached",
  async (world) => {
    const ref = await world.spawn(Mover, []);
    const { port1, port2 } = new MessageChannel();
    const readable = ReadableStream.from([1]);
    const writable = new WritableStream();
    const transform = new TransformStream();
    for (const object of [port2, readable, writable, transform]) {
      const buffer = new ArrayBuffer(3);
      const { call, cast } = ref.with({ transfer: [buffer, object] });
      await assertRefused(call.keep([buffer, object]), "transfer[1]");
      assertThrows(() => cast.keep([buffer, object]), NotSerializableError);
      assertEquals([buffer.detached, buffer.byteLength], [false, 3]);
    }
    assertEquals([readable.locked, writable.locked, transform.readable.locked], [false, false, false]);
    const answer = new Promise((resolve) => port1.onmessage = ({ data }) => resolve(data));
    port2.postMessage("still here");
    assertEquals(await answer, "still here");
    assertEquals(await Array.fromAsync(readable), [1]);
    port1.close();
    port2.close();
    assertEquals(await callsOf(ref).kept(), 0);
  },
  { placements: ["process"] },
);

everywhere("nothing is detached when something else in the message cannot travel", async (world) => {
  const { buffer } = new Uint8Array([1]);
  const mover = await moverOf(world, [buffer]);
  await assertRefused(mover.keep([buffer, () => 1] as never), "args[0][1]");
  assertEquals([buffer.detached, await mover.kept().catch((error) => error.name)], [false, 0]);
});

everywhere("nothing is detached when something that is named in transfer cannot move", async (world) => {
  const ref = await world.spawn(Mover, []);
  const locked = new ReadableStream();
  locked.getReader();
  const lockedWritable = new WritableStream();
  lockedWritable.getWriter();
  const halfLocked = new TransformStream();
  halfLocked.readable.getReader();
  const { port1: deadPort, port2 } = new MessageChannel();
  structuredClone(deadPort, { transfer: [deadPort] }).close();
  const detached = new ArrayBuffer(1);
  detached.transfer();
  const bad: unknown[] = [
    ...world.placement === "process" ? [] : [locked, lockedWritable, halfLocked, deadPort],
    detached,
    new WebAssembly.Memory({ initial: 1 }).buffer,
    new SharedArrayBuffer(1),
    new Uint8Array(1),
    "text",
    null,
    undefined,
  ];
  for (const object of bad) {
    const buffer = new ArrayBuffer(3);
    for (const transfer of [[buffer, object], [object, buffer]]) {
      const { call } = ref.with({ transfer: transfer as ArrayBuffer[] });
      await assertRejects(() => call.keep(buffer), NotSerializableError, "transfer");
    }
    assertEquals([buffer.detached, buffer.byteLength], [false, 3], Deno.inspect(object));
  }
  port2.close();
  assertEquals(await callsOf(ref).kept(), 0);
});

everywhere("an object that is named in transfer twice is refused, and stays", async (world) => {
  const buffer = new ArrayBuffer(3);
  const mover = await moverOf(world, [buffer, buffer]);
  await assertRefused(mover.keep(buffer), "transfer[1]");
  assertEquals(buffer.byteLength, 3);
});

everywhere("what is named in transfer moves although it is not in the message", async (world) => {
  const { buffer } = new Uint8Array([1]);
  const mover = await moverOf(world, [buffer]);
  await mover.keep("something else");
  assert(buffer.detached);
});

everywhere("a transfer list that is none is a TypeError", async (world) => {
  const ref = await world.spawn(Mover, []);
  assertThrows(() => ref.with({ transfer: 5 as never }), TypeError);
  const [here, there] = pipe<unknown>();
  await assertRejects(() => here.send(1, { transfer: 5 as never }), TypeError, "transfer");
  await there.close();
  await here.close();
});

everywhere("a buffer moves with a message on a pipe, in both directions", async (world) => {
  const mover = await moverOf(world);
  const [here, there] = pipe<unknown>();
  const { buffer } = new Uint8Array([1, 2, 3]);
  const described = mover.receiveAnd("describe", there as Connection<unknown>);
  await here.send(buffer, { transfer: [buffer] });
  assert(buffer.detached);
  assertEquals((await described as { bytes: number[] }).bytes, [1, 2, 3]);
  assertEquals(await mover.sendMoving(there as Connection<unknown>, [4, 5]), true);
  assertEquals([...new Uint8Array(await here.recv() as ArrayBuffer)], [4, 5]);
});

everywhere("ports and streams move with messages on a pipe, there and back", async (world) => {
  const mover = await moverOf(world);
  const [here, there] = pipe<unknown>();
  const readable = ReadableStream.from(["a", "b"]);
  const all = mover.receiveAnd("readAll", there as Connection<unknown>);
  await here.send(readable, { transfer: [readable] });
  assertEquals(await all, ["a", "b"]);
  const answer = mover.sendPort(there as Connection<unknown>);
  new Mover().serve(await here.recv() as MessagePort);
  assertEquals(await answer, "HELLO");
}, { placements: WITHIN });

everywhere("a port moves from one thread to another by a pipe that a third one made", async (world) => {
  const [first, second] = [await moverOf(world), await moverOf(world)];
  const [a, b] = await world.pipe<unknown>();
  const serving = second.receiveAnd("serve", b as Connection<unknown>);
  assertEquals(await first.sendPort(a as Connection<unknown>), "HELLO");
  await serving;
}, { placements: ["thread"], homes: ["here", "there"] });

everywhere(
  "a message with a port is an error to a receiver in another process, and is gone; the next ones come, and room is not lost",
  async (world) => {
    const mover = await moverOf(world);
    const [here, there] = pipe<unknown>();
    for (const _ of range(3)) {
      const { port1, port2 } = new MessageChannel();
      const padding = "x".repeat(400_000);
      const received = assertRejects(
        () => mover.receiveAnd("describe", there as Connection<unknown>),
        NotSerializableError,
        "message.port",
      );
      await here.send({ port: port2, padding }, { transfer: [port2] });
      await received;
      port1.close();
    }
    await here.send(new Uint8Array([6]).buffer);
    const described = await mover.receiveAnd("describe", there as Connection<unknown>) as { bytes: number[] };
    assertEquals(described.bytes, [6]);
    // Were the lost ones still counted, these would not all be taken.
    await Promise.all(range(3).map(() => here.send("x".repeat(300_000), { timeoutMs: 5000 })));
  },
  { placements: ["process"] },
);

everywhere("what moved to a receiver that had given up comes back, and another receive gets it", async (world) => {
  const COUNT = 150;
  const mover = await moverOf(world);
  const [here, there] = pipe<{ number: number; buffer: ArrayBuffer }>();
  const received = mover.receiveImpatiently(there as never, 5);
  for (const number of range(COUNT)) {
    const { buffer } = new Uint8Array([number & 255]);
    await here.send({ number, buffer }, { transfer: [buffer] });
    if (number % 3 === 0) await turns(1);
  }
  await here.close();
  const { got, givenUp } = await received;
  assertEquals(got.sort(([a], [b]) => a - b), range(COUNT).map((number) => [number, number & 255]));
  assertGreater(givenUp, 0);
}, { placements: ELSEWHERE });
