import { assertEquals, assertInstanceOf } from "@std/assert";
import { ClosedError } from "../../channels/errors.ts";
import { type Item, ItemStore } from "../../channels/item_store.ts";
import { Cell, type Target } from "../../channels/kernel/cell.ts";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { type Holder, holders } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { destinationOf, pack } from "../../channels/kernel/pack.ts";
import { EMPTY_PACKET } from "../../channels/kernel/packet.ts";
import { Request } from "../../channels/kernel/request.ts";
import { type Asked, TestUser } from "./test_user.ts";

/** A cell with a store, and a note of what the store told it. */
class Shelf extends Cell {
  room = Infinity;
  keepsTaken = false;
  readonly taken: [number, Holder][] = [];
  accepted = 0;
  readonly store: ItemStore;

  constructor() {
    super();
    const keeps = () => this.keepsTaken;
    this.store = new ItemStore({
      cell: this,
      get keepsTaken() {
        return keeps();
      },
      hasRoom: () => this.store.size < this.room,
      suits: (taker: Request, item: Item) => {
        if (taker.verb !== "picky" || item.label === 1) return true;
        taker.throw(new RangeError("not for me"));
        return false;
      },
      accepted: () => this.accepted++,
      taken: (item, by) => this.taken.push([item.number, by]),
      changed: () => {},
    });
  }

  receive(request: Request): void {
    if (request.verb === "put") this.store.put(request, 0);
    else if (request.verb === "putLabelled") this.store.put(request, 1);
    else if (request.verb === "tryPut") request.reply(this.store.tryPut(request, 0) || false);
    else this.store.take(request);
  }
}

const KIND = "held for the tests of stores";
handleKind(KIND, { leased: true, revive: ({ target }) => makeHandle(target) });

function makeHandle(target: Target): object {
  const handle = new (class Handle {})();
  enroll(handle, () => ({ kind: KIND, target, meta: null }));
  return handle;
}

/** A cell to which there are handles, and one of them. */
class Held extends Cell {
  readonly handle: object = makeHandle(this);
  receive(): void {}
  get held(): number {
    return this.holdersOf(KIND);
  }
}

function values(asked: Asked[]): unknown[] {
  return asked.map(({ value, offer }) => offer === undefined ? undefined : value);
}

Deno.test("ItemStore offers items in the order of their acceptance to takers in the order of their asking", () => {
  const [shelf, user, other] = [new Shelf(), new TestUser(), new TestUser()];
  const early = [user.ask(shelf, "get"), other.ask(shelf, "get")];
  const puts = ["a", "b", "c", "d"].map((value) => user.ask(shelf, "put", value));
  assertEquals(puts.map(({ outcome, value }) => [outcome, value]), new Array(4).fill(["value", true]));
  const late = [other.ask(shelf, "get"), user.ask(shelf, "get"), user.ask(shelf, "get")];
  assertEquals(values([...early, ...late]), ["a", "b", "c", "d", undefined]);
  assertEquals([shelf.store.size, shelf.store.drained, shelf.accepted], [0, false, 4]);
  for (const asked of [late[1], early[0], early[1], late[0]]) asked.keep();
  assertEquals(shelf.taken, [[4, user.holder], [1, user.holder], [2, other.holder], [3, other.holder]]);
  assertEquals(shelf.store.drained, true);
});

Deno.test("an item that was not kept is the first again, whatever has left meanwhile", () => {
  const [shelf, user] = [new Shelf(), new TestUser()];
  const gets = [1, 2, 3].map(() => user.ask(shelf, "get"));
  for (const value of ["a", "b", "c", "d"]) user.ask(shelf, "put", value);
  gets[1].keep();
  gets[2].refuse();
  gets[0].refuse();
  assertEquals(shelf.store.size, 3);
  assertEquals(values([1, 2, 3].map(() => user.ask(shelf, "get"))), ["a", "c", "d"]);
});

Deno.test("what was offered to somebody who dies, and who has others waiting, goes to somebody who lives", () => {
  const [shelf, victim, heir] = [new Shelf(), new TestUser(), new TestUser()];
  const offered = [victim.ask(shelf, "get"), victim.ask(shelf, "get")];
  heir.ask(shelf, "put", "a");
  const waiting = heir.ask(shelf, "get");
  heir.ask(shelf, "put", "b");
  victim.die();
  assertEquals(values([waiting]), ["a"]);
  assertEquals(offered.map(({ outcome }) => outcome), [undefined, undefined]);
  assertEquals(values([heir.ask(shelf, "get")]), ["b"]);
  waiting.keep();
  assertEquals(shelf.taken, [[1, heir.holder]]);
});

