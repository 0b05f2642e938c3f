import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../../channels/errors.ts";
import type { Address } from "../../../channels/kernel/address.ts";
import { ask } from "../../../channels/kernel/ask.ts";
import { BoundFrames, isShort, SHORT_FORMS } from "../../../channels/kernel/bound_frame.ts";
import { Cell, cells } from "../../../channels/kernel/cell.ts";
import { decode } from "../../../channels/kernel/codec/decode.ts";
import { encode } from "../../../channels/kernel/codec/encode.ts";
import "../../../channels/kernel/dispatch.ts";
import type { Envelope, Send } from "../../../channels/kernel/envelope.ts";
import { decodeFrame } from "../../../channels/kernel/frame.ts";
import { holders } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import type { Frame, Link, LinkListener } from "../../../channels/kernel/link.ts";
import { EMPTY_PACKET, type Packet, plainPacket } from "../../../channels/kernel/packet.ts";
import type { Request } from "../../../channels/kernel/request.ts";
import { Snapshot } from "../../../channels/kernel/snapshot.ts";
import { Chance } from "../../chance.ts";
import { firstSeed, rounds } from "../../soak.ts";

const HERE = "f00d";
const THERE = "f00d/1";
const address: Address = { isolate: THERE, slot: 7, incarnation: 1, secret: "5ec2e7" };

/** Two ends of a link whose frames are read as they are sent. */
class Ends implements Link {
  readonly direct = true;
  readonly read: Envelope[] = [];
  readonly sizes: number[] = [];
  readonly out = new BoundFrames(HERE, THERE, this);
  readonly #in = new BoundFrames(THERE, HERE, this);
  readonly room: Uint8Array | undefined;
  #at = 0;

  constructor(inPlace: boolean) {
    if (inPlace) this.room = new Uint8Array(new SharedArrayBuffer(4096));
  }

  reserve(most: number): number {
    // Never where the last one lay: nothing may be kept of that.
    this.#at = this.#at + 2 * most > 4096 ? 0 : this.#at + 7;
    return most > 2048 ? -1 : this.#at;
  }

