import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { NotSerializableError, ProtocolError, QuotaError } from "../../../channels/errors.ts";
import type { Exit } from "../../../channels/exit.ts";
import { actorExited } from "../../../actors/exited.ts";
import { accounts } from "../../../channels/kernel/account.ts";
import { passagesOf } from "../../../channels/kernel/handle.ts";
import { Queue } from "../../../channels/queue.ts";
import { ask } from "../../../channels/kernel/ask.ts";
import type { Address } from "../../../channels/kernel/address.ts";
import { Cell, cells } from "../../../channels/kernel/cell.ts";
import { decode } from "../../../channels/kernel/codec/decode.ts";
import { encode, writeValue } from "../../../channels/kernel/codec/encode.ts";
import { ERROR, LINK, REGEXP } from "../../../channels/kernel/codec/extension.ts";
import { Writer } from "../../../channels/kernel/codec/writer.ts";
import "../../../channels/kernel/dispatch.ts";
import type { Envelope } from "../../../channels/kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../../../channels/kernel/frame.ts";
import { holders } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import type { Frame, Link, LinkListener } from "../../../channels/kernel/link.ts";
import { logger } from "../../../channels/kernel/log.ts";
import { pack } from "../../../channels/kernel/pack.ts";
import { EMPTY_PACKET } from "../../../channels/kernel/packet.ts";
import type { Request } from "../../../channels/kernel/request.ts";
import { NO_TEXT, WRONG_EXITS } from "../../conformance/fixtures/hostile_values.ts";
import { assertLawful } from "../../conformance/lawful.ts";

/** A child isolate that is nothing but a link, on which the test says what it likes. */
class Child implements Link, Disposable {
  readonly id: string;
  readonly heard: Envelope[] = [];
  closes = 0;
  /** How many bytes it has not read. */
  unsent = 0;
  #listener!: LinkListener;

  constructor(kind: "process" | "sandbox" = "process") {
    this.id = isolate.nextChildId(kind);
    isolate.addChild(this.id, this, () => {});
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
  }

  send(frame: Frame): void {
    this.heard.push(decodeFrame(frame));
  }

  async flush(): Promise<void> {}

  eased(most: number): Promise<void> | undefined {
    return this.unsent > most ? new Promise(() => {}) : undefined;
  }

  close(): void {
    this.closes++;
  }

  say(envelope: Envelope): void {
    this.#listener.frame(encodeFrame(envelope));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#listener.frame({ bytes, moved: [] });
  }

  /** A question to a cell of this child, and its number. */
  ask(lost: (exit?: Exit) => Error = () => new Error("it is gone")): { answer: Promise<unknown>; id: number } {
    const target: Address = { isolate: this.id, slot: 1, incarnation: 0, secret: "s" };
    const holder = holders.get(isolate.id, 1);
    const answer = ask(target, { holder, verb: "v", quiet: true, lost });
    return { answer, id: (this.heard.at(-1) as Extract<Envelope, { kind: "send" }>).id };
  }

  [Symbol.dispose](): void {
    isolate.down(this.id, { code: -9, reason: "killed" });
  }
}

Deno.test("a child whose frame is malformed loses its link, and no other child does", async () => {
  using child = new Child();
  using other = new Child();
  child.sayBytes(new Uint8Array([0xc1, 1, 2]));
  child.sayBytes(encodeFrame({ kind: "cancel", to: isolate.id, from: child.id, id: 1 }).bytes.subarray(0, -2));
  assertEquals([child.closes, other.closes], [2, 0]);
  const { answer, id } = other.ask();
  other.say({ kind: "reply", to: isolate.id, from: other.id, id, outcome: "value", body: EMPTY_PACKET });
  assertEquals(await answer, undefined);
});

Deno.test("a child that leaves a malformed frame for one that never comes loses its link, and nobody minds the frame", () => {
  using child = new Child("sandbox");
  const unborn = isolate.nextChildId("process");
  const bytes = encodeFrame({ kind: "cancel", to: unborn, from: child.id, id: 1 }).bytes;
  child.sayBytes(bytes.subarray(0, -2));
  assertEquals(child.closes, 1);
  isolate.down(unborn, { code: -9, reason: "killed" });
});

