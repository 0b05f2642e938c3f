import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Cell } from "../../../channels/kernel/cell.ts";
import { enroll, handleKind, Import } from "../../../channels/kernel/handle.ts";
import { Holders, holders, Lease } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";
import { pack, unpack } from "../../../channels/kernel/pack.ts";
import { EMPTY_PACKET } from "../../../channels/kernel/packet.ts";
import { Request } from "../../../channels/kernel/request.ts";

Deno.test("Holders.get() gives the one holder of an isolate and slot", () => {
  const all = new Holders();
  assertStrictEquals(all.get("f00d.1", 3), all.get("f00d.1", 3));
  assertNotStrictEquals(all.get("f00d.1", 3), all.get("f00d.1", 4));
  assertNotStrictEquals(all.get("f00d.1", 3), all.get("f00d.2", 3));
});

Deno.test("Holders.sweep() settles each lease once, and those that were ended not at all", () => {
  const all = new Holders();
  const holder = all.get("f00d.1", 3);
  const settled: string[] = [];
  const kept = new Lease(holder, () => settled.push("kept"));
  const ended = new Lease(holder, () => settled.push("ended"));
  ended.end();
  all.sweep(holder);
  all.sweep(holder);
  kept.drop();
  kept.end();
  assertEquals(settled, ["kept"]);
  assertEquals([holder.gone, holder.leases.size], [true, 0]);
});

Deno.test("a lease given to the dead is settled, once whoever gave it has noted it down", async () => {
  const all = new Holders();
  const holder = all.get("f00d.1", 3);
  all.sweep(holder);
  const settled: string[] = [];
  new Lease(holder, () => settled.push("settled"));
  const ended = new Lease(holder, () => settled.push("ended"));
  ended.end();
  assertEquals(settled, []);
  await Promise.resolve();
  assertEquals(settled, ["settled"]);
});

Deno.test("what an isolate has sent that is dead by then leases nothing", async () => {
  const gone = `${isolate.id}/4711`;
  isolate.down(gone, { code: -9, signal: "SIGKILL", reason: "killed" });
  for (const id of [gone, `${gone}.1`]) {
    const settled = Promise.withResolvers<void>();
    new Lease(holders.get(id, 1), settled.resolve);
    await settled.promise;
  }
});

Deno.test("a lease that settles another, or makes one, upsets no sweep", async () => {
  const all = new Holders();
  const holder = all.get("f00d.1", 3);
  const settled: number[] = [];
  new Lease(holder, () => {
    settled.push(1);
    second.end();
    new Lease(holder, () => settled.push(3));
  });
  const second: Lease = new Lease(holder, () => settled.push(2));
  all.sweep(holder);
  assertEquals(settled, [1]);
  await Promise.resolve();
  assertEquals(settled, [1, 3]);
});

Deno.test("Holders.sweepIsolate() settles what holders of an isolate and of those below it have, and nobody else's", () => {
  const all = new Holders();
  const settled: string[] = [];
  for (const id of ["f00d", "f00d.1", "f00d.1.4", "f00d.1/2", "f00d.10", "f00d/1"]) {
    new Lease(all.get(id, 1), () => settled.push(`${id}#1`));
    new Lease(all.get(id, 2), () => settled.push(`${id}#2`));
  }
  all.sweepIsolate("f00d.1");
  assertEquals(settled, ["f00d.1#1", "f00d.1#2", "f00d.1.4#1", "f00d.1.4#2", "f00d.1/2#1", "f00d.1/2#2"]);
});

Deno.test("a holder without leases is forgotten when there are many, one that lives here never", () => {
  const away = `${isolate.id}.901`;
  const resident = holders.adopt(away, 1);
  const others = Array.from({ length: 100 }, (_, at) => holders.get(away, at + 2));
  for (const holder of [resident, ...others]) new Lease(holder, () => {}).end();
  assertStrictEquals(holders.get(away, 1), resident);
  assertNotStrictEquals(holders.get(away, 2), others[0]);
  assertStrictEquals(holders.get(away, 101), others[99]);
  holders.sweepIsolate(away);
});

Deno.test("a holder is not forgotten between what it asked for and what it got", () => {
  const away = `${isolate.id}.902`;
  const others = Array.from({ length: 100 }, (_, at) => holders.get(away, at + 2));
  const holder = holders.get(away, 200);
  let leased: Lease | undefined;
  let settled = false;
  const request = new Request(holder, "get", "", EMPTY_PACKET, { settled() {}, offered() {}, abandoned() {} });
  request.offer(EMPTY_PACKET, 1, () => leased = new Lease(request.from, () => settled = true));
  request.taken(true);
  assertStrictEquals(holders.get(away, 200), leased!.holder);
  holders.sweepIsolate(away);
  assertEquals([settled, others.length], [true, 100]);
});

class Held extends Cell {
  readonly returns: string[] = [];
  receive(): void {}
  override returned(kind: string): void {
    this.returns.push(`${kind}, ${this.holdersOf(kind)} left`);
  }
}
const KIND = "held for the tests of holders";
handleKind(KIND, { leased: true, revive: () => ({}) });

Deno.test("when a holder dies that got handles by message its cell counts it no more, whatever it had given back", () => {
  const cell = new Held();
  const [first, second, third] = [901, 902, 903].map((slot) => holders.adopt(isolate.id, slot));
  for (const holder of [first, first, second, third]) cell.changeLease(KIND, holder, 1);
  const imports = [first, first, second].map((holder) => new Import(cell, KIND, holder));
  imports[0].release();
  // The third one dies with its message unread.
  for (const holder of [first, third, second]) holders.sweep(holder);
  for (const imported of imports) imported.release();
  assertEquals(cell.holdersOf(KIND), 0);
  assertEquals(cell.returns, [`${KIND}, 2 left`, `${KIND}, 1 left`, `${KIND}, 0 left`]);
});

Deno.test("a handle that is sent to a dead holder of this isolate is nobody's", async () => {
  const cell = new Held();
  const holder = holders.adopt(isolate.id, 905);
  holders.sweep(holder);
  const face = new (class Face {})();
  enroll(face, () => ({ kind: KIND, target: cell, meta: null }));
  unpack(pack(face, "face", holder), holder);
  await Promise.resolve();
  assertEquals([cell.holdersOf(KIND), cell.returns], [0, [`${KIND}, 0 left`]]);
});

Deno.test("a handle that reaches a dead holder is given back", async () => {
  const cell = new Held();
  const holder = holders.adopt(isolate.id, 904);
  cell.changeLease(KIND, holder, 1);
  holders.sweep(holder);
  cell.changeLease(KIND, holder, 1);
  const imported = new Import(cell, KIND, holder);
  await Promise.resolve();
  imported.release();
  assertEquals(cell.holdersOf(KIND), 0);
});
