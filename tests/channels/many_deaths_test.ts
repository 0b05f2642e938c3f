/**
 * All that a stranger may hold by its quota is settled at its death in about the time that taking it took: the loop does
 * nothing else meanwhile.
 */
import { assertEquals, assertLess } from "@std/assert";
import { JoinableQueueCell } from "../../channels/joinable_queue_cell.ts";
import type { Cell } from "../../channels/kernel/cell.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { QueueCell } from "../../channels/queue_cell.ts";
import { ConditionCell } from "../../channels/sync/condition_cell.ts";
import { Lock } from "../../mod.ts";
import { passagesOf } from "../../channels/kernel/handle.ts";
import { holders } from "../../channels/kernel/holder.ts";
import { Request } from "../../channels/kernel/request.ts";
import { EMPTY_PACKET } from "../../channels/kernel/packet.ts";
import { cpuMs, growth } from "../cpu_time.ts";
import { type Asked, TestUser } from "./test_user.ts";

const COUNT = 16_000;
let isolates = 0;

/** Has many users in one isolate hold something, and measures how long their death takes. */
async function deathMs(hold: (users: TestUser[]) => void, count: number): Promise<number> {
  const away = `${isolate.id}.${7100 + ++isolates}`;
  hold(Array.from({ length: count }, () => new TestUser(away)));
  return await cpuMs(() => {
    holders.sweepIsolate(away);
  });
}

function testDeath(name: string, make: () => { hold(users: TestUser[]): void; check?(count: number): void }): void {
  Deno.test(`${name} is settled at the same cost each`, async () => {
    const cost = (count: number) => {
      const { hold, check } = make();
      return deathMs(hold, count).then((ms) => (check?.(count), ms));
    };
    await cost(COUNT);
    assertLess(await growth(COUNT, cost), 10);
  });
}

/** In an order that is neither that of coming nor its opposite. */
function shuffled<T>(all: readonly T[]): T[] {
  return all.map((_, at) => all[at * 7919 % all.length]);
}

testDeath("the death of many who wait for a lock", () => {
  const lock = new Lock();
  const cell = passagesOf(lock)![0].target as Cell;
  void lock.acquire();
  return { hold: (users) => users.forEach((user) => ask(user, cell, "acquire", "0 -1")) };
});

testDeath("the death of many who were notified by a condition, and have not said that they heard it", () => {
  const cell = new ConditionCell();
  const hold = (users: TestUser[]) => {
    users.forEach((user) => ask(user, cell, "enlist"));
    users.forEach((user, at) => ask(user, cell, "await", String(at + 1)));
    ask(users[0], cell, "notify", String(users.length));
  };
  return { hold };
});

testDeath("the death of many who wait for an item, and came in another order", () => {
  const cell = new QueueCell(0);
  return {
    hold(users) {
      users.forEach((user) => user.ask(cell, "poll"));
      shuffled(users).forEach((user) => user.ask(cell, "get"));
    },
  };
});

testDeath("the death of one who has taken many items of a queue, and said nothing", () => {
  const cell = new QueueCell(0);
  return {
    hold([user, ...others]) {
      for (let n = 0; n <= others.length; n++) user.ask(cell, "put", n);
      for (let n = 0; n <= others.length; n++) user.ask(cell, "get");
    },
    check(count) {
      const asked = ["get", "get"].map((verb) => new TestUser().ask(cell, verb));
      assertEquals([asked.map(({ value }) => value), cell.describe()], [[0, 1], `${count - 2} items`]);
    },
  };
});

testDeath("the death of one who has many open items of a joinable queue", () => {
  const cell = new JoinableQueueCell(0, Infinity);
  return {
    hold([user, ...others]) {
      for (let n = 0; n <= others.length; n++) user.ask(cell, "put", n);
      for (let n = 0; n <= others.length; n++) user.ask(cell, "get", undefined, (asked: Asked) => asked.keep());
    },
    check() {
      const asked = ["get", "get"].map((verb) => new TestUser().ask(cell, verb));
      assertEquals(asked.map(({ value }) => value), [0, 1]);
    },
  };
});

function ask(user: TestUser, cell: Cell, verb: string, detail: string = ""): void {
  const asker = { settled() {}, offered() {}, abandoned() {} };
  cell.receive(new Request(user.holder, verb, detail, EMPTY_PACKET, asker));
}