  commit(length: number): void {
    this.sizes.push(length);
    this.read.push(this.#in.decode(this.room!, this.#at, this.#at + length));
    this.room!.fill(0xff);
  }

  send(frame: Frame): void {
    const { bytes } = frame;
    this.sizes.push(bytes.length);
    this.read.push(isShort(frame) ? this.#in.decode(bytes, 0, bytes.length) : decodeFrame(frame));
  }

  start(): void {}
  flush(): undefined {}
  close(): void {}
}

const values: readonly unknown[] = [
  0,
  -1,
  -0,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  NaN,
  0.1,
]
  .concat([true, false, null, "", "text", "x".repeat(31), "x".repeat(32), "ünïcode", "\ud800"] as never[]);
const bodies: readonly Packet[] = [
  EMPTY_PACKET,
  plainPacket(encode({ any: ["thing", 1] }, "value")),
  plainPacket(encode("x".repeat(3000), "value")),
  { ...plainPacket(encode([1], "value")), trace: "00-ab-cd-01" },
  {
    ...plainPacket(encode([1], "value")),
    passages: [{ kind: "lock", target: address, also: undefined, meta: 5, parts: 0, memory: undefined, number: 3 }],
  },
];

function send(body: Packet, id: number, detail = "add"): Send {
  const { slot, incarnation, secret } = address;
  return {
    kind: "send",
    to: THERE,
    from: HERE,
    slot,
    incarnation,
    secret,
    holder: 2,
    id,
    verb: "call",
    detail,
    body,
    address,
  };
}

function every(body: Packet): Envelope[] {
  const route = { to: THERE, from: HERE };
  return [
    send(body, 3),
    send(body, 0, "Ünïcode"),
    send(body, 2 ** 40, "x".repeat(40)),
    { kind: "reply", ...route, id: 1, outcome: "value", exit: undefined, body },
    { kind: "reply", ...route, id: 2 ** 32 - 1, outcome: "thrown", exit: undefined, body },
    { kind: "reply", ...route, id: 2 ** 32, outcome: "value", exit: undefined, body },
    { kind: "reply", ...route, id: 1, outcome: "lost", exit: { code: 1, reason: "error" }, body: EMPTY_PACKET },
    { kind: "item", ...route, id: 1, tag: 2 ** 32 - 1, body },
    { kind: "item", ...route, id: 1, tag: 2 ** 32, body },
    { kind: "taken", ...route, id: 1, kept: true, body: EMPTY_PACKET },
    { kind: "taken", ...route, id: 1, kept: false, body },
    { kind: "cancel", ...route, id: 1 },
    { kind: "credit", ...route, slot: 2 ** 32 - 1, count: 256 },
    { kind: "credit", ...route, slot: 2 ** 32, count: 256 },
    { kind: "grant", ...route, slot: 1, secret: "s", lease: "queue", holderIsolate: "f00d/3", holder: 4, number: 5 },
    { kind: "release", ...route, slot: 1, secret: "s", lease: "queue", holder: 4 },
    { kind: "down", ...route, isolate: "f00d.1.1", exit: { code: 1, reason: "error" } },
  ];
}

/** An envelope as bytes can be compared: whether a value was read where it arrived is nobody's business. */
function comparable(envelope: Envelope): unknown {
  const { address: _, ...rest } = envelope as Send;
  if (!("body" in rest)) return rest;
  const { bytes, passages, moved, trace } = rest.body;
  return {
    ...rest,
    body: {
      value: bytes.length === 0 ? "nothing" : valueOf(bytes),
      passages,
      moved,
      ...(rest.kind === "send" && { trace }),
    },
  };
}

function valueOf(bytes: Uint8Array): unknown {
  return decode(bytes, { handle: () => "a handle", transfer: () => undefined });
}

/** The frame that makes a binding: that of the third message to a cell. */
function third(frames: BoundFrames, message: Send): Frame {
  for (let time = 0; time < 2; time++) frames.encode(message);
  return frames.encode(message);
}

for (const inPlace of [true, false]) {
  const where = inPlace ? "in place" : "as frames";

  Deno.test(`every envelope is read on a link between neighbours as it was sent, time and again (${where})`, () => {
    for (const body of bodies) {
      for (const envelope of every(body)) {
        const ends = new Ends(inPlace);
        for (let time = 0; time < 5; time++) ends.out.send(envelope);
        for (const read of ends.read) assertEquals(comparable(read), comparable(envelope));
        assertEquals(ends.read.length, 5);
      }
    }
  });

  Deno.test(`numbers, constants and strings are read as they were sent, as values and as arguments (${where})`, () => {
    const ends = new Ends(inPlace);
    for (const value of values) {
      for (const [given, isList] of [[value, false], [[value, value], true]] as const) {
        const body = Snapshot.plain(given, isList) ?? plainPacket(encode(given, "value"));
        ends.out.send(send(body, 1));
        assertEquals(valueOf((ends.read.at(-1) as Send).body.bytes), given);
        if (!isList) {
          ends.out.send({ kind: "reply", to: THERE, from: HERE, id: 1, outcome: "value", exit: undefined, body });
          assertEquals(valueOf((ends.read.at(-1) as Send).body.bytes), given);
        }
      }
    }
  });

  Deno.test(`a message to a cell that is often sent to has a header of a dozen bytes (${where})`, () => {
    const ends = new Ends(inPlace);
    for (let id = 1; id <= 4; id++) ends.out.send(send(plainPacket(encode([2], "args")), id));
    assert(ends.sizes[0] > 30);
    assertEquals(ends.sizes[3], 11 + "add".length + 1 + 2);
  });

  Deno.test(`more cells than there are bindings are sent to in any order (${where})`, () => {
    const ends = new Ends(inPlace);
    const chance = new Chance(1);
    const addresses = Array.from({ length: 6000 }, (_, slot): Address => ({ ...address, slot, secret: `s${slot}` }));
    const verbs = ["call", "cast"];
    for (let n = 0; n < 40_000; n++) {
      const address = n < 18_000 ? addresses[n % 6000] : chance.one(addresses);
      const { slot, secret } = address;
      const envelope = { ...send(EMPTY_PACKET, n), slot, secret, verb: chance.one(verbs), address };
      ends.out.send(envelope);
      const read = ends.read.pop() as Send;
      assertEquals([read.slot, read.secret, read.verb, read.id], [slot, secret, envelope.verb, n]);
    }
  });
}

Deno.test("a short form that is cut off, unknown, or names no binding is a ProtocolError", () => {
  const frames = new BoundFrames(THERE, HERE, new Ends(false));
  const wrong = [
    [],
    ...Array.from({ length: SHORT_FORMS + 1 }, (_, first) => [first]),
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xa0],
    [0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0xa0],
    [8, 0, 0],
    [8, 0, 0, 0xa4, 0x66],
    [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [15, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ];
  for (const bytes of wrong) {
    assertThrows(() => frames.decode(new Uint8Array(bytes), 0, bytes.length), ProtocolError, undefined, `${bytes}`);
  }
});

Deno.test("a binding is made only by a message from the neighbour to this isolate", () => {
  const ends = new Ends(false);
  const first = new Uint8Array([8, 0, 0]);
  for (const forged of [{ from: "f00d/2" }, { to: HERE }]) {
    const { bytes } = third(new BoundFrames(HERE, THERE, ends), { ...send(EMPTY_PACKET, 1), ...forged });
    const frame = new Uint8Array([...first, ...bytes.subarray(first.length)]);
    assertThrows(() => new BoundFrames(THERE, HERE, ends).decode(frame, 0, frame.length), ProtocolError);
  }
});

Deno.test("bytes at random, and short forms changed at random, are read as an envelope or are a ProtocolError", () => {
  const pristine: Uint8Array[] = [];
  for (const body of bodies) {
    const ends = new Ends(false);
    const recorder: Link = {
      ...ends,
      send: ({ bytes }) => void pristine.push(bytes),
      start() {},
      flush() {},
      close() {},
    };
    const out = new BoundFrames(HERE, THERE, recorder);
    for (let time = 0; time < 4; time++) for (const envelope of every(body)) out.send(envelope);
  }
  const short = pristine.filter((bytes) => isShort({ bytes, moved: [] }));
  const change = fc.record({ at: fc.nat(), to: fc.nat(255) });
  const changed = fc.tuple(fc.constantFrom(...short), fc.array(change, { minLength: 1, maxLength: 4 })).map(
    ([bytes, changes]) => {
      const copy = bytes.slice();
      for (const { at, to } of changes) copy[at % copy.length] = to;
      return copy;
    },
  );
  const frames = new BoundFrames(THERE, HERE, new Ends(false));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), changed, changed, changed), (bytes) => {
      try {
        const envelope = frames.decode(bytes, 0, bytes.length);
        for (const [name, field] of Object.entries(envelope)) {
          if (typeof field === "number") assert(Number.isSafeInteger(field) && field >= 0, name);
        }
      } catch (error) {
        assertInstanceOf(error, ProtocolError);
      }
    }),
    { numRuns: 10_000 },
  );
});

