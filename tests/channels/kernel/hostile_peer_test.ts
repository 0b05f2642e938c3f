/** What an isolate may answer or ask that no other would, and what becomes of it. */
import { assertEquals, assertRejects } from "@std/assert";
import { deadline, delay } from "@std/async";
import { Queue } from "../../../channels/queue.ts";
import type { IsolateId } from "../../../channels/kernel/address.ts";
import { ask } from "../../../channels/kernel/ask.ts";
import type { Question } from "../../../channels/kernel/question.ts";
import { addressOf } from "../../../channels/kernel/cell.ts";
import { encode } from "../../../channels/kernel/codec/encode.ts";
import "../../../channels/kernel/dispatch.ts";
import type { Envelope, Reply, Send } from "../../../channels/kernel/envelope.ts";
import { encodeFrame } from "../../../channels/kernel/frame.ts";
import { passagesOf } from "../../../channels/kernel/handle.ts";
import { holders } from "../../../channels/kernel/holder.ts";
import { Isolate, isolate } from "../../../channels/kernel/isolate.ts";
import { EMPTY_PACKET, plainPacket } from "../../../channels/kernel/packet.ts";
import { TestLink } from "./test_link.ts";

const me = holders.adopt(isolate.id, 1);
const secret = "0".repeat(32);

/** Runs a test with a peer that is the test's own. */
async function withPeer(test: (peer: TestLink, id: IsolateId) => Promise<void>): Promise<void> {
  const link = new TestLink();
  const id = isolate.nextChildId("process");
  isolate.addChild(id, link, () => {});
  await test(link, id);
  isolate.down(id, { code: 0, reason: "normal" });
  // Letting go of the event loop takes one turn.
  await delay(0);
}

/** Asks the peer for something, and gives its question. */
function asked(peer: TestLink, id: IsolateId): { answer: Promise<unknown>; question: Send } {
  const question: Question = { holder: me, verb: "call", lost: (exit) => new Error(`lost: ${exit?.reason}`) };
  const answer = ask({ isolate: id, slot: 1, incarnation: 0, secret }, question);
  answer.catch(() => {});
  return { answer, question: peer.sent.at(-1) as Send };
}

function reply(id: IsolateId, question: Send, outcome: Reply["outcome"], bytes?: number[]): Reply {
  const body = bytes === undefined ? EMPTY_PACKET : plainPacket(new Uint8Array(bytes));
  return { kind: "reply", from: id, to: isolate.id, id: question.id, outcome, body };
}

/** What every request of the peer's to a queue says. */
function sendTo(queue: Queue<unknown>, id: IsolateId): Omit<Send, "id" | "verb" | "body"> {
  const { slot, secret } = addressOf(passagesOf(queue)![0].target);
  return { kind: "send", from: id, to: isolate.id, slot, incarnation: 0, secret, holder: 1, detail: "" };
}

Deno.test("an answer that says cancelled when nobody gave up settles the question: it is lost", () =>
  withPeer(async (peer, id) => {
    const { answer, question } = asked(peer, id);
    peer.receive(reply(id, question, "cancelled"));
    await assertRejects(() => deadline(answer, 1000), Error, "lost");
  }));

Deno.test("an answer whose value means nothing settles the question with the reason", () =>
  withPeer(async (peer, id) => {
    for (const outcome of ["value", "thrown"] as const) {
      const { answer, question } = asked(peer, id);
      peer.receive(reply(id, question, outcome, [0xc1]));
      const error = await deadline(assertRejects(() => answer), 1000);
      assertEquals((error as Error).name, "ProtocolError");
    }
    assertEquals(peer.closed, false);
  }));

Deno.test("an unknown outcome costs the peer its link, and its end settles the question", () =>
  withPeer(async (peer, id) => {
    const { answer, question } = asked(peer, id);
    peer.receive(reply(id, question, "gone fishing" as Reply["outcome"]));
    assertEquals(peer.closed, true);
    isolate.down(id, { code: 1, reason: "error" });
    await assertRejects(() => deadline(answer, 1000), Error, "lost: error");
  }));

Deno.test("only the isolate that was asked may answer", () =>
  withPeer(async (peer, id) => {
    const { answer, question } = asked(peer, id);
    await withPeer((other, otherId) => {
      other.receive(reply(otherId, question, "value"));
      other.receive(reply(id, question, "value"));
      return Promise.resolve();
    });
    peer.receive(reply(id, question, "value", [...encode("the truth", "value")]));
    assertEquals(await deadline(answer, 1000), "the truth");
  }));

