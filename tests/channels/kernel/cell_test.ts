import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Cell, Cells, cells, isCell } from "../../../channels/kernel/cell.ts";
import { Holder, holders } from "../../../channels/kernel/holder.ts";
import { isolate } from "../../../channels/kernel/isolate.ts";

/** A cell that notes which leases were returned. */
class Noted extends Cell {
  readonly returns: [string, Holder, number][] = [];

  receive(): void {}

  override returned(kind: string, holder: Holder): void {
    this.returns.push([kind, holder, this.holdersOf(kind)]);
  }
}

/** Two holders elsewhere. */
function twoHolders(): [Holder, Holder] {
  const away = `${isolate.id}.931`;
  return [holders.get(away, 1), holders.get(away, 2)];
}

Deno.test("a cell counts each holder's leases of each kind, and is told when the last of them is returned", () => {
  const cell = new Noted();
  const [one, other] = twoHolders();
  cell.changeLease("a", one, 1);
  cell.changeLease("a", one, 1);
  cell.changeLease("a", other, 1);
  cell.changeLease("b", one, 1);
  assertEquals([cell.holdersOf("a"), cell.holdersOf("b"), cell.holdersOf("c")], [2, 1, 0]);
  cell.changeLease("a", one, -1);
  assertEquals([cell.isLeased("a", one), cell.returns], [true, []]);
  cell.changeLease("a", one, -1);
  assertEquals([cell.isLeased("a", one), cell.isLeased("b", one)], [false, true]);
  assertEquals(cell.returns, [["a", one, 1]]);
  cell.changeLease("a", other, -1);
  cell.changeLease("b", one, -1);
  assertEquals(cell.returns.slice(1), [["a", other, 0], ["b", one, 0]]);
  assertEquals([one.leases.size, other.leases.size], [0, 0]);
});

Deno.test("a holder's death returns all its leases of a cell, however many there are", () => {
  const cell = new Noted();
  const [one, other] = twoHolders();
  for (const kind of ["a", "a", "b"]) cell.changeLease(kind, one, 1);
  cell.changeLease("a", other, 1);
  holders.sweep(one);
  assertEquals(cell.returns, [["a", one, 1], ["b", one, 0]]);
  holders.sweep(other);
  assertEquals(cell.holdersOf("a"), 0);
});

Deno.test("a lease that is returned before it is granted was never held by anybody", () => {
  const cell = new Noted();
  const [one, other] = twoHolders();
  cell.changeLease("a", one, 1);
  cell.changeLease("a", other, -1);
  assertEquals([cell.holdersOf("a"), cell.isLeased("a", other)], [1, false]);
  cell.changeLease("a", one, -1);
  assertEquals(cell.returns, [["a", one, 0]]);
  cell.changeLease("a", other, 1);
  assertEquals([cell.holdersOf("a"), cell.returns.length, other.leases.size], [0, 1, 0]);
});

Deno.test("a cell knows at any time how many have a lease of each kind, in whatever order leases come, go and end", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(4), fc.constantFrom("a", "b"), fc.constantFrom(1, -1, 0))), (steps) => {
      const cell = new Noted();
      const counts = new Map<string, number>();
      const all = Array.from({ length: 5 }, (_, at) => new Holder(`${isolate.id}.930`, at));
      for (const [at, kind, by] of steps) {
        if (by === 0) {
          for (const lease of all[at].leases.all()) lease.drop();
          for (const  of of["a", "b"]) counts.delete(`${at} ${of}`);
        } else {
          cell.changeLease(kind, all[at], by as 1 | -1);
          counts.set(`${at} ${kind}`, (counts.get(`${at} ${kind}`) ?? 0) + by);
        }
        for (const  of of["a", "b"]) {
          const present = [...counts].filter(([key, count]) => key.endsWith(of) && count > 0);
          assertEquals(cell.holdersOf(of), present.length);
        }
      }
    }),
  );
});

Deno.test("a cell has no slot and no secret before it needs them, and keeps them then", () => {
  const [cell, other] = [new Noted(), new Noted()];
  assertEquals([cell.slot, cell.secret], [0, ""]);
  const slot = cells.slotOf(cell);
  assertEquals([cells.slotOf(cell), cell.secret], [slot, ""]);
  const address = cells.export(cell);
  assertEquals(address, { isolate: isolate.id, slot, incarnation: 1, secret: cell.secret });
  assertEquals(cells.export(cell), address);
  assertNotEquals(cells.export(other).slot, slot);
  assertNotEquals(other.secret, cell.secret);
  assertEquals(/^[0-9a-f]{32}$/.test(cell.secret), true);
});

Deno.test("Cells.find() wants the secret and the incarnation, or no particular one", () => {
  const cell = new Noted();
  const { slot, secret } = cells.export(cell);
  assertStrictEquals(cells.find(slot, 1, secret), cell);
  assertStrictEquals(cells.find(slot, 0, secret), cell);
  assertEquals(cells.find(slot, 2, secret), undefined);
  assertEquals(cells.find(slot, 1, secret.replace(/./, (digit) => digit === "0" ? "1" : "0")), undefined);
  assertEquals(cells.find(slot, 1, ""), undefined);
  assertEquals(cells.find(slot + 1_000_000, 1, secret), undefined);
});

Deno.test("Cells.resolve() gives the cell for an address of this isolate, else the address", () => {
  const cell = new Noted();
  const address = cells.export(cell);
  assertStrictEquals(cells.resolve(address), cell);
  const elsewhere = { ...address, isolate: `${isolate.id}.932` };
  assertStrictEquals(cells.resolve(elsewhere), elsewhere);
  const wrong = { ...address, secret: "" };
  assertStrictEquals(cells.resolve(wrong), wrong);
  assertEquals([isCell(cell), isCell(address)], [true, false]);
});

Deno.test("a cell that was removed is not found any more; of one that ended it is known how, for a while", () => {
  const all = new Cells();
  const cell = new Noted();
  const { slot, secret } = all.export(cell);
  all.remove(cell);
  assertEquals([all.find(slot, 0, secret), all.exitOf(slot, secret)], [undefined, undefined]);
  const ended = new Noted();
  const address = all.export(ended);
  const exit = { code: 3, reason: "error" } as const;
  all.retire(ended, exit);
  assertEquals(all.exitOf(address.slot, address.secret), exit);
  assertEquals(all.exitOf(address.slot, secret), undefined);
  for (let n = 0; n < 10_000; n++) {
    const later = new Noted();
    all.export(later);
    all.retire(later, exit);
  }
  assertEquals(all.exitOf(address.slot, address.secret), undefined);
});

Deno.test("what was never exported can be removed and retired without a trace", () => {
  const all = new Cells();
  const cell = new Noted();
  all.remove(cell);
  all.retire(cell, { code: 0, reason: "stopped" });
  assertEquals([cell.slot, all.exitOf(0, "")], [0, undefined]);
});