/** A child that is nothing but a link between neighbours. */
class HostileChild implements Link, Disposable {
  readonly id = isolate.nextChildId("thread");
  readonly direct = true;
  frames: BoundFrames | undefined;
  closes = 0;
  listener!: LinkListener;

  constructor() {
    isolate.addChild(this.id, this, () => {});
  }

  start(listener: LinkListener): void {
    this.listener = listener;
  }

  send(): void {}
  flush(): undefined {}
  close(): void {
    this.closes++;
  }

  [Symbol.dispose](): void {
    isolate.down(this.id, { code: -9, reason: "killed" });
  }
}

class Answering extends Cell {
  override receive(request: Request): void {
    request.reply(request.verb);
  }
}

Deno.test("a child that sends short forms of its own making harms nobody else", async () => {
  const seed = firstSeed(20261130);
  const chance = new Chance(seed);
  const cell = new Answering();
  const { slot, secret } = cells.export(cell);
  const honest = new HostileChild();
  let hostile = new HostileChild();
  const holder = holders.get(isolate.id, 1);
  const target = { isolate: honest.id, slot: 1, incarnation: 0, secret: "s" };
  const lost = () => new Error("it is gone");
  const answer = ask(target, { holder, verb: "v", quiet: true, lost });
  const body = plainPacket(encode([1], "args"));
  for (let n = 0; n < rounds(100_000, 2_000_000); n++) {
    if (n % 5000 === 4999) {
      hostile[Symbol.dispose]();
      hostile = new HostileChild();
    }
    const out = new BoundFrames(hostile.id, isolate.id, hostile);
    const known = { ...address, isolate: isolate.id, slot, secret };
    const route = { to: isolate.id, from: hostile.id };
    const message = { ...send(body, chance.below(100)), ...route, slot, secret, incarnation: 0, address: known };
    let { bytes } = third(out, message);
    if (chance.oneIn(2)) bytes = out.encode({ ...message, id: chance.below(2 ** 32) }).bytes;
    if (chance.oneIn(4)) {
      const id = chance.oneIn(2) ? chance.below(50) : chance.below(2 ** 32);
      ({ bytes } = out.encode({ kind: "reply", ...route, id, outcome: "value", exit: undefined, body }));
    }
    const whole = chance.oneIn(8) ? chance.bytes(chance.below(40)) : chance.oneIn(2) ? chance.damage(bytes) : bytes;
    if (whole.length > 0 && whole[0] <= SHORT_FORMS) hostile.listener.short!(whole, 0, whole.length);
    else hostile.listener.frame({ bytes: whole, moved: [] });
  }
  hostile[Symbol.dispose]();
  assertEquals(honest.closes, 0, `seed ${seed}`);
  // The question to the honest child is still open, and answered by nobody else.
  honest.listener.short!(new Uint8Array([1, 0, 0, 0, 0]), 0, 5);
  honest[Symbol.dispose]();
  assertEquals(await answer.catch((error: Error) => error.message), "it is gone", `seed ${seed}`);
});