Deno.test("a child cannot speak for another one", async () => {
  using child = new Child();
  using other = new Child();
  const { answer, id } = other.ask();
  child.say({ kind: "reply", to: isolate.id, from: child.id, id, outcome: "lost", body: EMPTY_PACKET });
  child.say({ kind: "reply", to: isolate.id, from: other.id, id, outcome: "lost", body: EMPTY_PACKET });
  child.say({ kind: "down", to: isolate.id, from: child.id, isolate: other.id, exit: { code: 0, reason: "normal" } });
  child.say({ kind: "down", to: isolate.id, from: child.id, isolate: isolate.id, exit: { code: 0, reason: "normal" } });
  other.say({ kind: "reply", to: isolate.id, from: other.id, id, outcome: "value", body: EMPTY_PACKET });
  assertEquals(await answer, undefined);
  assertEquals(isolate.exitOf(other.id), undefined);
});

Deno.test("a question that is answered as cancelled, though nobody gave up, is lost", async () => {
  using child = new Child();
  const { answer, id } = child.ask();
  child.say({ kind: "reply", to: isolate.id, from: child.id, id, outcome: "cancelled", body: EMPTY_PACKET });
  await assertRejects(() => answer, Error, "it is gone");
});

Deno.test("an answer to no question, or a second one, does nothing; an item so is sent back", async () => {
  using child = new Child();
  const { answer, id } = child.ask();
  const reply = { kind: "reply", to: isolate.id, from: child.id, id, outcome: "value", body: EMPTY_PACKET } as const;
  child.say(reply);
  child.say(reply);
  child.say({ ...reply, id: id + 1000 });
  child.say({ kind: "item", to: isolate.id, from: child.id, id, tag: 1, body: EMPTY_PACKET });
  assertEquals(await answer, undefined);
  const sentBack = child.heard.at(-1)!;
  assertEquals([sentBack.kind, (sentBack as { kept?: boolean }).kept], ["taken", false]);
  assertEquals(child.closes, 0);
});

Deno.test("a handle of an unknown kind is an error to who reads it, and to nobody when nobody does", async () => {
  using child = new Child();
  const target: Address = { isolate: child.id, slot: 9, incarnation: 1, secret: "s" };
  const body = { ...EMPTY_PACKET, passages: [{ kind: "no such kind", target, meta: null }] };
  const send = { kind: "send", to: isolate.id, from: child.id, slot: 123_456, incarnation: 1, holder: 1 } as const;
  child.say({ ...send, secret: "guessed", id: 7, verb: "v", detail: "", body });
  const reply = child.heard.at(-1) as Extract<Envelope, { kind: "reply" }>;
  assertEquals([reply.kind, reply.id, reply.outcome], ["reply", 7, "lost"]);
  const { answer, id } = child.ask();
  const bytes = new Uint8Array([0xd4, 10, 0]);
  child.say({ kind: "reply", to: isolate.id, from: child.id, id, outcome: "value", body: { ...body, bytes } });
  await assertRejects(() => answer, Error, "no such kind");
  assertEquals(child.closes, 0);
});

Deno.test("a cell is reached with its secret and in its incarnation only", () => {
  using child = new Child();
  const got: Request[] = [];
  class Box extends Cell {
    receive(request: Request): void {
      got.push(request);
    }
  }
  const box = new Box();
  const { slot, incarnation, secret } = cells.export(box);
  const send = { kind: "send", to: isolate.id, from: child.id, holder: 1, verb: "v", detail: "" } as const;
  child.say({ ...send, slot, incarnation, secret: secret.slice(1) + "0", id: 1, body: EMPTY_PACKET });
  child.say({ ...send, slot, incarnation, secret: "", id: 2, body: EMPTY_PACKET });
  child.say({ ...send, slot, incarnation: incarnation + 1, secret, id: 3, body: EMPTY_PACKET });
  child.say({ ...send, slot: slot + 1, incarnation, secret, id: 4, body: EMPTY_PACKET });
  assertEquals(got, []);
  const replies = child.heard.filter((envelope) => envelope.kind === "reply");
  assertEquals(replies.map(({ outcome }) => outcome), Array(4).fill("lost"));
  child.say({ ...send, slot, incarnation, secret, id: 5, body: EMPTY_PACKET });
  assertEquals(got.length, 1);
  assertInstanceOf(box, Cell);
});