Deno.test("the word of one who is dead about an offer changes nothing", () => {
  const [shelf, victim, user] = [new Shelf(), new TestUser(), new TestUser()];
  const offered = victim.ask(shelf, "get");
  user.ask(shelf, "put", "a");
  victim.die();
  offered.request.taken(true);
  offered.request.cancel();
  assertEquals([shelf.store.size, shelf.taken], [1, []]);
});

Deno.test("a taker that is cancelled, or dies, before it is offered anything is not offered anything", () => {
  const [shelf, victim, user] = [new Shelf(), new TestUser(), new TestUser()];
  const cancelled = user.ask(shelf, "get");
  const dead = victim.ask(shelf, "get");
  const last = user.ask(shelf, "get");
  cancelled.request.cancel();
  cancelled.request.cancel();
  victim.die();
  user.ask(shelf, "put", "a");
  assertEquals([cancelled.outcome, dead.outcome, ...values([last])], ["cancelled", "abandoned", "a"]);
});

Deno.test("a cancellation that comes after the offer is left to the taker's own word", () => {
  const [shelf, user] = [new Shelf(), new TestUser()];
  const get = user.ask(shelf, "get");
  user.ask(shelf, "put", "a");
  get.request.cancel();
  assertEquals([get.outcome, get.offer], [undefined, 1]);
  get.refuse();
  assertEquals(shelf.store.size, 1);
});

Deno.test("those who wait to put go on in order as soon as an item has left", () => {
  const [shelf, user] = [new Shelf(), new TestUser()];
  shelf.room = 1;
  const puts = ["a", "b", "c"].map((value) => user.ask(shelf, "put", value));
  assertEquals(puts.map(({ outcome }) => outcome), ["value", undefined, undefined]);
  assertEquals(user.ask(shelf, "tryPut", "no").value, false);
  assertEquals(values([user.ask(shelf, "get")]), ["a"]);
  assertEquals(puts.map(({ outcome }) => outcome), ["value", "value", undefined]);
  assertEquals(values([user.ask(shelf, "get"), user.ask(shelf, "get")]), ["b", "c"]);
});

Deno.test("nobody puts ahead of one who waits to put, even if there is room", () => {
  const [shelf, user] = [new Shelf(), new TestUser()];
  shelf.room = 0;
  const first = user.ask(shelf, "put", "a");
  shelf.room = 2;
  assertEquals(user.ask(shelf, "tryPut", "b").value, false);
  const second = user.ask(shelf, "put", "b");
  shelf.store.admit();
  assertEquals([first.outcome, second.outcome, shelf.store.size], ["value", "value", 2]);
});

Deno.test("a put that is cancelled, or whose maker dies, while it waits leaves nothing", () => {
  const [shelf, victim, user, held] = [new Shelf(), new TestUser(), new TestUser(), new Held()];
  shelf.room = 1;
  user.ask(shelf, "put", "a");
  const waiting = [user.ask(shelf, "put", held.handle), victim.ask(shelf, "put", held.handle)];
  assertEquals(held.held, 1);
  waiting[0].request.cancel();
  victim.die();
  assertEquals([waiting[0].outcome, waiting[1].outcome, held.held], ["cancelled", "abandoned", 0]);
  user.ask(shelf, "get").keep();
  assertEquals([shelf.store.size, shelf.store.drained], [0, true]);
});

Deno.test("handles in an item are held by the store until somebody else has them", () => {
  const [shelf, user, held] = [new Shelf(), new TestUser(), new Held()];
  user.ask(shelf, "put", [held.handle]);
  assertEquals(held.held, 1);
  const get = user.ask(shelf, "get");
  assertEquals(held.held, 2);
  get.refuse();
  assertEquals(held.held, 1);
  const again = user.ask(shelf, "get");
  user.die();
  assertEquals([again.outcome, held.held], [undefined, 1]);
  new TestUser().ask(shelf, "get").keep();
  assertEquals(held.held, 0);
});

