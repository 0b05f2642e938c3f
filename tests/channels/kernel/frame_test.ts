import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../../channels/errors.ts";
import type { Exit } from "../../../channels/exit.ts";
import type { Address } from "../../../channels/kernel/address.ts";
import { Cell, cells } from "../../../channels/kernel/cell.ts";
import { encode, writeValue } from "../../../channels/kernel/codec/encode.ts";
import { Writer } from "../../../channels/kernel/codec/writer.ts";
import type { Envelope } from "../../../channels/kernel/envelope.ts";
import { decodeFrame, encodeFrame, readRoute } from "../../../channels/kernel/frame.ts";
import type { Passage } from "../../../channels/kernel/handle.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { EMPTY_PACKET, type Packet } from "../../../channels/kernel/packet.ts";

const KINDS = ["send", "reply", "item", "taken", "cancel", "credit", "grant", "release", "down"] as const;
const OUTCOMES = ["value", "thrown", "cancelled", "lost"];

const address: Address = { isolate: "f00d.1/2", slot: 7, incarnation: 1, secret: "5ec2e7" };
const body: Packet = {
  bytes: encode({ any: ["thing", 1] }, "value"),
  passages: [
    { kind: "lock", target: address, also: undefined, meta: 5, parts: 1, memory: undefined, number: 3 },
    {
      kind: "ref",
      target: address,
      also: { ...address, slot: 8 },
      meta: ["name", "thread"],
      parts: 0,
      memory: undefined,
      number: 0,
    },
  ],
  moved: [],
};
const exit: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
const route = { to: "f00d", from: "f00d.1" };

const envelopes: { [K in Envelope["kind"]]: Extract<Envelope, { kind: K }>[] } = {
  send: [
    {
      kind: "send",
      ...route,
      slot: 1,
      incarnation: 0,
      secret: "s",
      holder: 2,
      id: 3,
      verb: "call",
      detail: "add",
      body,
    },
    {
      kind: "send",
      ...route,
      slot: 0,
      incarnation: 2,
      secret: "",
      holder: 0,
      id: 0,
      verb: "",
      detail: "",
      body: EMPTY_PACKET,
    },
    {
      kind: "send",
      ...route,
      slot: 1,
      incarnation: 0,
      secret: "s",
      holder: 2,
      id: 3,
      verb: "call",
      detail: "add",
      body: { ...body, trace: "00-1-2-01" },
      relayedFor: "f00d!2",
    },
  ],
  reply: OUTCOMES.flatMap((outcome) => [
    { kind: "reply" as const, ...route, id: 1, outcome: outcome as "value", exit: undefined, body },
    { kind: "reply" as const, ...route, id: 2 ** 40, outcome: outcome as "value", exit, body: EMPTY_PACKET },
  ]),
  item: [{ kind: "item", ...route, id: 1, tag: 2, body }],
  taken: [
    { kind: "taken", ...route, id: 1, kept: true, body: EMPTY_PACKET },
    { kind: "taken", ...route, id: 1, kept: false, body },
  ],
  cancel: [{ kind: "cancel", ...route, id: 1 }],
  credit: [{ kind: "credit", ...route, slot: 1, count: 256 }],
  grant: [{
    kind: "grant",
    ...route,
    slot: 1,
    secret: "s",
    lease: "queue",
    holderIsolate: "f00d/3",
    holder: 4,
    number: 5,
  }],
  release: [{ kind: "release", ...route, slot: 1, secret: "s", lease: "queue", holder: 4 }],
  down: [
    { kind: "down", ...route, isolate: "f00d.1.1", exit },
    { kind: "down", ...route, isolate: "f00d.1.1", exit: { code: 1, reason: "error", error: new RangeError("why") } },
  ],
};

for (const kind of KINDS) {
  Deno.test(`a frame of kind "${kind}" is read as it was written, and its route without the rest`, () => {
    for (const envelope of envelopes[kind]) {
      const frame = encodeFrame(envelope);
      assertEquals(readRoute(frame), route);
      assertEquals(decodeFrame(frame), envelope);
    }
  });
}

Deno.test("a frame carries what moves beside its bytes", () => {
  const moved = [new ArrayBuffer(1), new ReadableStream()];
  const frame = encodeFrame({ kind: "item", ...route, id: 1, tag: 1, body: { ...body, moved } });
  assertSameItems(frame.moved, moved);
  const envelope = decodeFrame(frame) as Extract<Envelope, { kind: "item" }>;
  assertSameItems(envelope.body.moved, moved);
});