Deno.test("what was made for a stranger cannot be had again by one once all have given it back", () => {
  using child = new Child("sandbox");
  using trusted = new Child();
  class Box extends Cell {
    receive(): void {}
  }
  const box = new Box();
  const { slot, secret } = cells.export(box);
  const account = holders.accountOf(child.id)!;
  const lease = { to: isolate.id, slot, secret, lease: "queue", holder: 1 } as const;
  const own = { kind: "grant", ...lease, from: child.id, holderIsolate: child.id, number: 0 } as const;
  box.changeLease("queue", holders.get(child.id, 1), 1);
  box.chargeTo(account, 1000);
  // Whoever has it may hand it on, also to itself.
  child.say({ ...own, holder: 2 });
  child.say({ kind: "release", ...lease, from: child.id });
  assertEquals([account.bytes > 1000, box.holdersOf("queue")], [true, 1]);
  child.say({ kind: "release", ...lease, from: child.id, holder: 2 });
  assertEquals([account.bytes, box.holdersOf("queue")], [0, 0]);
  child.say(own);
  child.say({ ...own, holderIsolate: trusted.id });
  const send = { to: isolate.id, slot, incarnation: 0, secret, holder: 1, id: 0 } as const;
  child.say({ kind: "send", ...send, from: child.id, verb: "kept", detail: "!999 queue", body: EMPTY_PACKET });
  assertEquals([box.holdersOf("queue"), child.closes], [0, 0]);
  // It counts as this program's when one with all rights hands it on.
  trusted.say({ ...own, from: trusted.id, holderIsolate: trusted.id });
  assertEquals(box.holdersOf("queue"), 1);
});

Deno.test("a request is another one's only if an isolate says so that has all rights", () => {
  using sandbox = new Child("sandbox");
  using trusted = new Child();
  const accountsOf: (string | undefined)[] = [];
  class Box extends Cell {
    receive(request: Request): void {
      accountsOf.push(request.account?.stranger);
      request.reply();
    }
  }
  const box = new Box();
  const { slot, incarnation, secret } = cells.export(box);
  const about = { slot, incarnation, secret, holder: 1, verb: "v", detail: "", body: EMPTY_PACKET } as const;
  const send = { kind: "send", to: isolate.id, ...about } as const;
  trusted.say({ ...send, from: trusted.id, id: 1, relayedFor: sandbox.id });
  trusted.say({ ...send, from: trusted.id, id: 2, relayedFor: `${sandbox.id}.1` });
  trusted.say({ ...send, from: trusted.id, id: 3 });
  assertEquals(accountsOf, [sandbox.id, sandbox.id, undefined]);
  sandbox.say({ ...send, from: sandbox.id, id: 4, relayedFor: trusted.id });
  sandbox.say({ ...send, from: sandbox.id, id: 5, relayedFor: `${isolate.id}!999` });
  assertEquals([accountsOf.length, sandbox.closes, trusted.closes], [3, 2, 0]);
  assertEquals(accounts.knows(`${isolate.id}!999`), false);
  trusted.say({ ...send, from: trusted.id, id: 6, relayedFor: "no name" });
  assertEquals([accountsOf.length, trusted.closes], [3, 1]);
  assertInstanceOf(box, Cell);
});

/** An error whose name and code are no texts, as only bytes can say it. */
function poisoned(): Uint8Array {
  const writer = new Writer();
  const mark = writer.openExtension(ERROR);
  for (
    const text of [null, "Poisoned", "innocent", null, "name", NO_TEXT(), null, "name", NO_TEXT(), "code", NO_TEXT()]
  ) {
    writeValue(writer, text, "text");
  }
  writer.closeExtension(mark);
  return writer.finish();
}

/** A frame in which a text is replaced by other bytes. */
function spliced(frame: Uint8Array, text: string, bytes: Uint8Array): Uint8Array {
  const place = encode(text, "text");
  const at = frame.findIndex((_, at) => place.every((byte, i) => frame[at + i] === byte));
  return new Uint8Array([...frame.subarray(0, at), ...bytes, ...frame.subarray(at + place.length)]);
}

