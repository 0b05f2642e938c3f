/**
 * A reader in another process is given several items in a frame. Nobody is to notice: what it has not begun is everybody's,
 * whatever becomes of it.
 */

import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { delay } from "@std/async";
import { Process, Queue, select } from "../../mod.ts";
import { firstSeed, rounds } from "../soak.ts";
import { boundedWithChildren, range, until, within } from "./bounded.ts";
import { random } from "./fixtures/random.ts";
import { readAndTell, readByLoops, type Whim } from "./fixtures/queue_readers.ts";

const ITEMS = 2000;
/** After so many it has certainly been lent some. */
const DEEP = 500;

interface Reading {
  readonly queue: Queue<number>;
  readonly told: Queue<number>;
  readonly reader: Process<void>;
}

/** A queue that holds all items, and a subprocess that reads it and has taken so many. */
async function readSome(whim: Whim, after = DEEP): Promise<Reading> {
  const queue = new Queue<number>();
  const told = new Queue<number>();
  for (const item of range(0, ITEMS)) await queue.put(item);
  const reader = new Process(readAndTell, [queue, told, after, whim], { placement: "process" });
  await reader.start();
  await until(async () => await told.size() >= DEEP, "the reader has taken its items");
  return { queue, told, reader };
}

/** All that is in a queue, which nobody puts to. */
async function drained(queue: Queue<number>): Promise<number[]> {
  await queue.close();
  return await within(10_000, Array.fromAsync(queue));
}

boundedWithChildren("a reader in another process gets every item once, in order", async () => {
  const { queue, told, reader } = await readSome("pause", ITEMS + 1);
  await queue.close();
  await within(20_000, reader.exited);
  assertEquals(await drained(told), range(0, ITEMS));
});

boundedWithChildren(
  "items that a reader in another process has not begun, and does not want, are everybody's in their order",
  async () => {
    const { queue, told, reader } = await readSome("leave");
    assertEquals(await within(5000, queue.get()), DEEP);
    assertEquals(await queue.tryGet(), { value: DEEP + 1 });
    assertEquals(await queue.size(), ITEMS - DEEP - 2);
    assertEquals(await drained(queue), range(DEEP + 2, ITEMS));
    assertEquals(await drained(told), range(0, DEEP));
    await reader.kill();
  },
);

boundedWithChildren("select and tryGet find items that a reader in another process has not begun", async () => {
  for (
    const take of [
      async (queue: Queue<number>) => (await queue.tryGet())?.value,
      async (queue: Queue<number>) => (await select({ queue }, { timeoutMs: 5000 })).value,
      async (queue: Queue<number>) => await queue.get({ timeoutMs: 5000 }),
    ]
  ) {
    const queue = new Queue<number>();
    const told = new Queue<number>();
    const reader = new Process(readAndTell, [queue, told, DEEP, "leave"], { placement: "process" });
    await reader.start();
    for (const item of range(0, DEEP + 20)) await queue.put(item);
    await until(async () => await told.size() === DEEP, "the reader has taken its items");
    for (const item of range(DEEP, DEEP + 20)) assertEquals(await take(queue), item);
    assertEquals(await queue.tryGet(), undefined);
    await reader.kill();
  }
});

boundedWithChildren(
  "items that a killed reader had not begun are everybody's, whether it was computing or waiting",
  async () => {
    for (const whim of ["spin", "leave", "pause"] as const) {
      const { queue, told, reader } = await readSome(whim);
      await reader.kill();
      const taken = await drained(told);
      const rest = await drained(queue);
      // One may be begun and not be told yet, and one be told before the home knew that it was begun.
      const all = new Set([...taken, ...rest]);
      assertLessOrEqual(ITEMS - all.size, 1, `${whim}: something is missing`);
      assertLessOrEqual(taken.length + rest.length - all.size, 1, `${whim}: something came twice`);
      assertEquals(rest, rest.toSorted((a, b) => a - b), whim);
    }
  },
);