Deno.test("a frame carries the memory of its handles beside its bytes, and what moves before it", () => {
  const moved = [new ArrayBuffer(1)];
  const memory = new SharedArrayBuffer(8);
  const passages = [{ ...body.passages[1], memory }, body.passages[1]];
  const frame = encodeFrame({ kind: "item", ...route, id: 1, tag: 1, body: { ...body, passages, moved } });
  assertSameItems(frame.moved, [...moved, memory]);
  const read = (decodeFrame(frame) as Extract<Envelope, { kind: "item" }>).body;
  assertEquals(read.passages.map((passage) => passage.memory === memory), [true, false]);
  assertSameItems(read.moved, moved);
  // To another process only the bytes go.
  const bare = decodeFrame({ bytes: frame.bytes, moved: [] }) as Extract<Envelope, { kind: "item" }>;
  assertEquals(bare.body.passages.map((passage) => passage.memory), [undefined, undefined]);
});

Deno.test("a frame stays as it is, whatever is written after it", () => {
  const first = encodeFrame(envelopes.send[0]);
  const copy = first.bytes.slice();
  encodeFrame({ ...envelopes.send[0], detail: "x".repeat(100_000) });
  encodeFrame(envelopes.cancel[0]);
  assertEquals(first.bytes, copy);
});

Deno.test("an address of a cell that lives here is read as the cell, of any other as it is", () => {
  class Box extends Cell {
    receive(): void {}
  }
  const box = new Box();
  const own = cells.export(box);
  const read = (target: Address) => {
    const passages: Passage[] = [{ kind: "queue", target, meta: null }];
    const frame = encodeFrame({ kind: "item", ...route, id: 1, tag: 1, body: { ...EMPTY_PACKET, passages } });
    return (decodeFrame(frame) as Extract<Envelope, { kind: "item" }>).body.passages[0].target;
  };
  assertStrictEquals(read(own), box);
  assertEquals(read({ ...own, secret: "guessed" }), { ...own, secret: "guessed" });
  assertEquals(read({ ...own, isolate: "elsewhere" }), { ...own, isolate: "elsewhere" });
  assertEquals(own.isolate, isolate.id);
});

function assertSameItems(actual: readonly unknown[], expected: readonly unknown[]): void {
  assertEquals(actual.length, expected.length);
  for (const [index, item] of actual.entries()) assertStrictEquals(item, expected[index]);
}

const id = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string();
const anyAddress = fc.record({ isolate: text.map((id) => `x${id}`), slot: id, incarnation: id, secret: text });
const anyPassage = fc.record({
  kind: text,
  target: anyAddress,
  also: fc.option(anyAddress, { nil: undefined }),
  meta: fc.oneof(fc.constant(null), fc.nat(), text, fc.array(fc.boolean())),
  parts: fc.constant(0),
  memory: fc.constant(undefined),
  number: id,
});
const anyBody = fc.record({ bytes: fc.uint8Array(), passages: fc.array(anyPassage), moved: fc.constant([]) });
const anyExit = fc.record({
  code: fc.integer(),
  reason: fc.constantFrom<Exit["reason"]>("normal", "stopped", "killed", "error", "out-of-memory", "parent-gone"),
});
const ways = { to: text, from: text };
const anyEnvelope = fc.oneof(
  fc.record({
    kind: fc.constant("send"),
    ...ways,
    slot: id,
    incarnation: id,
    secret: text,
    holder: id,
    id,
    verb: text,
    detail: text,
    body: anyBody,
  }),
  fc.record({
    kind: fc.constant("reply"),
    ...ways,
    id,
    outcome: fc.constantFrom(...OUTCOMES),
    exit: fc.option(anyExit, { nil: undefined }),
    body: anyBody,
  }),
  fc.record({ kind: fc.constant("item"), ...ways, id, tag: id, body: anyBody }),
  fc.record({ kind: fc.constant("taken"), ...ways, id, kept: fc.boolean(), body: anyBody }),
  fc.record({ kind: fc.constant("cancel"), ...ways, id }),
  fc.record({ kind: fc.constant("credit"), ...ways, slot: id, count: id }),
  fc.record({
    kind: fc.constant("grant"),
    ...ways,
    slot: id,
    secret: text,
    lease: text,
    holderIsolate: text,
    holder: id,
    number: id,
  }),
  fc.record({ kind: fc.constant("release"), ...ways, slot: id, secret: text, lease: text, holder: id }),
  fc.record({ kind: fc.constant("down"), ...ways, isolate: text, exit: anyExit }),
) as unknown as fc.Arbitrary<Envelope>;