Deno.test("an exit whose error is poisoned is told in words, whether a reply brings it or the news of an end", async () => {
  using child = new Child();
  const route = { to: isolate.id, from: child.id };
  const exit: Exit = { code: 1, reason: "error", error: "PLACE" };
  const lost = (exit?: Exit) => actorExited("call it", "it", "a#1", exit);
  const ways: ((id: number) => Envelope)[] = [
    (id) => ({ kind: "reply", ...route, id, outcome: "lost", body: EMPTY_PACKET, exit }),
    () => ({ kind: "down", ...route, isolate: child.id, exit }),
  ];
  for (const way of ways) {
    const { answer, id } = child.ask(lost);
    answer.catch(() => {});
    child.sayBytes(spliced(encodeFrame(way(id)).bytes, "PLACE", poisoned()));
    const error = await assertRejects(() => answer, Error, "Cannot call it: it has ended (Poisoned: innocent)");
    assertLawful(error, "the error of the one who asked");
  }
  assertEquals(child.closes, 1);
});

Deno.test("an error of the one who makes the errors settles the question all the same", async () => {
  using child = new Child();
  const { answer, id } = child.ask(() => {
    throw new Error("it cannot be told");
  });
  const route = { to: isolate.id, from: child.id };
  child.say({ kind: "reply", ...route, id, outcome: "lost", body: EMPTY_PACKET });
  await assertRejects(() => answer, Error, "it cannot be told");
});

for (const [name, make] of Object.entries(WRONG_EXITS)) {
  Deno.test(`an end that is told with an exit ${name} costs its teller the link`, () => {
    using child = new Child();
    child.say({ kind: "down", to: isolate.id, from: child.id, isolate: child.id, exit: make() as Exit });
    assertEquals([child.closes, isolate.exitOf(child.id)], [1, undefined]);
  });
}

const LONG = `${isolate.id}.1`.padEnd(400_000, ".1");
const LONG_NAMES: Record<string, (from: string) => Envelope> = {
  "in a route": (from) => ({ kind: "cancel", to: LONG, from, id: 1 }),
  "of its own": (from) => ({ kind: "cancel", to: isolate.id, from: from + ".1".repeat(200_000), id: 1 }),
  "of the dead": (from) => ({
    kind: "down",
    to: isolate.id,
    from,
    isolate: from + ".1".repeat(200_000),
    exit: { code: 0, reason: "normal" },
  }),
  "of a holder": (from) => ({
    kind: "grant",
    to: isolate.id,
    from,
    slot: 1,
    secret: "s",
    lease: "queue",
    holderIsolate: LONG,
    holder: 1,
    number: 0,
  }),
  "in a handle": (from) => ({
    kind: "item",
    to: isolate.id,
    from,
    id: 1,
    tag: 1,
    body: {
      ...EMPTY_PACKET,
      passages: [{ kind: "queue", target: { isolate: LONG, slot: 1, incarnation: 1, secret: "s" }, meta: null }],
    },
  }),
};
for (const [where, envelope] of Object.entries(LONG_NAMES)) {
  Deno.test(`a very long name ${where} costs its teller the link, and is never looked at`, () => {
    using gone = new Child();
    isolate.down(gone.id, { code: 0, reason: "normal" });
    using child = new Child();
    const before = performance.now();
    child.say(envelope(child.id));
    assert(performance.now() - before < 1000, "looking for those above it would take minutes");
    assertEquals(child.closes, 1);
  });
}

/** Gives the messages of the log to the test. */
function quietly(write: (message: string) => void): Disposable {
  const before = logger.write;
  logger.write = ({ message }) => write(message);
  return { [Symbol.dispose]: () => void (logger.write = before) };
}

/** Of so many bytes, each of which would be an object. */
function objects(length: number): Uint8Array {
  const bytes = new Uint8Array(5 + length).fill(0x80);
  bytes.set([0xdd, length >> 24, length >> 16, length >> 8, length]);
  return bytes;
}

/** A million holes can be read, and not be written again. */
function holes(): Uint8Array {
  const length = 2 ** 20 + 1;
  const bytes = new Uint8Array(5 + 3 * length);
  bytes.set([0xdd, length >> 24, length >> 16, length >> 8, length]);
  for (let at = 5; at < bytes.length; at += 3) bytes.set([0xd4, 1, 1], at);
  return bytes;
}

/** A list of a hundred of the same list, of a hundred of the same, and so on. */
function manifold(): Uint8Array {
  const list: unknown[] = [];
  const nested = Array.from({ length: 4 }).reduce((inner: unknown) => Array(100).fill(inner), list);
  return encode(nested, "meta");
}

