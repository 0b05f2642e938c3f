/** What every link between threads keeps, whatever it is made of. */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { deadline } from "@std/async/deadline";
import type { Frame, Link } from "../../../channels/kernel/link.ts";
import { doorbell } from "../../../channels/link/doorbell.ts";
import { LaneLink } from "../../../channels/link/lane_link.ts";
import { type Port, PortLink } from "../../../channels/link/port_link.ts";
import { type RingMemory, ringSize } from "../../../channels/link/ring.ts";
import { allocateLink, RingLink } from "../../../channels/link/ring_link.ts";
import { frameOf, Recorder } from "./recorder.ts";

const BOUND_MS = 20_000;

/** A message port as a thread has one. */
function asPort(port: MessagePort): Port {
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer),
    on: (_event, listener) => port.onmessage = ({ data }) => listener(data),
  };
}

interface Pair extends Disposable {
  readonly here: PortLink | RingLink | LaneLink;
  readonly there: PortLink | RingLink | LaneLink;
}

/** Two ends of a link, both in this thread: what differs between threads is tested elsewhere. */
async function open(kind: string): Promise<Pair> {
  const { port1, port2 } = new MessageChannel();
  const [here, there] = kind === "lane" ? openLanes() : await openOn(kind, asPort(port1), asPort(port2));
  return {
    here,
    there,
    [Symbol.dispose]() {
      for (const link of [here, there]) link.drain();
      port1.close();
      port2.close();
    },
  };
}

async function openOn(kind: string, here: Port, there: Port): Promise<[PortLink | RingLink, PortLink | RingLink]> {
  const memory = allocateLink(doorbell.bell);
  const { port1, port2 } = new MessageChannel();
  const [links, beside] = kind === "port"
    ? [[new PortLink(here), new PortLink(there)], [port1, port2]]
    : [[new RingLink(here, memory, 0, port1), new RingLink(there, memory, 1, port2)], []];
  for (const port of beside) port.close();
  links[1].hail();
  await links[0].heard;
  return [links[0], links[1]];
}

/** What would go along the tree comes a little later. */
function openLanes(): [LaneLink, LaneLink] {
  const lanes = [lane(), lane()];
  const links: LaneLink[] = [0, 1].map((side) =>
    new LaneLink({
      bell: doorbell.bell,
      claim: () => lanes[side],
      carry: (frame) => queueMicrotask(() => void links[1 - side].arrived(frame)),
      ended: () => {},
    })
  );
  for (const [side, link] of links.entries()) link.hear(lanes[1 - side]);
  for (const link of links) void link.sends;
  return [links[0], links[1]];
}

function lane(): RingMemory {
  return new Uint8Array(new SharedArrayBuffer(ringSize(65_536)));
}

function numbered(number: number, length: number, moved: Frame["moved"] = []): Frame {
  return { bytes: new Uint8Array(length).fill(number), moved };
}

function contract(name: string, test: (pair: Pair) => Promise<void>): void {
  for (const kind of ["ring", "lane", "port"]) {
    Deno.test(`${kind}: ${name}`, async () => {
      using pair = await open(kind);
      await deadline(test(pair), BOUND_MS);
    });
  }
}

function started(link: Link): Recorder {
  const recorder = new Recorder();
  link.start(recorder);
  return recorder;
}

contract(
  "frames of every size, with and without objects that move, come whole, once, in order, both ways",
  async (pair) => {
    const ends = [[pair.here, started(pair.there)], [pair.there, started(pair.here)]] as const;
    const sizes = [0, 1, 3, 500, 70_000, 4, 0, 65_532, 65_533, 1_000_000, 2];
    for (const [link] of ends) {
      for (const [i, size] of sizes.entries()) link.send(numbered(i, size, i % 4 === 3 ? [new ArrayBuffer(i)] : []));
    }
    for (const [, recorder] of ends) {
      await recorder.received(sizes.length);
      assertEquals(recorder.frames.map(({ bytes }) => bytes.length), sizes);
      for (const [i, { bytes, moved }] of recorder.frames.entries()) {
        assert(bytes.every((byte) => byte === i));
        assertEquals(moved.map((buffer) => (buffer as ArrayBuffer).byteLength), i % 4 === 3 ? [i] : []);
      }
    }
  },
);

contract("what is more than the link holds waits, is not lost, and blocks nothing", async ({ here, there }) => {
  const [count, length] = [500, 10_000];
  for (let i = 0; i < count; i++) here.send(numbered(i & 0xff, length));
  let flushed = false;
  const flush = Promise.resolve(here.flush()).then(() => flushed = true);
  // The reader sleeps, and the event loop turns.
  await delay(0);
  const recorder = started(there);
  await recorder.received(count);
  await flush;
  assert(flushed);
  assertEquals(
    recorder.frames.map(({ bytes }) => bytes[length - 1]),
    Array.from({ length: count }, (_, i) => i & 0xff),
  );
});

contract("frames that come before start() are kept", async ({ here, there }) => {
  here.send(frameOf(1));
  here.send({ bytes: new Uint8Array([2]), moved: [new ArrayBuffer(1)] });
  await here.flush();
  await delay(0);
  const recorder = started(there);
  here.send(frameOf(3));
  await recorder.received(3);
  assertEquals(recorder.bytes, [[1], [2], [3]]);
});

contract(
  "after close() what was sent before arrives, and nothing is given or sent any more",
  async ({ here, there }) => {
    const [mine, other] = [started(here), started(there)];
    for (let i = 0; i < 400; i++) here.send(numbered(i & 0xff, 5000));
    here.close();
    here.close();
    here.send(frameOf(9));
    there.send(frameOf(8));
    await other.received(400);
    await delay(5);
    assertEquals([mine.frames.length, mine.ends, other.frames.length], [0, [undefined], 400]);
  },
);

contract("a link that is closed by the listener of a frame gives no other", async ({ here, there }) => {
  const got: number[] = [];
  const closed = new Promise<void>((resolve) =>
    there.start({
      frame({ bytes }) {
        got.push(bytes[0]);
        if (bytes[0] === 2) there.close();
      },
      closed: () => resolve(),
    })
  );
  for (const n of [1, 2, 3]) here.send(frameOf(n));
  await closed;
  await delay(5);
  assertEquals(got, [1, 2]);
});

contract("flush() of a link whose other side reads no more resolves", async ({ here, there }) => {
  started(here);
  started(there).frames;
  there.close();
  for (let i = 0; i < 500; i++) here.send(numbered(1, 5000));
  await here.flush();
});

contract("drain() gives all that had come, and then the end, once", async ({ here, there }) => {
  const recorder = started(there);
  for (let i = 0; i < 20; i++) here.send(frameOf(i));
  await here.flush();
  // What comes by a port is given as it comes, before anybody hears that a thread is gone; what lies in a ring is here.
  if (there instanceof PortLink) await recorder.received(20);
  there.drain();
  there.drain();
  assertEquals([recorder.frames.length, recorder.ends], [20, [undefined]]);
});
