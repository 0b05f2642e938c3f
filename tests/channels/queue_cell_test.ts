import { assertEquals, assertInstanceOf } from "@std/assert";
import { ClosedError } from "../../channels/errors.ts";
import { JoinableQueueCell } from "../../channels/joinable_queue_cell.ts";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { PRODUCER, QueueCell } from "../../channels/queue_cell.ts";
import { type Asked, TestUser } from "./test_user.ts";

const thrown = ({ outcome, value }: Asked, Class: new (...args: never[]) => Error) => {
  assertEquals(outcome, "thrown");
  assertInstanceOf(value, Class);
};

for (const make of [() => new QueueCell(0), () => new JoinableQueueCell(0, 2)]) {
  const name = make().constructor.name;

  Deno.test(`${name} refuses what it does not understand`, () => {
    thrown(new TestUser().ask(make(), "dance"), TypeError);
  });

  Deno.test(`${name} counts as ended only when nothing can come back any more`, () => {
    const [cell, user] = [make(), new TestUser()];
    user.ask(cell, "put", 1);
    const taker = user.ask(cell, "get");
    user.ask(cell, "close");
    const waiting = user.ask(cell, "get");
    const tried = user.ask(cell, "tryGet");
    assertEquals([waiting.outcome, tried.outcome, tried.value], [undefined, "value", undefined]);
    taker.refuse();
    assertEquals([waiting.value, waiting.outcome], [1, undefined]);
    const last = user.ask(cell, "get");
    waiting.keep();
    thrown(last, ClosedError);
    thrown(user.ask(cell, "tryGet"), ClosedError);
  });

  Deno.test(`${name} is closed by the end of its last producer, and not by that of one who never was any`, () => {
    const [cell, one, other, third] = [make(), new TestUser(), new TestUser(), new TestUser()];
    for (const user of [one, one, other]) assertEquals(user.ask(cell, "produce").outcome, "value");
    const reader = third.ask(cell, "get");
    third.die();
    cell.changeLease(PRODUCER, one.holder, -1);
    other.die();
    assertEquals(reader.outcome, "abandoned");
    assertEquals(one.ask(cell, "put", 1).value, true);
    cell.changeLease(PRODUCER, one.holder, -1);
    thrown(one.ask(cell, "put", 2), ClosedError);
    thrown(one.ask(cell, "produce"), ClosedError);
    assertEquals(one.ask(cell, "size").value, 1);
  });

  Deno.test(`${name} keeps a put that was accepted before its maker died, and not one that was not`, () => {
    const Class = make().constructor as new (maxSize: number, maxDeliveries: number) => QueueCell;
    const [cell, victim, user] = [new Class(1, 2), new TestUser(), new TestUser()];
    const puts = [victim.ask(cell, "put", "accepted"), victim.ask(cell, "put", "waiting")];
    victim.die();
    assertEquals(puts.map(({ outcome }) => outcome), ["value", "abandoned"]);
    const got = user.ask(cell, "get");
    assertEquals(got.value, "accepted");
    got.keep();
    assertEquals(user.ask(cell, "size").value, 0);
  });
}

Deno.test("JoinableQueueCell answers taskDone with the oldest item of who asks, or the one asked for", () => {
  const [cell, user, other] = [new JoinableQueueCell(0, 2), new TestUser(), new TestUser()];
  for (const value of ["a", "b", "c", "d"]) user.ask(cell, "put", value);
  for (const who of [user, other, user, user]) who.ask(cell, "get").keep();
  const join = user.ask(cell, "join");
  assertEquals(user.ask(cell, "taskDone", 3).value, 3);
  thrown(user.ask(cell, "taskDone", 3), RangeError);
  thrown(user.ask(cell, "taskDone", 2), RangeError);
  assertEquals([user.ask(cell, "taskDone").value, user.ask(cell, "taskDone").value], [1, 4]);
  thrown(user.ask(cell, "taskDone"), RangeError);
  assertEquals(join.outcome, undefined);
  assertEquals(other.ask(cell, "taskDone").value, 2);
  assertEquals([join.outcome, user.ask(cell, "join").outcome], ["value", "value"]);
});

Deno.test("JoinableQueueCell gives the open items of who dies, or has abandoned them, to others, in their order", () => {
  for (const end of ["die", "abandon"] as const) {
    const [cell, victim, user] = [new JoinableQueueCell(0, 2), new TestUser(), new TestUser()];
    for (const value of ["a", "b", "c"]) user.ask(cell, "put", value);
    for (let n = 0; n < 3; n++) victim.ask(cell, "get").keep();
    victim.ask(cell, "taskDone", 2);
    if (end === "die") victim.die();
    else victim.ask(cell, "abandon");
    if (end === "abandon") thrown(victim.ask(cell, "taskDone"), RangeError);
    const again = [user.ask(cell, "get"), user.ask(cell, "get")];
    assertEquals(again.map(({ value }) => value), ["a", "c"]);
    for (const asked of again) asked.keep();
    const join = user.ask(cell, "join");
    for (const _item of again) user.ask(cell, "taskDone");
    assertEquals([join.outcome, user.ask(cell, "size").value], ["value", 0]);
  }
});

Deno.test("JoinableQueueCell makes dead letters of items that were given too often, and they count as done", () => {
  const [cell, user] = [new JoinableQueueCell(0, 2), new TestUser()];
  const letters: string[] = [];
  using _listening = deadLetters.listen(({ what }) => letters.push(what));
  for (const value of ["a", "b"]) user.ask(cell, "put", value);
  const join = user.ask(cell, "join");
  for (const _round of [1, 2]) {
    assertEquals([letters.length, join.outcome], [0, undefined]);
    const victim = new TestUser();
    for (let n = 0; n < 2; n++) victim.ask(cell, "get").keep();
    victim.die();
  }
  assertEquals([letters, join.outcome, user.ask(cell, "size").value], [
    ["item of a queue", "item of a queue"],
    "value",
    0,
  ]);
});

Deno.test("JoinableQueueCell: a join() that gave up, or whose asker died, is not answered", () => {
  const [cell, user, victim] = [new JoinableQueueCell(0, 2), new TestUser(), new TestUser()];
  user.ask(cell, "put", "a");
  const joins = [user.ask(cell, "join"), victim.ask(cell, "join"), user.ask(cell, "join")];
  joins[0].request.cancel();
  victim.die();
  user.ask(cell, "get").keep();
  user.ask(cell, "taskDone");
  assertEquals(joins.map(({ outcome }) => outcome), ["cancelled", "abandoned", "value"]);
});