const BOMBS: Record<string, () => Uint8Array> = {
  "very many values": () => objects(2 ** 22),
  "what can be read and not be written": holes,
  "a list that shows itself often": manifold,
  "a map": () => encode(new Map([[1, 2]]), "meta"),
  "lists within lists": () => new Uint8Array(900).fill(0x91, 0, 899),
};
for (const [what, make] of Object.entries(BOMBS)) {
  Deno.test(`a handle that says ${what} of itself costs its teller the link, at once`, () => {
    using child = new Child();
    const target = { isolate: child.id, slot: 1, incarnation: 1, secret: "s" };
    const body = { ...EMPTY_PACKET, passages: [{ kind: "queue", target, meta: "PLACE" }] };
    const route = { to: isolate.id, from: child.id } as const;
    const send = {
      kind: "send",
      ...route,
      slot: 9,
      incarnation: 1,
      secret: "s",
      holder: 1,
      verb: "v",
      detail: "",
    } as const;
    const frame = spliced(encodeFrame({ ...send, id: 0, body }).bytes, "PLACE", make());
    const before = performance.now();
    child.sayBytes(frame);
    assert(performance.now() - before < 2000);
    assertEquals(child.closes, 1);
  });
}

Deno.test("an exit with very many values costs its teller the link, at once", () => {
  using child = new Child();
  const route = { to: isolate.id, from: child.id };
  const exit: Exit = { code: 1, reason: "error", error: "PLACE" };
  for (
    const envelope of [
      { kind: "reply", ...route, id: 1, outcome: "lost", body: EMPTY_PACKET, exit },
      { kind: "down", ...route, isolate: `${child.id}.1`, exit },
    ] as const
  ) {
    const frame = spliced(encodeFrame(envelope).bytes, "PLACE", objects(2 ** 22));
    const before = performance.now();
    child.sayBytes(frame);
    assert(performance.now() - before < 2000);
  }
  assertEquals(child.closes, 2);
});

Deno.test("more handles than a message may have cost their teller the link, and are refused where they are sent", () => {
  using child = new Child();
  const target = { isolate: child.id, slot: 1, incarnation: 1, secret: "s" };
  const passages = Array(65_537).fill({ kind: "queue", target, meta: 0 });
  child.say({ kind: "item", to: isolate.id, from: child.id, id: 1, tag: 1, body: { ...EMPTY_PACKET, passages } });
  assertEquals(child.closes, 1);
  const queues = Array.from({ length: 65_537 }, () => new Queue());
  const sent = assertThrows(() => pack(queues, "queues", { isolate: "f00d", slot: 1 }), NotSerializableError);
  assertEquals([sent.path, /more than 65536 handles/.test(sent.message)], ["queues[65536]", true]);
});

Deno.test("an exit that is longer than one may be is told in words", () => {
  const error = new RangeError("too much", { cause: "x".repeat(2 ** 20) });
  const route = { to: "f00d", from: "f00d.1" };
  const frame = encodeFrame({ kind: "down", ...route, isolate: "f00d.1.1", exit: { code: 1, reason: "error", error } });
  const { exit } = decodeFrame(frame) as Extract<Envelope, { kind: "down" }>;
  assertEquals([exit.code, exit.reason, (exit.error as Error).message], [1, "error", "RangeError: too much"]);
});

Deno.test("a failure that a frame of a sandbox causes ends its link and is logged, and no more", () => {
  const logged: string[] = [];
  using _ = quietly((message) => logged.push(message));
  using child = new Child("sandbox");
  using other = new Child("sandbox");
  const deliver = isolate.deliver;
  isolate.deliver = () => {
    throw new RangeError("Map maximum size exceeded\n\x1b[31m" + "x".repeat(1e6));
  };
  try {
    child.say({ kind: "cancel", to: isolate.id, from: child.id, id: 1 });
  } finally {
    isolate.deliver = deliver;
  }
  assertEquals([child.closes, other.closes], [1, 0]);
  assertEquals(logged.length, 1);
  assert(logged[0].length < 5000 && !logged[0].includes("\x1b"), "it is bounded and escaped");
});