Deno.test("any envelope is read as it was written", () => {
  fc.assert(
    fc.property(anyEnvelope, (envelope) => {
      const frame = encodeFrame(envelope);
      assertEquals(readRoute(frame), { to: envelope.to, from: envelope.from });
      assertEquals(decodeFrame(frame), envelope);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a frame cut off anywhere in its header is a ProtocolError; after it, it has fewer bytes to carry", () => {
  for (const envelope of Object.values(envelopes).flat()) {
    const { bytes } = encodeFrame(envelope);
    const carried = "body" in envelope ? envelope.body.bytes.length : 0;
    for (let at = 0; at < bytes.length; at++) {
      const frame = { bytes: bytes.slice(0, at), moved: [] };
      if (at < bytes.length - carried) assertThrows(() => decodeFrame(frame), ProtocolError);
      else assertWellFormed(decodeFrame(frame));
    }
  }
});

/** The frame of a header that nobody of us would write. */
function frameWith(...header: unknown[]): { bytes: Uint8Array; moved: [] } {
  const writer = new Writer();
  for (const value of [route.to, route.from, ...header]) writeValue(writer, value, "header");
  return { bytes: writer.finish(), moved: [] };
}

const wrong: Record<string, unknown[]> = {
  "no header": [],
  "a header that is no array": [{ kind: 0 }],
  "an empty header": [[]],
  "no kind": [[undefined, []]],
  "an unknown kind": [[9, 1, []]],
  "a negative kind": [[-1, 1, []]],
  "half a kind": [[4.5, 1, []]],
  "a kind in words": [["cancel", 1, []]],
  "a kind that is a property of every array": [["length", 1, []], ["map", 1, []]],
  "a kind that is a digit": [["4", 1, []]],
  "a value for a text": [[0, 1, 1, [[], []], 1, 1, "verb", "detail", null, []]],
  "a value for a number": [[4, { one: 1 }, []]],
  "a secret longer than those that are made": [[7, 1, "5".repeat(33), "queue", 1, []]],
  "no list of handles": [[4, 1]],
  "handles that are no list": [[4, 1, "handles"]],
  "a text for a number": [[4, "1", []]],
  "a fraction for a number": [[4, 1.5, []]],
  "a negative number": [[4, -1, []]],
  "a number beyond those that are exact": [[4, 2 ** 53, []]],
  "NaN for a number": [[4, NaN, []]],
  "a bigint for a number": [[4, 1n << 70n, []]],
  "a missing field": [[0, 1, 1, "s", 1, 1, "verb", []]],
  "a number for a text": [[0, 1, 1, 5, 1, 1, "verb", "detail", []]],
  "an unknown outcome": [[1, 1, "surprise", null, []]],
  "an outcome that is none": [[1, 1, null, null, []]],
  "an exit that is none": [[1, 1, "lost", "dead", []], [8, "x", null, []], [8, "x", {}, []]],
  "an exit without a reason": [[8, "x", { code: 1 }, []]],
  "an exit without a code": [[8, "x", { reason: "killed" }, []]],
  "an exit with a signal that is no text": [[8, "x", { code: 1, reason: "killed", signal: 9 }, []]],
  "a word on an item that is neither yes nor no": [[3, 1, 1, []], [3, 1, undefined, []]],
  "a handle that is no list": [[2, 1, 1, ["queue"]]],
  "a handle without an address": [[2, 1, 1, [["queue", null, 0, -1, 0]]]],
  "a handle with half an address": [[2, 1, 1, [["queue", null, 0, -1, 0, "x", 1, 1]]]],
  "a handle with one and a half addresses": [[2, 1, 1, [["queue", null, 0, -1, 0, "x", 1, 1, "s", "y"]]]],
  "a handle whose kind is no text": [[2, 1, 1, [[1, null, 0, -1, 0, "x", 1, 1, "s"]]]],
  "a handle whose number is none": [[2, 1, 1, [["queue", null, 0, -1, null, "x", 1, 1, "s"]]]],
  "a handle without the parts it should have": [[2, 1, 1, [["lock", null, 1, -1, 0, "x", 1, 1, "s"]]]],
};
for (const [what, headers] of Object.entries(wrong)) {
  Deno.test(`a frame with ${what} is a ProtocolError`, () => {
    const frames = headers.length === 0 ? [frameWith()] : headers.map((header) => frameWith(header));
    for (const frame of frames) assertThrows(() => decodeFrame(frame), ProtocolError);
  });
}

Deno.test("a frame without a route is a ProtocolError", () => {
  const writer = new Writer();
  writeValue(writer, 1, "to");
  const frame = { bytes: writer.finish(), moved: [] };
  for (const read of [readRoute, decodeFrame]) {
    assertThrows(() => read(frame), ProtocolError);
    assertThrows(() => read({ bytes: new Uint8Array(0), moved: [] }), ProtocolError);
  }
});

const LONG = "f00d" + ".1".repeat(100_000);

Deno.test("a name longer than those of isolates is a ProtocolError wherever a frame names one", () => {
  for (const name of [LONG, [LONG]]) {
    const address = ["queue", null, 0, -1, 0, name, 1, 1, "s"];
    const headers = [
      [0, 1, 0, "s", 1, 1, "call", "add", null, name, []],
      [6, 1, "s", "queue", name, 1, 0, []],
      [8, name, { code: 0, reason: "normal" }, []],
      [2, 1, 1, [address]],
      [2, 1, 1, [["queue", null, 0, -1, 0, "f00d", 1, 1, "s", name, 1, 1, "s"]]],
    ];
    for (const header of headers) assertThrows(() => decodeFrame(frameWith(header)), ProtocolError);
    for (const route of [[name, "f00d"], ["f00d", name]]) {
      const writer = new Writer();
      for (const value of [...route, [4, 1, []]]) writeValue(writer, value, "header");
      const frame = { bytes: writer.finish(), moved: [] };
      for (const read of [readRoute, decodeFrame]) assertThrows(() => read(frame), ProtocolError);
    }
  }
});

Deno.test("bytes at random, and frames changed at random, are read as an envelope or are a ProtocolError", () => {
  const pristine = Object.values(envelopes).flat().map((envelope) => encodeFrame(envelope).bytes);
  const change = fc.record({ at: fc.nat(), to: fc.nat(255) });
  const changed = fc.tuple(fc.constantFrom(...pristine), fc.array(change, { minLength: 1, maxLength: 4 })).map(
    ([bytes, changes]) => {
      const copy = bytes.slice();
      for (const { at, to } of changes) copy[at % copy.length] = to;
      return copy;
    },
  );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed, changed, changed), (bytes) => {
      let envelope: Envelope;
      try {
        envelope = decodeFrame({ bytes, moved: [] });
      } catch (error) {
        assertInstanceOf(error, ProtocolError);
        return;
      }
      assertWellFormed(envelope);
    }),
    { numRuns: 10_000 },
  );
});

