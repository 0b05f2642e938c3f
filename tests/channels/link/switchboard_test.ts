import { assertEquals, assertNotEquals } from "@std/assert";
import { RingReader, RingWriter } from "../../../channels/link/ring.ts";
import { Switchboard } from "../../../channels/link/switchboard.ts";

Deno.test("a member is found by its id, from wherever the memory is seen, until it leaves", () => {
  const board = new Switchboard();
  const there = new Switchboard(board.memory);
  const one = board.admit("f00d")!;
  const other = there.admit("f00d.1")!;
  assertNotEquals(one, other);
  assertEquals([there.find("f00d"), board.find("f00d.1"), board.find("f00d.")], [one, other, undefined]);
  assertEquals([board.idOf(other), board.members], ["f00d.1", [one, other]]);
  board.leave(other, "f00d.2");
  assertEquals(board.find("f00d.1"), other);
  there.leave(other, "f00d.1");
  assertEquals([board.find("f00d.1"), board.members], [undefined, [one]]);
});

Deno.test("an id that is too long for a record is no member's", () => {
  assertEquals(new Switchboard().admit(`f00d${".1".repeat(200)}`), undefined);
});

Deno.test("what is written to a lane is read by whom it leads to, who is told of the lane", () => {
  const board = new Switchboard();
  const [one, other] = [board.admit("a")!, board.admit("b")!];
  const news = board.news(other);
  new RingWriter(board.claim(one, other, "b")!).write(new Uint8Array([1, 2, 3]));
  assertNotEquals(board.news(other), news);
  const lanes = new Switchboard(board.memory).lanesTo(other);
  assertEquals(lanes.map(({ from }) => from), [one]);
  assertEquals(new RingReader(lanes[0].ring).read(false), new Uint8Array([1, 2, 3]));
  assertEquals(board.lanesTo(one), []);
});

Deno.test("no lane leads to one who has left, whoever has its place by now", () => {
  const board = new Switchboard();
  const [one, other] = [board.admit("a")!, board.admit("b")!];
  board.leave(other, "b");
  assertEquals(board.claim(one, other, "b"), undefined);
  assertEquals(board.lanesTo(other), []);
});

Deno.test("a place is given again only when nobody names it any more, and its lanes come back empty", () => {
  const board = new Switchboard();
  const one = board.admit("a")!;
  const other = board.admit("b")!;
  new RingWriter(board.claim(one, other, "b")!).write(new Uint8Array(100));
  board.leave(other, "b");
  const rest: number[] = [];
  for (let member = board.admit("x"); member !== undefined; member = board.admit(`x${rest.length}`)) rest.push(member);
  assertEquals(rest.includes(other), false);
  board.part(one, other);
  assertEquals(board.admit("c"), other);
  assertEquals(board.lanesTo(other), []);
  assertEquals(new RingReader(board.claim(one, other, "c")!).waiting, false);
});

Deno.test("lanes run out, and those come back of which nobody is left", () => {
  const board = new Switchboard();
  const members = Array.from({ length: 40 }, (_, at) => board.admit(`m${at}`)!);
  const claim = (from: number, to: number) => board.claim(from, to, board.idOf(to)) !== undefined;
  let claimed = 0;
  for (const from of members) for (const to of members) if (from !== to && claim(from, to)) claimed++;
  assertEquals(claimed, 1024);
  const [first, second, ...others] = members;
  const [one, other] = others.slice(-2);
  assertEquals(claim(one, other), false);
  // The two lanes between these, and no other that one of them has with the living.
  board.leave(first, "m0");
  board.leave(second, "m1");
  assertEquals([claim(one, other), claim(other, one), claim(one, others[0])], [true, true, false]);
});