Deno.test("a child that says it keeps what made-up strangers sent leaves nothing of those", () => {
  using child = new Child("sandbox");
  const queue = new Queue<number>();
  const { slot, incarnation, secret } = cells.export(passagesOf(queue)![0].target as Cell);
  const count = () => [...accounts].length;
  const send = {
    kind: "send",
    to: isolate.id,
    from: child.id,
    slot,
    incarnation,
    secret,
    verb: "kept",
    holder: 1,
  } as const;
  const keep = (path: string) => child.say({ ...send, id: 0, detail: `${path} queue`, body: EMPTY_PACKET });
  keep("!999999");
  const before = count();
  for (let i = 0; i < 100; i++) keep(`!${1_000_000 + i}`);
  for (let i = 0; i < 100; i++) keep(`.${i}!1`);
  keep(".1".repeat(200_000) + "!1");
  assertEquals(count(), before);
  assertEquals(child.closes, 0);
});

Deno.test("how a stranger and those below it ended is remembered and passed on in few bytes", () => {
  const error = new Error("x".repeat(100_000));
  using neighbour = new Child();
  using sandbox = new Child("sandbox");
  const below = `${sandbox.id}.1`;
  const exit: Exit = { code: 1, reason: "error", error };
  sandbox.say({ kind: "down", to: isolate.id, from: sandbox.id, isolate: below, exit });
  const told = neighbour.heard.at(-1) as Extract<Envelope, { kind: "down" }>;
  isolate.down(sandbox.id, exit);
  assertEquals(told.isolate, below);
  for (const known of [told.exit, isolate.exitOf(sandbox.id)]) {
    assertEquals([known?.code, known?.reason], [1, "error"]);
    assertInstanceOf(known?.error, Error);
    const { length } = encode(known, "exit");
    assert(length < 8192, `${length} bytes`);
  }
});

Deno.test("a stranger that tells of more deaths than a neighbour reads is not read meanwhile", () => {
  using neighbour = new Child();
  using sandbox = new Child("sandbox");
  const exit: Exit = { code: 0, reason: "normal" };
  neighbour.unsent = 9 * 1024 * 1024;
  sandbox.say({ kind: "down", to: isolate.id, from: sandbox.id, isolate: `${sandbox.id}.1`, exit });
  assert(isolate.held(sandbox.id) !== undefined);
  neighbour.unsent = 0;
  assertEquals(isolate.held(sandbox.id), undefined);
});

Deno.test("a stranger is not read while what it makes this isolate say to another one waits", () => {
  using neighbour = new Child();
  using sandbox = new Child("sandbox");
  neighbour.unsent = 9 * 1024 * 1024;
  const target: Address = { isolate: neighbour.id, slot: 9, incarnation: 1, secret: "s" };
  const body = { ...EMPTY_PACKET, passages: [{ kind: "queue", target, meta: null }] };
  const about = { slot: 123_456, incarnation: 1, secret: "guessed", holder: 1, verb: "v", detail: "" } as const;
  sandbox.say({ kind: "send", to: isolate.id, from: sandbox.id, ...about, id: 7, body });
  assert(neighbour.heard.length > 0);
  assert(isolate.held(sandbox.id) !== undefined);
  neighbour.unsent = 0;
  assertEquals(isolate.held(sandbox.id), undefined);
  // What this isolate says of itself is no reason.
  neighbour.unsent = 9 * 1024 * 1024;
  neighbour.ask().answer.catch(() => {});
  assertEquals(isolate.held(sandbox.id), undefined);
});

/** The source of a regular expression of 40 KB that takes seconds to compile. */
const COSTLY = `[${"\\p{L}".repeat(8000)}]`;

/** The bytes of a regular expression that this program never made. */
function pattern(source: string): Uint8Array {
  const writer = new Writer();
  const mark = writer.openExtension(REGEXP);
  writer.string(source);
  writer.string("u");
  writer.closeExtension(mark);
  return writer.finish();
}

