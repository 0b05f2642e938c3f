import { assertEquals } from "@std/assert";
import type { Exit } from "../../../channels/exit.ts";
import type { IsolateId } from "../../../channels/kernel/address.ts";
import type { Down, Envelope, Reply } from "../../../channels/kernel/envelope.ts";
import { encodeFrame } from "../../../channels/kernel/frame.ts";
import { Isolate } from "../../../channels/kernel/isolate.ts";
import { EMPTY_PACKET } from "../../../channels/kernel/packet.ts";
import type { PeerLink } from "../../../channels/kernel/link.ts";
import { TestLink } from "./test_link.ts";

const EXIT: Exit = { code: 3, reason: "error" };

/** An isolate in the middle: with a parent and two children, of which one has a child. */
function middle() {
  const isolate = new Isolate();
  const delivered: Envelope[] = [];
  isolate.deliver = (envelope) => void delivered.push(envelope);
  const parent = new TestLink();
  isolate.name("r.1");
  isolate.setParent(parent, () => {});
  const links = { parent, thread: new TestLink(), process: new TestLink() };
  isolate.addChild("r.1.1", links.thread, () => {});
  isolate.addChild("r.1/2", links.process, () => {});
  return { isolate, delivered, ...links };
}

function reply(from: IsolateId, to: IsolateId): Reply {
  return { kind: "reply", from, to, id: 1, outcome: "value", body: EMPTY_PACKET };
}

function down(from: IsolateId, to: IsolateId, isolate: IsolateId): Down {
  return { kind: "down", from, to, isolate, exit: EXIT };
}

/** The same envelope with its end cut off: its route can be read, and nothing else. */
function cut(envelope: Envelope): Uint8Array {
  const { bytes } = encodeFrame(envelope);
  return bytes.slice(0, encodeFrame({ ...envelope, kind: "cancel", id: 1 } as Envelope).bytes.length - 4);
}

for (const from of ["r.1/2", "r.1/2.5", "r.1/2/1.7"]) {
  Deno.test(`a child may speak for itself and those below it: ${from}`, () => {
    const { delivered, process, thread } = middle();
    process.receive(reply(from, "r.1"));
    process.receive(reply(from, "r.1.1"));
    assertEquals(delivered.map((envelope) => envelope.from), [from]);
    assertEquals(thread.sent.map((envelope) => envelope.from), [from]);
  });
}

for (const from of ["r.1", "r", "", "r.1.1", "r.1/20", "r.1/", "R.1/2", "r.1/2x", "x"]) {
  Deno.test(`what a child says in the name of ${JSON.stringify(from)} is dropped`, () => {
    const { delivered, parent, process, thread } = middle();
    for (const to of ["r.1", "r", "r.1.1", "r.1/2", "r.9"]) {
      process.receive(reply(from, to));
      process.receive(down(from, to, "r.1.1"));
      process.receive(cut(reply(from, to)));
    }
    assertEquals([delivered, parent.sent, thread.sent, process.sent], [[], [], [], []]);
    assertEquals([parent.closed, thread.closed, process.closed], [false, false, false]);
  });
}

Deno.test("a parent may speak for anybody", () => {
  const { delivered, parent } = middle();
  for (const from of ["r", "r.7/3", "r.1.1"]) parent.receive(reply(from, "r.1"));
  assertEquals(delivered.length, 3);
});

Deno.test("a child tells of the end of those below it, and its neighbours hear of it", () => {
  const { isolate, parent, process, thread } = middle();
  process.receive(down("r.1/2", "r.1", "r.1/2.5"));
  assertEquals(isolate.exitOf("r.1/2.5"), EXIT);
  assertEquals(isolate.exitOf("r.1/2"), undefined);
  assertEquals(parent.sent, [down("r.1", "r", "r.1/2.5")]);
  assertEquals(thread.sent, [down("r.1", "r.1.1", "r.1/2.5")]);
  assertEquals(process.sent, []);
});

for (
  const [what, envelope] of [
    ["of its parent", down("r.1/2", "r.1", "r.1")],
    ["of its grandparent", down("r.1/2", "r.1", "r")],
    ["of its sibling", down("r.1/2", "r.1", "r.1.1")],
    ["of its own parent, coming from below it", down("r.1/2.5", "r.1", "r.1/2")],
    ["of its own sibling, coming from below it", down("r.1/2.5", "r.1", "r.1/2.6")],
  ] as const
) {
  Deno.test(`a child cannot tell of the end ${what}`, () => {
    const { isolate, parent, process, thread } = middle();
    process.receive(envelope);
    assertEquals(isolate.exitOf(envelope.isolate), undefined);
    assertEquals([parent.sent, thread.sent, process.closed], [[], [], false]);
  });
}

