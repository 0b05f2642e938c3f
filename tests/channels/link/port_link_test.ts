import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { deadline } from "@std/async/deadline";
import { Worker } from "node:worker_threads";
import { ProtocolError } from "../../../channels/errors.ts";
import { type Port, PortLink } from "../../../channels/link/port_link.ts";
import { frameOf, Recorder } from "./recorder.ts";

const BOUND_MS = 20_000;

/** A port whose other side is the test. */
class Script implements Port {
  readonly posted: unknown[] = [];
  #listener!: (message: unknown) => void;

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.posted.push(structuredClone(message, { transfer }));
  }

  on(_event: "message", listener: (message: unknown) => void): void {
    this.#listener = listener;
  }

  hear(message: unknown): void {
    this.#listener(message);
  }
}

function started(): [Script, PortLink, Recorder] {
  const port = new Script();
  const link = new PortLink(port);
  const recorder = new Recorder();
  link.start(recorder);
  return [port, link, recorder];
}

const posted = (...bytes: number[]) => ({ bytes: new Uint8Array(bytes).buffer, moved: [] });

async function withEcho(test: (link: PortLink, recorder: Recorder) => Promise<void>): Promise<void> {
  const worker = new Worker(new URL("./fixtures/echo_thread.ts", import.meta.url));
  const exited = new Promise((resolve) => worker.on("exit", resolve));
  const link = new PortLink(worker);
  const recorder = new Recorder();
  await deadline(link.heard, BOUND_MS);
  link.start(recorder);
  try {
    await deadline(test(link, recorder), BOUND_MS);
  } finally {
    await worker.terminate();
    await exited;
  }
}

Deno.test("PortLink to a real thread: frames of every size come back whole, in order", async () => {
  await withEcho(async (link, recorder) => {
    const sizes = [0, 1, 16_383, 16_384, 16_385, 70_000, 3, 16 * 1024 * 1024, 2];
    for (const [i, size] of sizes.entries()) link.send({ bytes: new Uint8Array(size).fill(i), moved: [] });
    await recorder.received(sizes.length);
    assertEquals(recorder.frames.map(({ bytes }) => bytes.length), sizes);
    assert(recorder.frames.every(({ bytes }, i) => bytes.at(0) === (bytes.length > 0 ? i : undefined)));
    assert(recorder.frames.every(({ bytes }, i) => bytes.at(-1) === (bytes.length > 0 ? i : undefined)));
  });
});

Deno.test("PortLink to a real thread: buffers, ports and streams move there and back", async () => {
  await withEcho(async (link, recorder) => {
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    const { port1, port2 } = new MessageChannel();
    const readable = ReadableStream.from(["a", "b"]);
    link.send({ bytes: new Uint8Array([9]), moved: [buffer, port2, readable] });
    await recorder.received(1);
    const [moved, port, stream] = recorder.frames[0].moved as [ArrayBuffer, MessagePort, ReadableStream<string>];
    assertEquals([...new Uint8Array(moved)], [1, 2, 3]);
    assert((port as object) instanceof MessagePort);
    const answer = new Promise((resolve) => port1.onmessage = ({ data }) => resolve(data));
    port.postMessage("through both threads");
    assertEquals(await answer, "through both threads");
    port1.close();
    port.close();
    assertEquals(await Array.fromAsync(stream), ["a", "b"]);
  });
});

Deno.test("PortLink posts all frames of one turn in one message", async () => {
  const [port, link] = started();
  link.send(frameOf(1));
  link.send(frameOf(2, 3));
  assertEquals(port.posted, []);
  await Promise.resolve();
  assertEquals(port.posted, [[posted(1), posted(2, 3)]]);
  link.send(frameOf(4));
  await link.flush();
  assertEquals(port.posted.length, 2);
  await link.flush();
  assertEquals(port.posted.length, 2);
});

Deno.test("PortLink posts plain buffers: of a typed array Deno would look at every element", async () => {
  const [port, link] = started();
  const pool = new Uint8Array([0, 1, 2, 3, 4]);
  link.send({ bytes: pool.subarray(1, 3), moved: [] });
  await link.flush();
  assertEquals(port.posted, [[posted(1, 2)]]);
  assertEquals([...pool], [0, 1, 2, 3, 4]);
});

Deno.test("PortLink copies buffers: Deno would keep one that was moved to a thread that dies before it receives it", async () => {
  const [port, link] = started();
  const large = new Uint8Array(100_000).fill(1);
  const buffer = new Uint8Array(100_000).fill(2).buffer;
  link.send({ bytes: large, moved: [buffer] });
  await link.flush();
  assertEquals(port.posted, [[{ bytes: large.buffer, moved: [buffer] }]]);
});

Deno.test("PortLink keeps what comes before start()", () => {
  const port = new Script();
  const link = new PortLink(port);
  port.hear([posted(1)]);
  port.hear([posted(2), posted(3)]);
  const recorder = new Recorder();
  link.start(recorder);
  port.hear([posted(4)]);
  assertEquals(recorder.bytes, [[1], [2], [3], [4]]);
});

Deno.test("PortLink.heard resolves with the other side's first word, which hail() says", async () => {
  const port = new Script();
  const link = new PortLink(port);
  let heard = false;
  void link.heard.then(() => heard = true);
  await Promise.resolve();
  assertEquals(heard, false);
  const other = new Script();
  new PortLink(other).hail();
  port.hear(other.posted[0]);
  await deadline(link.heard, BOUND_MS);
});

Deno.test("PortLink.close() posts what was sent before, and gives and sends nothing after", async () => {
  const [port, link, recorder] = started();
  link.send(frameOf(1));
  link.close();
  link.send(frameOf(2));
  port.hear([posted(3)]);
  await Promise.resolve();
  link.close();
  assertEquals([port.posted, recorder.bytes, recorder.ends], [[[posted(1)]], [], [undefined]]);
});

Deno.test("PortLink gives no frame after close(), also when it is closed by the listener of one", () => {
  const port = new Script();
  const link = new PortLink(port);
  const got: number[][] = [];
  link.start({
    frame(frame) {
      got.push([...frame.bytes]);
      link.close();
    },
    closed: () => {},
  });
  port.hear([posted(1), posted(2)]);
  port.hear([posted(3)]);
  assertEquals(got, [[1]]);
});

const garbage: Record<string, unknown> = {
  "a string": "x",
  "nothing": null,
  "undefined": undefined,
  "an object": { bytes: new ArrayBuffer(1), moved: [] },
  "a list of numbers": [1],
  "a list of nothing": [null],
  "a frame without bytes": [{ moved: [] }],
  "a frame whose bytes are none": [{ bytes: "abc", moved: [] }],
  "a frame without moved objects": [{ bytes: new ArrayBuffer(1) }],
  "a frame whose moved objects are no list": [{ bytes: new ArrayBuffer(1), moved: 1 }],
};
for (const [what, message] of Object.entries(garbage)) {
  Deno.test(`PortLink closes with ProtocolError, and costs nobody else anything, at what is no frame: ${what}`, () => {
    const [port, , recorder] = started();
    const [otherPort, , other] = started();
    port.hear([posted(1)]);
    port.hear(message);
    port.hear([posted(2)]);
    otherPort.hear([posted(3)]);
    assertInstanceOf(recorder.ends[0], ProtocolError);
    assertEquals([recorder.ends.length, recorder.bytes, other.bytes, other.ends], [1, [[1]], [[3]], []]);
  });
}
