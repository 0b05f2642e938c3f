import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { deadline } from "@std/async/deadline";
import fc from "fast-check";
import { ProtocolError } from "../../../channels/errors.ts";
import { MAX_FRAME_BYTES, OWN_PROCESS, type Socket, SocketLink } from "../../../channels/link/socket_link.ts";
import { frameOf, Recorder } from "./recorder.ts";

const BOUND_MS = 10_000;

/** A socket whose every read gives what the script says, and that notes what is written. */
class Script implements Socket {
  readonly #written: Uint8Array[] = [];
  closes = 0;
  readonly #reads: (Uint8Array | null | Error)[];
  #blocked: ((ended: null) => void) | undefined;
  /** How many bytes a write takes. */
  writeBytes = Infinity;
  /** Writes wait for this. */
  gate: Promise<void> = Promise.resolve();

  constructor(...reads: (Uint8Array | null | Error)[]) {
    this.#reads = reads;
  }

  async read(into: Uint8Array): Promise<number | null> {
    await Promise.resolve();
    if (into.length === 0) throw new Error("A read of nothing would be repeated for ever");
    const next = this.#reads[0];
    if (next === undefined) return await new Promise((resolve) => this.#blocked = resolve);
    if (next instanceof Error) throw next;
    if (next === null) return null;
    const count = Math.min(into.length, next.length);
    into.set(next.subarray(0, count));
    if (count === next.length) this.#reads.shift();
    else this.#reads[0] = next.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    if (this.closes > 0) throw new Deno.errors.BadResource("closed");
    const count = Math.min(bytes.length, this.writeBytes);
    this.#written.push(bytes.slice(0, count));
    return count;
  }

  /** All that was written. */
  get bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#written.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#written) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  get written(): number[] {
    return [...this.bytes];
  }

  close(): void {
    this.closes++;
    this.#blocked?.(null);
  }
}

/** The wire form of frames. */
function wire(...frames: (readonly number[])[]): Uint8Array {
  return new Uint8Array(frames.flatMap((bytes) => {
    const length = bytes.length;
    return [length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255, ...bytes];
  }));
}

function started(socket: Socket, options?: ConstructorParameters<typeof SocketLink>[1]): [SocketLink, Recorder] {
  const link = new SocketLink(socket, options);
  const recorder = new Recorder();
  link.start(recorder);
  return [link, recorder];
}

const frames = [[1, 2, 3], [], [4], Array.from({ length: 300 }, (_, i) => i & 255), [5, 6]];

Deno.test("SocketLink gives frames whole when they arrive split at any byte", async () => {
  const bytes = wire(...frames);
  for (let at = 0; at <= bytes.length; at++) {
    const parts = [bytes.subarray(0, at), bytes.subarray(at)].filter((part) => part.length > 0);
    const [, recorder] = started(new Script(...parts, null));
    assertEquals(await recorder.end, undefined);
    assertEquals(recorder.bytes, frames);
  }
});

Deno.test("SocketLink gives frames whole when they arrive byte by byte", async () => {
  const [, recorder] = started(new Script(...[...wire(...frames)].map((byte) => new Uint8Array([byte])), null));
  assertEquals(await recorder.end, undefined);
  assertEquals(recorder.bytes, frames);
});

Deno.test("SocketLink gives frames whole, in order, when many arrive in one piece", async () => {
  const many = Array.from({ length: 5000 }, (_, i) => [i & 255, i >> 8]);
  const [, recorder] = started(new Script(wire(...many), null));
  assertEquals(await recorder.end, undefined);
  assertEquals(recorder.bytes, many);
});