Deno.test("a reader of a queue that wants no answer takes nothing, and is in nobody's way", () =>
  withPeer(async (peer, id) => {
    const queue = new Queue<string>();
    const get = sendTo(queue, id);
    peer.receive({ ...get, id: 0, verb: "get", body: EMPTY_PACKET });
    peer.receive({ ...get, id: 0, verb: "tryGet", body: EMPTY_PACKET });
    await queue.put("one");
    peer.receive({ ...get, id: 0, verb: "get", body: EMPTY_PACKET });
    peer.receive({ ...get, id: 0, verb: "tryGet", body: EMPTY_PACKET });
    await queue.put("two");
    assertEquals([await deadline(queue.get(), 1000), await deadline(queue.get(), 1000)], ["one", "two"]);
    assertEquals(await queue.size(), 0);
  }));

Deno.test("a request that a cell cannot read is answered with the reason", () =>
  withPeer(async (peer, id) => {
    const queue = new Queue<string>();
    const send = sendTo(queue, id);
    peer.receive({ ...send, id: 5, verb: "no such thing", body: plainPacket(new Uint8Array([0xc1])) });
    const answer = peer.sent.at(-1) as Reply;
    assertEquals([answer.kind, answer.id, answer.outcome], ["reply", 5, "thrown"]);
    await queue.put("fine");
    assertEquals(await queue.get(), "fine");
  }));

Deno.test("10,000 frames with some bytes changed cost at most the link, and break nothing here", () =>
  withPeer(async (_, id) => {
    const queue = new Queue<string>();
    const { slot, secret } = addressOf(passagesOf(queue)![0].target);
    const route = { from: id, to: isolate.id };
    const target = { isolate: isolate.id, slot, incarnation: 1, secret };
    const body = { ...plainPacket(encode({ a: [1, "x", null], b: new Map([[1, 2n]]) }, "value")) };
    const handles = { ...body, passages: [{ kind: "queue", target, meta: null }] };
    const envelopes: Envelope[] = [
      { kind: "send", ...route, slot, incarnation: 0, secret, holder: 1, id: 9, verb: "put", detail: "", body },
      {
        kind: "send",
        ...route,
        slot,
        incarnation: 0,
        secret,
        holder: 1,
        id: 10,
        verb: "get",
        detail: "",
        body: handles,
      },
      { kind: "send", ...route, slot, incarnation: 0, secret, holder: 1, id: 0, verb: "tryGet", detail: "x", body },
      {
        kind: "reply",
        ...route,
        id: 1,
        outcome: "lost",
        body,
        exit: { code: 1, reason: "error", error: new Error("x") },
      },
      { kind: "item", ...route, id: 1, tag: 2, body: handles },
      { kind: "taken", ...route, id: 1, kept: false, body },
      { kind: "cancel", ...route, id: 9 },
      { kind: "credit", ...route, slot, count: 5 },
      { kind: "grant", ...route, slot, secret, lease: "queue", holderIsolate: id, holder: 3, number: 0 },
      { kind: "release", ...route, slot, secret, lease: "queue", holder: 3 },
      { kind: "down", ...route, isolate: `${id}.1`, exit: { code: 0, reason: "normal" } },
    ];
    const frames = envelopes.map((envelope) => encodeFrame(envelope).bytes);
    let seed = 20_260_101;
    const random = (below: number) => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % below;
    let costly = 0;
    for (let n = 0; n < 10_000; n++) {
      const bytes = frames[n % frames.length].slice(0, random(8) === 0 ? random(100) : undefined);
      for (let changes = 1 + random(3); changes > 0 && bytes.length > 0; changes--) {
        bytes[random(bytes.length)] = random(256);
      }
      const here = new Isolate();
      here.name(isolate.id);
      here.deliver = isolate.deliver;
      const link = new TestLink();
      here.addChild(id, link, () => {});
      link.receive(bytes);
      if (link.closed) costly++;
      here.down(id, { code: 0, reason: "normal" });
    }
    assertEquals(costly > 1000, true, `only ${costly} were found out`);
    await delay(0);
    while (await queue.tryGet().catch(() => "unreadable") !== undefined);
    await queue.put("fine");
    assertEquals(await deadline(queue.get(), 1000), "fine");
  }));
