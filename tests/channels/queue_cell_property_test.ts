/** Random schedules of what users of a queue can do, dying included: everything settles, nothing is lost or doubled. */

import { assert, assertEquals, assertInstanceOf, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { ClosedError } from "../../channels/errors.ts";
import { JoinableQueueCell } from "../../channels/joinable_queue_cell.ts";
import { Cell } from "../../channels/kernel/cell.ts";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";
import { QueueCell } from "../../channels/queue_cell.ts";
import { type Asked, TestUser } from "./test_user.ts";

const SEED = 20_260_103;
const USERS = 4;
const MAX_DELIVERIES = 2;

const KIND = "held for the property tests of queues";
handleKind(KIND, { leased: true, revive: () => ({}) });

/** A cell to which every third item has a handle. */
class Held extends Cell {
  readonly handle: object = new (class Handle {})();
  constructor() {
    super();
    enroll(this.handle, () => ({ kind: KIND, target: this, meta: null }));
  }
  receive(): void {}
}

const user = fc.nat(USERS - 1);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("put" as const), user }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("tryPut" as const), user }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("get" as const), user }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("tryGet" as const), user }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("keep" as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse" as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("taskDone" as const), user }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("kill" as const), user }) },
);
const schedule = fc.record({
  maxSize: fc.constantFrom(0, 1, 2, 5),
  steps: fc.array(step, { minLength: 5, maxLength: 120, size: "max" }),
  closeAt: fc.nat(150),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Item {
  readonly by: number;
  readonly number: number;
}

/** A queue with users, and what a simple queue would have done in its place. */
class World {
  readonly held = new Held();
  readonly users = Array.from({ length: USERS }, () => new TestUser());
  readonly puts: { readonly asked: Asked; readonly item: Item }[] = [];
  readonly gets: Asked[] = [];
  readonly kept: Item[] = [];
  /** How often each item was kept by somebody. */
  readonly deliveries = new Map<string, number>();
  /** What nobody has been offered, or has come back: the home's numbers, in order. */
  available: number[] = [];
  closed = false;
  /** Whether the first item must be the first that is offered: not while the dead give theirs back, one by one. */
  #ordered: boolean;
  #toldOfTheEnd = 0;
  #accepted = 0;
  #puts = 0;

  constructor(readonly cell: QueueCell, readonly maxSize: number) {
    this.#ordered = !(cell instanceof JoinableQueueCell);
  }

  take(step: Step): void {
    switch (step.do) {
      case "put":
      case "tryPut":
        return this.#put(step.user, step.do);
      case "get":
      case "tryGet":
        this.gets.push(this.users[step.user].ask(this.cell, step.do, undefined, (asked) => this.#offered(asked)));
        return;
      case "keep":
        return this.#pick(this.offers, step.which, (asked) => this.keep(asked));
      case "refuse":
        return this.#pick(this.offers, step.which, (asked) => {
          this.#back(asked);
          asked.refuse();
        });
      case "cancel":
        return this.#pick(this.open, step.which, (asked) => asked.request.cancel());
      case "taskDone":
        this.users[step.user].ask(this.cell, "taskDone");
        return;
      case "kill":
        return this.kill(step.user);
    }
  }

  get offers(): Asked[] {
    return this.gets.filter(({ offer }) => offer !== undefined);
  }

  get open(): Asked[] {
    return [...this.puts.map(({ asked }) => asked), ...this.gets].filter(({ request }) => request.open);
  }

  keep(asked: Asked): void {
    const { by, number } = asked.value as Item;
    this.kept.push({ by, number });
    this.deliveries.set(`${by}:${number}`, (this.deliveries.get(`${by}:${number}`) ?? 0) + 1);
    asked.keep();
  }

  /** A user dies, and another comes in his place. */
  kill(which: number): void {
    const { slot } = this.users[which].holder;
    for (const asked of this.offers) {
      if (asked.holder.slot !== slot) continue;
      this.#back(asked);
      asked.offer = undefined;
      asked.outcome = "abandoned";
    }
    const ordered = this.#ordered;
    this.#ordered = false;
    this.users[which].die();
    this.#ordered = ordered;
    this.users[which] = new TestUser();
  }

  /** What must hold between any two steps. */
  check(): void {
    const waitingGets = this.gets.filter(({ request }) => request.open).length;
    const waitingPuts = this.puts.filter(({ asked }) => asked.request.open).length;
    const size = this.users[0].ask(this.cell, "size").value as number;
    assert(waitingGets === 0 || size === 0, "somebody waits for an item, and there is one");
    assert(
      waitingPuts === 0 || (this.maxSize > 0 && size >= this.maxSize),
      "somebody waits for room, and there is some",
    );
    if (this.closed) assertEquals(waitingPuts, 0);
    const toldOfTheEnd = this.gets.filter(({ outcome }) => outcome === "thrown").length;
    if (toldOfTheEnd > this.#toldOfTheEnd) {
      assertEquals([size, this.offers.length], [0, 0], "there may be more to come");
    }
    this.#toldOfTheEnd = toldOfTheEnd;
  }

  #put(by: number, verb: "put" | "tryPut"): void {
    const item = { by, number: ++this.#puts };
    const value = item.number % 3 === 0 ? { ...item, handle: this.held.handle } : item;
    const asked = this.users[by].ask(this.cell, verb, value);
    this.puts.push({ asked, item });
  }

  #offered(asked: Asked): void {
    // An item never seen before is the next in the order of acceptance.
    while (this.#accepted < asked.offer!) this.available.push(++this.#accepted);
    if (this.#ordered) assertEquals(asked.offer, this.available[0], "the first item is offered first");
    this.available = this.available.filter((number) => number !== asked.offer);
  }

  #back({ offer }: Asked): void {
    this.available = [...this.available, offer!].sort((a, b) => a - b);
  }

  #pick(among: Asked[], which: number, then: (asked: Asked) => void): void {
    if (among.length > 0) then(among[which % among.length]);
  }
}

function run(world: World, { steps, closeAt }: { steps: Step[]; closeAt: number }): void {
  for (const [at, step] of steps.entries()) {
    if (at === closeAt) close(world);
    world.take(step);
    world.check();
  }
  close(world);
  world.check();
}

function close(world: World): void {
  world.closed = true;
  world.users[0].ask(world.cell, "close");
}

/** Takes all that is left, until the queue says that nothing will come any more. */
function drain(world: World): void {
  const reader = new TestUser();
  for (let n = 0;; n++) {
    assertLessOrEqual(n, world.puts.length * MAX_DELIVERIES, "a drained queue ends");
    const asked = reader.ask(world.cell, "get");
    world.gets.push(asked);
    if (asked.outcome !== undefined) {
      assertInstanceOf(asked.value, ClosedError);
      return;
    }
    assert(asked.offer !== undefined, "a closed queue has an item or has ended");
    world.keep(asked);
    reader.ask(world.cell, "taskDone");
  }
}

/** Whose put was accepted, as far as anybody was told; of the others nobody knows. */
function accepted(world: World): string[] {
  return world.puts.filter(({ asked }) => asked.outcome === "value" && asked.value === true)
    .map(({ item }) => `${item.by}:${item.number}`);
}

function refused(world: World): Set<string> {
  return new Set(
    world.puts.filter(({ asked }) => asked.outcome !== "value" || asked.value !== true)
      .map(({ item }) => `${item.by}:${item.number}`),
  );
}

Deno.test("Queue: whatever its users do, and whoever dies when, each accepted item is kept once, and all settles", () => {
  fc.assert(
    fc.property(schedule, (schedule) => {
      const world = new World(new QueueCell(schedule.maxSize), schedule.maxSize);
      run(world, schedule);
      for (const asked of world.offers) world.keep(asked);
      drain(world);
      assertEquals([...world.deliveries.keys()].toSorted(), accepted(world).toSorted());
      assertEquals([...world.deliveries.values()].every((times) => times === 1), true);
      for (const { outcome } of [...world.puts.map(({ asked }) => asked), ...world.gets]) assert(outcome !== undefined);
      assertEquals(world.held.holdersOf(KIND), 0);
    }),
    { numRuns: 250, seed: SEED },
  );
});

Deno.test("JoinableQueue: the same, but an item of a dead taker may be kept again, and join() resolves when all is done", () => {
  fc.assert(
    fc.property(schedule, (schedule) => {
      const world = new World(new JoinableQueueCell(schedule.maxSize, MAX_DELIVERIES), schedule.maxSize);
      const letters: string[] = [];
      using _listening = deadLetters.listen(({ what }) => letters.push(what));
      run(world, schedule);
      const join = new TestUser().ask(world.cell, "join");
      for (let which = 0; which < USERS; which++) world.kill(which);
      drain(world);
      const all = accepted(world);
      for (const [item, times] of world.deliveries) {
        assert(!refused(world).has(item), "a put that was not accepted has put nothing");
        assertLessOrEqual(times, MAX_DELIVERIES);
      }
      assertEquals([...world.deliveries.keys()].toSorted(), all.toSorted());
      assertEquals(join.outcome, "value");
      // Given as often as may be, and never acknowledged.
      assertLessOrEqual(letters.length, [...world.deliveries.values()].filter((n) => n === MAX_DELIVERIES).length);
      assertEquals(world.held.holdersOf(KIND), 0);
    }),
    { numRuns: 250, seed: SEED },
  );
});

Deno.test("Queue: as long as nothing comes back, what one user put is kept in the order in which it was put", () => {
  fc.assert(
    fc.property(schedule, (schedule) => {
      const steps = schedule.steps.filter((step) => step.do !== "kill" && step.do !== "refuse")
        .map((step) => step.do === "keep" ? { ...step, which: 0 } : step);
      const world = new World(new QueueCell(schedule.maxSize), schedule.maxSize);
      run(world, { steps, closeAt: schedule.closeAt });
      for (const asked of world.offers) world.keep(asked);
      drain(world);
      for (let by = 0; by < USERS; by++) {
        const numbers = world.kept.filter((item) => item.by === by).map(({ number }) => number);
        assertEquals(numbers, numbers.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 100, seed: SEED },
  );
});
