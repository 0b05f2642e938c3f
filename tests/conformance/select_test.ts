/** Waiting for several things at once, with their homes in each kind of place, by users in every place. */

import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertRejects } from "@std/assert";
import {
  ClosedError,
  type Connection,
  type EventFlag,
  type JoinableQueue,
  type PlacementName,
  Process,
  Queue,
  type Ref,
  select,
  spawn,
  TimeoutError,
} from "../../mod.ts";
import { Chooser, endWhenTold } from "./fixtures/chooser.ts";
import { inEachPlace } from "./memory_everywhere.ts";
import { PLACEMENTS, range, within } from "./queue_everywhere.ts";

/** One who makes what is waited for, one who waits, and the means to make it. */
class Scene {
  constructor(readonly home: Ref<Chooser>, readonly waiter: Ref<Chooser>) {}

  get call(): Ref<Chooser>["call"] {
    return this.waiter.with({ timeoutMs: 15_000 }).call;
  }

  async queue(...items: unknown[]): Promise<Queue<unknown>> {
    const queue = await this.home.call.queue() as Queue<unknown>;
    for (const item of items) await queue.put(item);
    return queue;
  }

  async flag(): Promise<EventFlag> {
    return await this.home.call.flag() as EventFlag;
  }

  async pipe(): Promise<[Connection<unknown>, Connection<unknown>]> {
    return await this.home.call.pipe() as [Connection<unknown>, Connection<unknown>];
  }

  /** A process in the waiter's kind of place that ends when it is told. */
  async process(): Promise<Process> {
    const process = new Process(endWhenTold, [], { placement: this.waiter.placement, handleSignals: false });
    await process.start();
    return process;
  }
}

/** A case for every pair of a home and a waiter. */
function waiting(
  name: string,
  body: (scene: Scene, home: PlacementName, waiter: PlacementName) => Promise<void>,
): void {
  inEachPlace(name, Chooser, async (living) => {
    for (const home of await living()) {
      for (const waiter of await living()) await body(new Scene(home, waiter), home.placement, waiter.placement);
    }
  });
}

// Sockets are no sources themselves: what comes from one is a connection, as these ends are.
waiting(
  "[WAIT-02] from four who send lines each line comes once, in its sender's order, until all have ended",
  async (scene) => {
    const ends = await Promise.all(range(0, 4).map(() => scene.pipe()));
    const sources = Object.fromEntries(ends.map(([, there], index) => [`end${index}`, there]));
    const all = scene.call.selectAll(sources);
    const lines = range(0, 12).map((line) => `line ${line}`);
    await Promise.all(ends.map(async ([here, there]) => {
      for (const line of lines) await here.sendBytes(new TextEncoder().encode(line));
      await here.close();
      await there.close();
    }));
    const taken = await all;
    for (const index of range(0, 4)) {
      const mine = taken.filter(([key]) => key === `end${index}`).map(([, bytes]) =>
        new TextDecoder().decode(bytes as Uint8Array)
      );
      assertEquals(mine, lines);
    }
  },
);

waiting(
  "[WAIT-03] [WAIT-07] [WAIT-08] when nothing is ready, ready() is empty after its time, and at once without one",
  async (scene) => {
    const [[, a], [, b]] = [await scene.pipe(), await scene.pipe()];
    assertGreaterOrEqual(await scene.call.idle({ a, b }, 100), 90);
    assertGreaterOrEqual(await scene.call.idle({}, 100), 90);
    for (const timeoutMs of [0, -1, -Infinity]) {
      assertEquals(await scene.call.ready({ a, b }, timeoutMs), []);
      assertEquals(await scene.call.ready({}, timeoutMs), []);
      await assertRejects(() => scene.call.select({ a, b }, timeoutMs), TimeoutError);
    }
    const error = await assertRejects(() => scene.call.select({ a, b }, 20), TimeoutError);
    assertEquals(error.timeoutMs, 20);
  },
);

waiting(
  "[WAIT-04] ready() names the one that has something, takes nothing, and select() then takes it",
  async (scene) => {
    const [[here, a], [, b], queue, flag] = [
      await scene.pipe(),
      await scene.pipe(),
      await scene.queue(),
      await scene.flag(),
    ];
    await here.send("message");
    const sources = { a, b, queue, flag };
    assertEquals(await scene.call.ready(sources, 0), ["a"]);
    assertEquals(await scene.call.ready(sources, 5000), ["a"]);
    assertEquals(await scene.call.select(sources, 5000), { key: "a", value: "message" });
    assertEquals(await scene.call.ready(sources, 0), []);
    await queue.put(1);
    await flag.set();
    assertEquals(await scene.call.ready(sources, 5000), ["queue", "flag"]);
    assertEquals(await queue.size(), 1);
  },
);