Deno.test("ItemStore.discard() gives back what is in the items, and counts them as dead letters", () => {
  const [shelf, user, held] = [new Shelf(), new TestUser(), new Held()];
  const letters: unknown[] = [];
  using _listening = deadLetters.listen((letter) => letters.push(letter));
  user.ask(shelf, "put", held.handle);
  user.ask(shelf, "put", "plain");
  shelf.store.discard("lost item");
  assertEquals([held.held, shelf.store.size, shelf.store.drained], [0, 0, true]);
  const letter = { to: `${isolate.id}#${shelf.slot}`, what: "lost item", deliveries: 0 };
  assertEquals(letters, [{ ...letter, item: "[held for the tests of stores]" }, { ...letter, item: "plain" }]);
});

Deno.test("refusePutters() and refuseTakers() settle those who wait, and only those", () => {
  const [shelf, user, other, held] = [new Shelf(), new TestUser(), new TestUser(), new Held()];
  const gets = [user.ask(shelf, "get"), other.ask(shelf, "get"), user.ask(shelf, "get")];
  shelf.store.refuseTakers(() => new ClosedError("no more"), user.holder);
  assertEquals(gets.map(({ outcome }) => outcome), ["thrown", undefined, "thrown"]);
  assertInstanceOf(gets[0].value, ClosedError);
  shelf.store.refuseTakers(() => new ClosedError("no more"));
  assertEquals(gets[1].outcome, "thrown");
  shelf.room = 1;
  const puts = [user.ask(shelf, "put", "a"), user.ask(shelf, "put", held.handle)];
  shelf.store.refusePutters(() => new ClosedError("no more"));
  assertEquals(puts.map(({ outcome }) => outcome), ["value", "thrown"]);
  assertEquals([held.held, shelf.store.size], [0, 1]);
});

Deno.test("a taker whom the next item does not suit is told so, and the item stays for another", () => {
  const [shelf, user] = [new Shelf(), new TestUser()];
  const picky = user.ask(shelf, "picky");
  const other = user.ask(shelf, "get");
  user.ask(shelf, "put", "plain");
  assertEquals([picky.outcome, ...values([other])], ["thrown", "plain"]);
  user.ask(shelf, "putLabelled", "special");
  assertEquals(values([user.ask(shelf, "picky")]), ["special"]);
});

Deno.test("a store that keeps what was taken holds the handles in it until its owner lets go", () => {
  const [shelf, user, held] = [new Shelf(), new TestUser(), new Held()];
  shelf.keepsTaken = true;
  user.ask(shelf, "put", held.handle);
  user.ask(shelf, "get").keep();
  assertEquals(held.held, 1);
});

Deno.test("an item with moved objects goes to another process as bytes, and its handles are given back once", () => {
  const [shelf, held] = [new Shelf(), new Held()];
  const [user, far] = [new TestUser(), new TestUser(`${isolate.id}/7002`)];
  const moved = new ArrayBuffer(8);
  const body = pack({ handle: held.handle, moved }, "item", destinationOf(shelf), { transfer: [moved] });
  shelf.receive(new Request(user.holder, "put", "", body, undefined));
  const first = far.ask(shelf, "get");
  assertEquals(first.value, { handle: { a: "handle" }, moved: new ArrayBuffer(8) });
  far.die();
  const second = far.ask(shelf, "get");
  assertEquals(second.value, { handle: { a: "handle" }, moved: new ArrayBuffer(8) });
  second.keep();
  // As if what was made to read it had been collected.
  for (const imported of [...holders.get(isolate.id, shelf.slot).imports]) imported.release();
  assertEquals(held.held, 0);
});

Deno.test("a moved object that was lost with a dead taker makes its item a dead letter, and harms nobody", () => {
  const [shelf, victim, user] = [new Shelf(), new TestUser(), new TestUser()];
  const letters: unknown[] = [];
  using _listening = deadLetters.listen((letter) => letters.push(letter.what));
  const moved = [new ArrayBuffer(8)];
  const put = new Request(user.holder, "put", "", { ...EMPTY_PACKET, bytes: new Uint8Array([0xc0]), moved }, undefined);
  shelf.receive(put);
  victim.ask(shelf, "get");
  structuredClone(moved, { transfer: moved });
  victim.die();
  assertEquals([shelf.store.size, shelf.store.drained, letters.length], [0, true, 1]);
});