/** Fails unless every field has the type that it is declared with. */
function assertWellFormed(envelope: Envelope): void {
  const fields = envelope as unknown as Record<string, unknown>;
  const numbers = ["slot", "incarnation", "holder", "id", "tag", "count", "number"];
  const texts = ["to", "from", "secret", "verb", "detail", "lease", "holderIsolate", "isolate"];
  const sample = envelopes[envelope.kind]?.[0];
  assert(sample !== undefined, `unknown kind ${envelope.kind}`);
  const relayed = "relayedFor" in fields ? ["relayedFor"] : [];
  assertEquals(Object.keys(fields).sort(), [...Object.keys(sample), ...relayed].sort());
  for (const key of relayed) assertEquals([envelope.kind, typeof fields[key]], ["send", "string"]);
  for (const key of numbers) if (key in sample) assert(Number.isSafeInteger(fields[key]) && fields[key] as number >= 0);
  for (const key of texts) if (key in sample) assertEquals(typeof fields[key], "string");
  if (envelope.kind === "taken") assertEquals(typeof envelope.kept, "boolean");
  if (envelope.kind === "reply") assert(OUTCOMES.includes(envelope.outcome));
  if ("exit" in envelope && envelope.exit !== undefined) {
    assertEquals([typeof envelope.exit.code, typeof envelope.exit.reason], ["number", "string"]);
  }
  if (!("body" in envelope)) return;
  assertInstanceOf(envelope.body.bytes, Uint8Array);
  for (const { kind, target } of envelope.body.passages) {
    assertEquals([typeof kind, typeof (target as Address).secret], ["string", "string"]);
  }
}