waiting("[WAIT-05] a process is ready once it has ended, and stays so", async (scene) => {
  const [[, a], [, b], process] = [await scene.pipe(), await scene.pipe(), await scene.process()];
  assertEquals(await scene.call.ready({ a, process, b }, 0), []);
  const [readied, selected] = [
    scene.call.ready({ a, process, b }, 15_000),
    scene.call.select({ a, process, b }, 15_000),
  ];
  await process.send("end");
  assertEquals(await readied, ["process"]);
  assertEquals(await selected, { key: "process", value: { code: 0, reason: "normal" } });
  for (const timeoutMs of [0, 5000]) {
    assertEquals(await scene.call.ready({ a, process }, timeoutMs), ["process"]);
    assertEquals((await scene.call.select({ a, process }, timeoutMs)).key, "process");
  }
});

waiting(
  "[WAIT-09] [WAIT-10] an end whose peer has closed is ready, and select() passes it over; one's own is an error",
  async (scene) => {
    const [[here, a], [other, b]] = [await scene.pipe(), await scene.pipe()];
    await here.send("last");
    await here.close();
    assertEquals(await scene.call.ready({ a, b }, 0), ["a"]);
    assertEquals((await scene.call.select({ a, b }, 5000)).value, "last");
    assertEquals(await scene.call.ready({ a, b }, 5000), ["a"]);
    await other.send("more");
    assertEquals(await scene.call.select({ a, b }, 5000), { key: "b", value: "more" });
    await other.close();
    await assertRejects(() => scene.call.select({ a, b }, 5000), ClosedError, "every source has ended");
    await assertRejects(() => scene.call.select({ a, b }, 0), ClosedError);
    const [, mine] = await scene.pipe();
    const [, open] = await scene.pipe();
    await assertRejects(() => scene.call.closeAndWait(mine, open), ClosedError);
  },
);

// Python's wait() fails with KeyError.
waiting("[WAIT-11] what stands under two keys is waited for once", async (scene) => {
  const queue = await scene.queue("one", "two");
  assertEquals(await scene.call.ready({ first: queue, again: queue }, 0), ["first"]);
  assertEquals(await scene.call.select({ first: queue, again: queue }, 5000), { key: "first", value: "one" });
  assertEquals(await queue.size(), 1);
});

waiting(
  "[BEAT-30] whatever is ready, each select() takes exactly one from exactly one, and none when time ends it",
  async (scene) => {
    const [queue, other] = [await scene.queue(), await scene.queue()];
    const [[here, end], flag, process] = [await scene.pipe(), await scene.flag(), await scene.process()];
    const sources = { queue, other, end, flag, process };
    await assertRejects(() => scene.call.select(sources, 1), TimeoutError);
    // Each comes alone at first: whoever waits gets just that.
    const fire: [string, () => Promise<unknown>][] = [
      ["queue", () => queue.put("item")],
      ["end", () => here.send("message")],
      ["other", () => other.put("item")],
      ["flag", () => flag.set()],
    ];
    for (const [key, ready] of fire) {
      const selected = scene.call.select(sources, 15_000);
      await ready();
      assertEquals((await selected).key, key);
    }
    await flag.clear();
    const selected = scene.call.select(sources, 15_000);
    await process.send("end");
    assertEquals((await selected).key, "process");
    // Then all at once: what lasts (the flag, the process) is not used up, and keeps none of the others from its turn.
    for (const n of range(0, 6)) await Promise.all([queue.put(n), other.put(n), here.send(n)]);
    await flag.set();
    const taken: Record<string, unknown[]> = { queue: [], other: [], end: [], flag: [], process: [] };
    for (const [key, value] of await scene.call.selectUntil(sources, 18)) taken[key].push(value);
    for (const key of ["queue", "other", "end"]) assertEquals(taken[key], range(0, 6));
    assert(taken.flag.length > 0 && taken.process.length > 0);
    await flag.clear();
    assertEquals((await scene.call.select(sources, 0)).key, "process");
    await assertRejects(() => scene.call.select({ queue, other, end, flag }, 0), TimeoutError);
  },
);