boundedWithChildren("a reader that computes keeps few items from others", async () => {
  const { queue, told, reader } = await readSome("spin");
  const rest = queue.close().then(() => Array.fromAsync(queue));
  await until(async () => await queue.size() <= 64, "all but a few are taken");
  await reader.kill();
  const all = [...await drained(told), ...await within(5000, rest)];
  assertEquals(all.toSorted((a, b) => a - b).filter((item, at, sorted) => item !== sorted[at - 1]), range(0, ITEMS));
});

boundedWithChildren(
  "several readers in other processes share the items of a queue, and none is lost or comes twice",
  async () => {
    const queue = new Queue<number>();
    const told = new Queue<number>();
    const readers = range(0, 3).map(() =>
      new Process(readAndTell, [queue, told, ITEMS + 1, "pause"], { placement: "process" })
    );
    await Promise.all(readers.map((reader) => reader.start()));
    for (const item of range(0, 3 * ITEMS)) await queue.put(item);
    await queue.close();
    await within(30_000, Promise.all(readers.map((reader) => reader.exited)));
    assertEquals((await drained(told)).toSorted((a, b) => a - b), range(0, 3 * ITEMS));
  },
);

boundedWithChildren(
  "subprocesses read, compute for ever and are killed: no item comes twice or is missing but those that they had just begun",
  async () => {
    const first = firstSeed(1);
    for (let seed = first; seed < first + rounds(4, 100); seed++) await chaos(seed);
  },
  1_800_000,
);

/** Three subprocesses read what is put all the time, and one is killed; then the program reads the rest. */
async function chaos(seed: number): Promise<void> {
  const below = random(seed);
  const queue = new Queue<number>();
  const readers = range(0, 3).map(() => {
    const told = new Queue<number>();
    const whim = (["leave", "pause"] as const)[below(2)];
    return { told, reader: new Process(readAndTell, [queue, told, 1 + below(600), whim], { placement: "process" }) };
  });
  await Promise.all(readers.map(({ reader }) => reader.start()));
  const killAt = below(ITEMS);
  for (let item = 0; item < ITEMS;) {
    for (const end = Math.min(ITEMS, item + 1 + below(200)); item < end; item++) await queue.put(item);
    if (below(4) === 0) await delay(below(4));
    if (item >= killAt) await readers[0].reader.kill();
  }
  await queue.close();
  const rest = await within(20_000, Array.fromAsync(queue));
  for (const { reader } of readers) await reader.kill();
  const taken = [...await Promise.all(readers.map(({ told }) => drained(told))), rest];
  const all = taken.flat();
  const different = new Set(all);
  // Each of those killed may have begun one that it has not told of, or told of one before the home knew.
  assertLessOrEqual(ITEMS - different.size, readers.length, `seed ${seed}: something is missing`);
  assertLessOrEqual(all.length - different.size, readers.length, `seed ${seed}: something came twice`);
  assert(all.every((item) => item >= 0 && item < ITEMS));
}

for (const placement of ["process", "thread", "inline"] as const) {
  for (const after of [Infinity, 50]) {
    const leaving = after === Infinity ? "stay" : `leave after ${after} items and come again`;
    boundedWithChildren(`loops of one actor that ${leaving} share the items (${placement})`, async () => {
      for (const loops of [2, 64]) {
        const [queue, told] = [new Queue<number>(), new Queue<number>()];
        const reader = new Process(readByLoops, [queue, told, loops, after], { placement });
        await reader.start();
        for (const item of range(0, 2 * ITEMS)) await queue.put(item);
        await queue.close();
        await within(30_000, reader.exited);
        assertEquals((await drained(told)).toSorted((a, b) => a - b), range(0, 2 * ITEMS), `${loops} loops`);
      }
    });
  }
}

boundedWithChildren(
  "a loop that is stopped leaves all that it has not begun, also what is on its way to it",
  async () => {
    for (const round of range(0, rounds(8, 100))) {
      const { queue, told, reader } = await readSome("pause", ITEMS + 1);
      await within(5000, reader.stop());
      const all = [...await drained(told), ...await drained(queue)].toSorted((a, b) => a - b);
      assertEquals(all, [...new Set(all)], `round ${round}: something came twice`);
      // The loop may have been stopped between taking an item and telling it.
      assertLessOrEqual(ITEMS - all.length, 1, `round ${round}: something is missing`);
    }
  },
);