Deno.test("SocketLink gives any frames whole however they are cut and merged", async () => {
  const length = fc.oneof(fc.nat(20), fc.integer({ min: 65_000, max: 140_000 }));
  const cut = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 70_000 }));
  await fc.assert(
    fc.asyncProperty(fc.array(length, { maxLength: 8 }), fc.array(cut, { maxLength: 100 }), async (lengths, cuts) => {
      const writer = new Script();
      const [sender] = started(writer);
      for (const [i, length] of lengths.entries()) sender.send({ bytes: new Uint8Array(length).fill(i), moved: [] });
      await sender.flush();
      sender.close();
      const { bytes } = writer;
      const parts: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) parts.push(bytes.subarray(at, at += cut));
      parts.push(bytes.subarray(at));
      const [, recorder] = started(new Script(...parts.filter((part) => part.length > 0), null));
      assertEquals(await recorder.end, undefined);
      assertEquals(recorder.frames.map((frame) => frame.bytes.length), lengths);
      for (const [i, frame] of recorder.frames.entries()) {
        if (!frame.bytes.every((byte) => byte === i)) throw new Error(`Frame ${i} is torn`);
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("SocketLink gives each frame memory of its own", async () => {
  const [, recorder] = started(new Script(wire([1, 2], [3, 4]), wire([5, 6]), null));
  await recorder.end;
  const [first, ...rest] = recorder.frames;
  assertEquals(first.bytes.byteLength, first.bytes.buffer.byteLength);
  first.bytes.fill(9);
  assertEquals(rest.map(({ bytes }) => [...bytes]), [[3, 4], [5, 6]]);
});

Deno.test("SocketLink closes with ProtocolError at a frame that is too long, after those before it", async () => {
  for (
    const [length, options] of [[11, { maxFrameBytes: 10 }], [MAX_FRAME_BYTES + 1, {}], [2 ** 32 - 1, {}]] as const
  ) {
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, length);
    const socket = new Script(wire([1], [2]), header);
    const [, recorder] = started(socket, options);
    const error = await deadline(recorder.end, BOUND_MS);
    assertInstanceOf(error, ProtocolError);
    assertEquals(
      error.message,
      `Cannot receive a frame: ${length} bytes are more than ${options.maxFrameBytes ?? MAX_FRAME_BYTES}`,
    );
    assertEquals(recorder.bytes, [[1], [2]]);
    assertEquals(socket.closes, 1);
  }
});

Deno.test("SocketLink takes a frame of exactly the longest length", async () => {
  const bytes = Array.from({ length: 10 }, (_, i) => i);
  const [, recorder] = started(new Script(wire(bytes), null), { maxFrameBytes: 10 });
  assertEquals(await recorder.end, undefined);
  assertEquals(recorder.bytes, [bytes]);
});

Deno.test("SocketLink closes with ProtocolError when the peer vanishes within a frame, at any of its bytes", async () => {
  const bytes = wire([1], [2, 3, 4]);
  const gone = [null, new Deno.errors.ConnectionReset("reset")];
  for (const last of gone) {
    for (let at = 0; at <= bytes.length; at++) {
      const [, recorder] = started(new Script(...(at > 0 ? [bytes.subarray(0, at)] : []), last));
      const error = await deadline(recorder.end, BOUND_MS);
      const between = at === 0 || at === 5 || at === bytes.length;
      if (between) assertEquals(error, undefined);
      else assertInstanceOf(error, ProtocolError);
      assertEquals(recorder.bytes, [[1], [2, 3, 4]].slice(0, at < 5 ? 0 : at < bytes.length ? 1 : 2));
      assertEquals(recorder.ends.length, 1);
    }
  }
});

Deno.test("SocketLink sends everything of one turn in one write, each frame behind its length", async () => {
  const socket = new Script();
  const [link] = started(socket);
  let writes = 0;
  const write = socket.write.bind(socket);
  socket.write = (bytes) => (writes++, write(bytes));
  for (const bytes of frames) link.send(frameOf(...bytes));
  assertEquals(writes, 0);
  await link.flush();
  assertEquals(writes, 1);
  assertEquals(socket.written, [...wire(...frames)]);
  link.close();
});

Deno.test("SocketLink goes on where a write that took only some of the bytes left off", async () => {
  const socket = new Script();
  socket.writeBytes = 3;
  const [link] = started(socket);
  for (const bytes of frames) link.send(frameOf(...bytes));
  await link.flush();
  assertEquals(socket.written, [...wire(...frames)]);
  link.close();
});

Deno.test("SocketLink.close() ends the link at once for its owner; what was sent before still leaves", async () => {
  const socket = new Script();
  const open = Promise.withResolvers<void>();
  socket.gate = open.promise;
  const [link, recorder] = started(socket);
  link.send(frameOf(1, 2));
  await Promise.resolve();
  link.send(frameOf(3));
  link.close();
  link.send(frameOf(4));
  assertEquals(recorder.ends, [undefined]);
  assertEquals(socket.closes, 0);
  open.resolve();
  await link.flush();
  assertEquals([socket.written, socket.closes], [[...wire([1, 2], [3])], 1]);
  link.close();
  assertEquals([recorder.ends, socket.closes], [[undefined], 1]);
});

Deno.test("SocketLink gives no frame after close(), also when it is closed by the listener of one", async () => {
  const link = new SocketLink(new Script(wire([1], [2]), wire([3]), null));
  const got: number[][] = [];
  const closed = Promise.withResolvers<void>();
  link.start({
    frame(frame) {
      got.push([...frame.bytes]);
      link.close();
    },
    closed: () => closed.resolve(),
  });
  await deadline(closed.promise, BOUND_MS);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(got, [[1]]);
});

Deno.test("SocketLink does not send what is longer than the other side would take, and says so", async () => {
  const socket = new Script();
  const [link, recorder] = started(socket, { maxFrameBytes: 2 });
  link.send(frameOf(1, 2, 3));
  const error = await deadline(recorder.end, BOUND_MS);
  assertInstanceOf(error, ProtocolError);
  assertEquals(error.message, "Cannot send a frame: 3 bytes are more than 2");
  assertEquals([socket.written, socket.closes], [[], 1]);
});

async function connected(): Promise<[Deno.Conn, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  return await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
}

Deno.test("SocketLink over a real socket: frames of every size go both ways, and close() is a clean end there", async () => {
  const [a, b] = await connected();
  const [left, onLeft] = started(a);
  const [right, onRight] = started(b);
  const sizes = [0, 1, 65_531, 65_532, 65_533, 65_536, 1_000_000, 3_000_000, 2];
  for (const [i, size] of sizes.entries()) {
    left.send({ bytes: new Uint8Array(size).fill(i), moved: [] });
    right.send({ bytes: new Uint8Array(size).fill(i + 100), moved: [] });
  }
  await deadline(Promise.all([onLeft.received(sizes.length), onRight.received(sizes.length)]), BOUND_MS);
  for (const [recorder, offset] of [[onLeft, 100], [onRight, 0]] as const) {
    assertEquals(recorder.frames.map(({ bytes }) => bytes.length), sizes);
    assertEquals(recorder.frames.every(({ bytes }, i) => bytes.every((byte) => byte === i + offset)), true);
  }
  left.send(frameOf(1));
  left.close();
  assertEquals(await deadline(onRight.end, BOUND_MS), undefined);
  assertEquals(onRight.bytes.at(-1), [1]);
  assertEquals([onLeft.ends, onRight.ends], [[undefined], [undefined]]);
});

Deno.test("SocketLink over a real socket: 8 MiB sent right before close() arrive", async () => {
  const [a, b] = await connected();
  const [left] = started(a);
  const [, onRight] = started(b);
  for (let i = 0; i < 8; i++) left.send({ bytes: new Uint8Array(1024 * 1024).fill(i), moved: [] });
  left.close();
  assertEquals(await deadline(onRight.end, BOUND_MS), undefined);
  assertEquals(
    onRight.frames.map(({ bytes }) => [bytes.length, bytes[0]]),
    [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [1024 * 1024, i]),
  );
});

Deno.test("SocketLink over a real socket: a peer that vanishes within a frame costs that link, and no other", async () => {
  const [raw, b] = await connected();
  const [c, d] = await connected();
  const [, broken] = started(b);
  const [other, onOther] = started(c);
  const [echo, onEcho] = started(d);
  await raw.write(wire([1], [2, 3]).subarray(0, 10));
  await deadline(broken.received(1), BOUND_MS);
  raw.close();
  assertInstanceOf(await deadline(broken.end, BOUND_MS), ProtocolError);
  assertEquals(broken.bytes, [[1]]);
  other.send(frameOf(7));
  await deadline(onEcho.received(1), BOUND_MS);
  echo.send(onEcho.frames[0]);
  await deadline(onOther.received(1), BOUND_MS);
  other.close();
  assertEquals(await deadline(onEcho.end, BOUND_MS), undefined);
});

Deno.test("SocketLink over a real socket: an oversized frame costs that link, and no other", async () => {
  const [raw, b] = await connected();
  const [c, d] = await connected();
  const [, refused] = started(b, { maxFrameBytes: 1000 });
  const [other] = started(c);
  const [, onEcho] = started(d);
  await raw.write(wire(new Array(1001).fill(1)).subarray(0, 100));
  assertInstanceOf(await deadline(refused.end, BOUND_MS), ProtocolError);
  other.send(frameOf(7));
  await deadline(onEcho.received(1), BOUND_MS);
  // The refused one's socket is closed: its peer sees the end.
  const buffer = new Uint8Array(10);
  assertEquals(await raw.read(buffer).catch(() => null), null);
  raw.close();
  other.close();
  await deadline(onEcho.end, BOUND_MS);
});

Deno.test("SocketLink of a program's own processes takes more than a stranger's", async () => {
  const [, recorder] = started(new Script(new Uint8Array([4, 0, 0, 1, 9])), OWN_PROCESS);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  assertEquals(recorder.ends, []);
  const socket = new Script(new Uint8Array([4, 0, 0, 1, 9]));
  const [, stranger] = started(socket);
  assertInstanceOf(await deadline(stranger.end, BOUND_MS), ProtocolError);
});

Deno.test("an error in the listener of a SocketLink closes the link with it, and is heard of", async () => {
  const mistake = new Error("a mistake");
  const socket = new Script(wire([1], [2]), null);
  const link = new SocketLink(socket);
  const ended = Promise.withResolvers<Error | undefined>();
  const unhandled = Promise.withResolvers<unknown>();
  const heard = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.resolve(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", heard);
  try {
    link.start({
      frame() {
        throw mistake;
      },
      closed: (error) => ended.resolve(error),
    });
    assertStrictEquals(await deadline(ended.promise, BOUND_MS), mistake);
    assertStrictEquals(await deadline(unhandled.promise, BOUND_MS), mistake);
    assertEquals(socket.closes, 1);
  } finally {
    globalThis.removeEventListener("unhandledrejection", heard);
  }
});
