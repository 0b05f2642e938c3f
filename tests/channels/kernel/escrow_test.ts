/** What a stranger hands on within a program or a sandbox, and what it sends that it has not granted. */
import { assert, assertEquals } from "@std/assert";
import "../../../channels/kernel/dispatch.ts";
import { type Boundary, MAIN_SLOT } from "../../../channels/kernel/address.ts";
import { Cell, cells } from "../../../channels/kernel/cell.ts";
import type { Envelope } from "../../../channels/kernel/envelope.ts";
import { handleKind, type Passage } from "../../../channels/kernel/handle.ts";
import { holders } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { plainPacket } from "../../../channels/kernel/packet.ts";
import { singleton } from "../../../channels/kernel/singleton.ts";
import { TestLink } from "./test_link.ts";

const KIND = "held for the tests of escrow";
handleKind(KIND, { leased: true, revive: () => ({}) });
const EXIT = { code: 0, reason: "normal" } as const;

class Box extends Cell {
  receive(): void {}
}

/** A child that is nothing but a link. */
class Child extends TestLink implements Disposable {
  readonly id: string;

  constructor(kind: Boundary) {
    super();
    this.id = isolate.nextChildId(kind);
    isolate.addChild(this.id, this, () => {});
  }

  [Symbol.dispose](): void {
    isolate.down(this.id, EXIT);
  }
}

for (const kind of ["sandbox", "connection"] as const) {
  Deno.test(`within a ${kind}, what one with fewer rights hands on is the receiver's when that says so`, () => {
    using child = new Child(kind);
    const [to, from] = [child.id, `${child.id}!5`];
    const path = kind === "connection" ? "<!5" : `${child.id.slice(isolate.id.length)}!5`;
    const box = new Box();
    const { slot, secret } = cells.export(box);
    const held = () => box.isLeased(KIND, holders.get(to, 1));
    const lease = { to: isolate.id, slot, secret, lease: KIND, holder: 1 } as const;
    const grant = (from: string): Envelope => ({ kind: "grant", ...lease, from, holderIsolate: to, number: 0 });
    const release: Envelope = { kind: "release", ...lease, from: to };
    const kept: Envelope = {
      ...lease,
      kind: "send",
      from: to,
      incarnation: 0,
      id: 0,
      verb: "kept",
      detail: `${path} ${KIND}`,
      body: plainPacket(new Uint8Array(0)),
    };
    child.receive(grant(from));
    assertEquals([held(), box.holdersOf(KIND)], [false, 1]);
    child.receive(kept);
    assertEquals([held(), box.holdersOf(KIND)], [true, 1]);
    child.receive(release);
    assertEquals(box.holdersOf(KIND), 0);
    // What the child grants itself is its own, and stays so whatever comes that was not granted.
    child.receive(grant(to));
    for (let time = 0; time < 3; time++) for (const envelope of [kept, release]) child.receive(envelope);
    assertEquals([held(), box.holdersOf(KIND), child.closed], [true, 1, false]);
    child.receive(release);
    // The word of the receiver may come first.
    child.receive(kept);
    child.receive({ kind: "down", to: isolate.id, from: to, isolate: from, exit: EXIT });
    assertEquals([held(), box.holdersOf(KIND)], [true, 1]);
    child.receive(release);
    assertEquals(box.holdersOf(KIND), 0);
  });
}

for (const verb of ["v", "discard", "kept"]) {
  for (const kind of ["sandbox", "connection"] as const) {
    Deno.test(`a ${kind}'s handle to another program's cell is kept before it is given back ("${verb}")`, () => {
      using stranger = new Child(kind);
      using other = new Child("connection");
      const target = { isolate: other.id, slot: 9, incarnation: 1, secret: "0".repeat(32) };
      const passages: Passage[] = [{ kind: KIND, target, meta: null, parts: 0, number: 0 }];
      const route = { to: isolate.id, from: stranger.id } as const;
      const about = { slot: MAIN_SLOT, incarnation: 0, secret: "guessed", holder: 1, id: 0, verb, detail: "" };
      stranger.receive({ kind: "send", ...route, ...about, body: { ...plainPacket(new Uint8Array(0)), passages } });
      const path = `<${stranger.id.slice(isolate.id.length)}`;
      const said = other.sent.map((envelope) =>
        envelope.kind === "send"
          ? [envelope.verb, envelope.detail, envelope.holder]
          : [envelope.kind, "lease" in envelope && envelope.lease, "holder" in envelope && envelope.holder]
      );
      assertEquals(said, [["kept", `${path} ${KIND}`, MAIN_SLOT], ["release", KIND, MAIN_SLOT]]);
    });
  }
}

Deno.test("what comes by the way that leads to a handle's home is granted by whoever is on that way", () => {
  using between = new Child("connection");
  const target = { isolate: `${between.id}@7`, slot: 9, incarnation: 1, secret: "0".repeat(32) };
  const passages: Passage[] = [{ kind: KIND, target, meta: null, parts: 0, number: 0 }];
  const route = { to: isolate.id, from: `${between.id}!5` } as const;
  const about = { slot: MAIN_SLOT, incarnation: 0, secret: "guessed", holder: 1, id: 0, verb: "v", detail: "" };
  between.receive({ kind: "send", ...route, ...about, body: { ...plainPacket(new Uint8Array(0)), passages } });
  assertEquals(between.sent.filter(({ kind }) => kind === "send"), []);
  assert(between.sent.some(({ kind }) => kind === "release"));
});

Deno.test("nothing is remembered of a handle in escrow that has come, or that its receiver had before", () => {
  using stranger = new Child("sandbox");
  using receiver = new Child("sandbox");
  const escrows = singleton("escrows", (): Map<string, Map<string, unknown>> => new Map());
  const box = new Box();
  const { slot, secret } = cells.export(box);
  const lease = { to: isolate.id, slot, secret, lease: KIND, holder: 1 } as const;
  const grant = { kind: "grant", ...lease, from: stranger.id, number: 0 } as const;
  const path = stranger.id.slice(isolate.id.length);
  const about = { incarnation: 0, id: 0, verb: "kept", detail: `${path} ${KIND}` } as const;
  const before = escrows.size;
  // It is known here from now on.
  stranger.receive({ ...grant, holderIsolate: stranger.id });
  for (let i = 0; i < 100; i++) {
    const from = `${receiver.id}.${i}`;
    const said: Envelope[] = [
      { ...grant, holderIsolate: from },
      { kind: "send", ...lease, from, ...about, body: plainPacket(new Uint8Array(0)) },
    ];
    for (const envelope of i % 2 === 0 ? said : said.reverse()) {
      (envelope.kind === "grant" ? stranger : receiver).receive(envelope);
    }
    receiver.receive({ kind: "release", ...lease, from });
  }
  assertEquals([box.holdersOf(KIND), escrows.size], [1, before]);
  // One that is under way is remembered until then.
  stranger.receive({ ...grant, holderIsolate: receiver.id });
  assertEquals([box.holdersOf(KIND), escrows.get(stranger.id)?.size], [2, 1]);
});