const IN_VALUES: Record<string, () => Uint8Array> = {
  "a regular expression": () => pattern(COSTLY),
  "many": () => {
    const one = pattern("[\\p{L}\\P{Lu}]");
    return new Uint8Array([0xdc, 0, 100, ...Array.from({ length: 100 }, () => [...one]).flat()]);
  },
  "one in a map in an array": () => new Uint8Array([0x91, 0x81, 0xa1, 0x61, ...pattern(COSTLY)]),
  "one whose source is not well-formed": () => pattern(COSTLY + "\ud800"),
};
for (const [what, make] of Object.entries(IN_VALUES)) {
  Deno.test(`a costly regular expression of a stranger is not compiled: ${what}`, async () => {
    using child = new Child("sandbox");
    const bytes = make();
    const route = { to: isolate.id, from: child.id };
    const before = performance.now();
    const { answer, id } = child.ask();
    child.say({ kind: "reply", ...route, id, outcome: "value", body: { ...EMPTY_PACKET, bytes } });
    await assertRejects(() => answer, QuotaError, "classes of characters");
    const thrown = child.ask();
    child.say({ kind: "reply", ...route, id: thrown.id, outcome: "thrown", body: { ...EMPTY_PACKET, bytes } });
    await assertRejects(() => thrown.answer, QuotaError, "classes of characters");
    const exit: Exit = { code: 1, reason: "error", error: "PLACE" };
    child.sayBytes(
      spliced(encodeFrame({ kind: "down", ...route, isolate: `${child.id}.1`, exit }).bytes, "PLACE", bytes),
    );
    assertEquals(child.closes, 1);
    assert(performance.now() - before < 1000);
  });
}

Deno.test("a regular expression in the place of a text is not made to be refused", () => {
  const bytes = pattern(COSTLY);
  const writer = new Writer();
  const mark = writer.openExtension(LINK);
  writer.raw(bytes);
  writer.closeExtension(mark);
  const before = performance.now();
  assertThrows(() => decode(writer.finish()), ProtocolError, "in the place of something else");
  assert(performance.now() - before < 500);
});

Deno.test("an error with costly regular expressions is told in words where it is an exit", () => {
  const cause = Array.from({ length: 65 }, () => /\p{L}/u);
  const error = new RangeError("too many", { cause });
  const frame = encodeFrame({
    kind: "down",
    to: "f00d",
    from: "f00d.1",
    isolate: "f00d.1.1",
    exit: { code: 1, reason: "error", error },
  });
  const { exit } = decodeFrame(frame) as Extract<Envelope, { kind: "down" }>;
  assertEquals((exit.error as Error).message, "RangeError: too many");
});

Deno.test("ordinary regular expressions of a stranger arrive", async () => {
  using child = new Child("sandbox");
  const { answer, id } = child.ask();
  const patterns = Array.from({ length: 64 }, (_, i) => new RegExp(`^\\p{L}${i}$`, "u"));
  const bytes = encode({ patterns, path: "C:\\Program Files\\Pictures\\p".repeat(1000) }, "value");
  child.say({ kind: "reply", to: isolate.id, from: child.id, id, outcome: "value", body: { ...EMPTY_PACKET, bytes } });
  assertEquals(((await answer) as { patterns: RegExp[] }).patterns, patterns);
});

/** So many buffers that may grow by a byte, and a view of each. */
const growing = (count: number): unknown[] =>
  Array.from({ length: count }, () => new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 })));

Deno.test("a stranger's message has at most 64 resizable buffers, in a value, an error and an exit", async () => {
  using child = new Child("sandbox");
  const route = { to: isolate.id, from: child.id };
  const said = (count: number, outcome: "value" | "thrown") => {
    const { answer, id } = child.ask();
    const bytes = encode({ deep: new Map([[1, growing(count)]]) }, "value");
    child.say({ kind: "reply", ...route, id, outcome, body: { ...EMPTY_PACKET, bytes } });
    return answer;
  };
  assertEquals(await said(64, "value"), { deep: new Map([[1, growing(64)]]) });
  await assertRejects(() => said(65, "value"), QuotaError, "a message has more than 64 resizable buffers");
  await assertRejects(() => said(65, "thrown"), QuotaError, "a message has more than 64 resizable buffers");
  const exit: Exit = { code: 1, reason: "error", error: "PLACE" };
  const down = encodeFrame({ kind: "down", ...route, isolate: `${child.id}.1`, exit }).bytes;
  child.sayBytes(spliced(down, "PLACE", encode(growing(65), "value")));
  assertEquals(child.closes, 1);
});

Deno.test("a stranger answers for the malformed frames of those below it", () => {
  using child = new Child("sandbox");
  const frame = encodeFrame({ kind: "cancel", to: isolate.id, from: `${child.id}.1`, id: 1 });
  child.sayBytes(frame.bytes.subarray(0, -2));
  assertEquals(child.closes, 1);
});