Deno.test("what comes from the parent tells of an end only if the parent itself says so", () => {
  const { isolate, parent } = middle();
  // A child of the root has sent this, and the root has passed it on.
  for (const gone of ["r", "r.2", "r.1.1"]) parent.receive(down("r/9", "r.1", gone));
  assertEquals(["r", "r.2", "r.1.1"].map((gone) => isolate.exitOf(gone)), [undefined, undefined, undefined]);
  parent.receive(down("r", "r.1", "r.2"));
  assertEquals(isolate.exitOf("r.2"), EXIT);
});

Deno.test("a malformed frame costs the child that sent it its link, and no other", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array([0xc1]), cut(reply("r.1/2", "r.1"))]) {
    const { delivered, parent, process, thread } = middle();
    process.receive(bytes);
    assertEquals([parent.closed, thread.closed, process.closed], [false, false, true]);
    assertEquals(delivered, []);
  }
});

Deno.test("a malformed frame that was only passed on costs nobody a link", () => {
  const { delivered, parent, process, thread } = middle();
  process.receive(cut(reply("r.1/2.5", "r.1")));
  parent.receive(cut(reply("r/9", "r.1")));
  assertEquals([parent.closed, thread.closed, process.closed], [false, false, false]);
  assertEquals(delivered, []);
});

Deno.test("a malformed frame to somebody who is not there costs its sender the link", () => {
  const { process, parent, isolate } = middle();
  isolate.down("r.1.1", EXIT);
  process.receive(cut(reply("r.1/2.5", "r.1.1")));
  assertEquals([parent.closed, process.closed], [false, false]);
  process.receive(cut(reply("r.1/2", "r.1.1")));
  assertEquals([parent.closed, process.closed], [false, true]);
});

/** A straight link whose other side is the test. */
class TestPeer extends TestLink implements PeerLink {
  speaks = true;
  readonly awaitsTree = false;
  drained = 0;

  arrived(): boolean {
    return false;
  }

  catchUp(): void {}

  drain(): undefined {
    this.drained++;
  }
}

Deno.test("a peer of this process may pass on what it likes, a sibling only what is from below it", () => {
  const { isolate, delivered } = middle();
  const [thread, process] = [new TestPeer(), new TestPeer()];
  isolate.addPeer("r.2", thread);
  isolate.addPeer("r/3", process);
  for (const from of ["r.2", "r.2/1", "r.9"]) thread.receive(reply(from, "r.1"));
  assertEquals(delivered.map((envelope) => envelope.from), ["r.2", "r.2/1", "r.9"]);
  delivered.length = 0;
  for (const from of ["r/3", "r/3.1", "r", "r.2", "r/30"]) process.receive(reply(from, "r.1"));
  assertEquals(delivered.map((envelope) => envelope.from), ["r/3", "r/3.1"]);
});

Deno.test("peers hear of the end of those below this isolate, and of nobody else's", () => {
  const { isolate, parent, process } = middle();
  const peer = new TestPeer();
  isolate.addPeer("r.2", peer);
  process.receive(down("r.1/2", "r.1", "r.1/2.5"));
  parent.receive(down("r", "r.1", "r.7"));
  assertEquals(peer.sent, [down("r.1", "r.2", "r.1/2.5")]);
  assertEquals(isolate.exitOf("r.7"), EXIT);
});

Deno.test("a peer says itself that one below it is gone, so that what that one sent by it is heard before", () => {
  const { isolate, parent } = middle();
  const peer = new TestPeer();
  isolate.addPeer("r.2", peer);
  parent.receive(down("r", "r.1", "r.2/1"));
  assertEquals(isolate.exitOf("r.2/1"), undefined);
  peer.receive(down("r.2", "r.1", "r.2/1"));
  assertEquals(isolate.exitOf("r.2/1"), EXIT);
  // Its own end others tell.
  parent.receive(down("r", "r.1", "r.2"));
  assertEquals([isolate.exitOf("r.2"), peer.drained], [EXIT, 1]);
});

Deno.test("a peer cannot tell of the end of those that are not below it", () => {
  const { isolate } = middle();
  const peer = new TestPeer();
  isolate.addPeer("r.2", peer);
  for (const gone of ["r", "r.1", "r.1.1", "r.3"]) peer.receive(down("r.2", "r.1", gone));
  assertEquals(["r", "r.1", "r.1.1", "r.3"].map((gone) => isolate.exitOf(gone)), Array(4).fill(undefined));
});