waiting("a select() that gives up at any moment has taken nothing, or gives what it took", async (scene) => {
  const [queue, [here, end], flag] = [await scene.queue(), await scene.pipe(), await scene.flag()];
  const count = 30;
  const taken: unknown[] = [];
  const feeding = (async () => {
    for (const n of range(0, count)) await Promise.all([queue.put(n), here.send(count + n)]);
  })();
  for (let round = 0; round < 60; round++) {
    const selected = await scene.call.selectForTurns({ queue, end, flag }, round % 5);
    if (selected !== undefined) taken.push(selected.value);
  }
  await feeding;
  await queue.close();
  await here.close();
  for (const [, value] of await scene.call.selectAll({ queue, end })) taken.push(value);
  const numbers = taken as number[];
  assertEquals(numbers.filter((n) => n < count), range(0, count));
  assertEquals(numbers.filter((n) => n >= count), range(count, 2 * count));
});

waiting("an item of a joinable queue that was selected is open until its taker says that it is done", async (scene) => {
  const queue = await scene.home.call.joinable() as JoinableQueue<unknown>;
  await queue.put("job");
  assertEquals(await select({ queue }), { key: "queue", value: "job" });
  await assertRejects(() => queue.join({ timeoutMs: 0 }), TimeoutError);
  await queue.taskDone("job");
  await queue.join({ timeoutMs: 5000 });
  await queue.put("second");
  assertEquals((await scene.call.select({ queue }, 5000)).value, "second");
});

inEachPlace(
  "a source whose home dies has ended: the others go on, and the last one's end is ClosedError",
  Chooser,
  async (living) => {
    for (const waiter of await living()) {
      for (const placement of ["thread", "process"] as const) {
        const [first, second] = [await spawn(Chooser, [], { placement }), await spawn(Chooser, [], { placement })];
        const sources = {
          far: await first.call.queue() as Queue<unknown>,
          flag: await first.call.flag() as EventFlag,
          end: (await first.call.pipe() as [Connection<unknown>, Connection<unknown>])[0],
          near: await second.call.queue() as Queue<unknown>,
        };
        const { call } = waiter.with({ timeoutMs: 15_000 });
        const selected = call.select(sources, 15_000);
        await first.kill();
        await sources.near.put("near");
        assertEquals(await selected, { key: "near", value: "near" });
        assertEquals(await call.ready(sources, 0), ["far", "flag", "end"]);
        const last = assertRejects(() => call.select(sources, 15_000), ClosedError);
        await second.kill();
        await last;
        await assertRejects(() => call.select(sources, 0), ClosedError);
      }
    }
  },
);

inEachPlace(
  "who is killed while it selects takes nothing, and neither the others nor the sources mind",
  Chooser,
  async (living) => {
    for (const home of await living()) {
      for (const placement of PLACEMENTS) {
        const [queue, flag] = [await home.call.queue() as Queue<unknown>, await home.call.flag() as EventFlag];
        const said = new Queue<string>();
        const victims = await Promise.all(range(0, 2).map(() => spawn(Chooser, [], { placement })));
        for (const victim of victims) {
          victim.with({ timeoutMs: Infinity }).call.wait({ queue, flag }, said).catch(
            () => {},
          );
        }
        for (const _victim of victims) await said.get();
        const survivor = select({ queue, flag });
        for (const victim of victims) await victim.kill();
        const start = performance.now();
        await queue.put("item");
        assertEquals(await within(5000, survivor), { key: "queue", value: "item" });
        await flag.set();
        assertGreater(1000, performance.now() - start);
        assertEquals(await queue.size(), 0);
      }
    }
  },
);

inEachPlace("select() is not kept from what is near by a far one, nor from it", Chooser, async (living) => {
  // Both always have something: each must come again and again.
  for (const far of await living()) {
    const sources = { near: new Queue<number>(), far: await far.call.queue() as Queue<number> };
    for (const n of range(0, 300)) await Promise.all([sources.near.put(n), sources.far.put(n)]);
    const taken = { near: 0, far: 0 };
    for (const _time of range(0, 200)) taken[(await select(sources)).key]++;
    assertGreater(taken.near, 0, `near, ${far.placement}`);
    assertGreater(taken.far, 0, `far, ${far.placement}`);
  }
});
