/**
 * A thread that is the one reader of a queue is given items in advance. Nobody is to notice: what it has not begun is
 * everybody's, in its order, whatever becomes of it.
 */

import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { delay } from "@std/async";
import { Process, Queue, SharedArray } from "../../mod.ts";
import { QueuePlace } from "./queue_everywhere.ts";
import { firstSeed, rounds } from "../soak.ts";
import { BOUND_MS, boundedWithChildren, range, until, within } from "./bounded.ts";
import { random } from "./fixtures/random.ts";
import { type Notes, readAndNote, type Whim } from "./fixtures/queue_readers.ts";

const ITEMS = 2000;
/** After so many it has certainly been lent some. */
const DEEP = 500;

/** A queue that holds all items, and a thread that reads it and has taken so many. */
async function readSome(whim: Whim): Promise<{ queue: Queue<number>; notes: Notes; reader: Process<void> }> {
  const queue = new Queue<number>();
  for (const item of range(0, ITEMS)) await queue.put(item);
  const notes = new SharedArray("int32", 1 + ITEMS);
  const reader = new Process(readAndNote, [queue, notes, DEEP, whim], { placement: "thread" });
  await reader.start();
  await until(() => notes.getSync(0) >= DEEP, "the reader has taken its items");
  assertEquals(noted(notes).slice(0, DEEP), range(0, DEEP));
  return { queue, notes, reader };
}

function noted(notes: Notes): number[] {
  return range(1, 1 + notes.getSync(0)).map((index) => notes.getSync(index));
}

boundedWithChildren("what a reader that computes for ever has not begun is everybody's", async () => {
  const { queue } = await readSome("spin");
  assertEquals(await queue.size(), ITEMS - DEEP);
  assertEquals(await queue.get(), DEEP);
  assertEquals(await queue.tryGet(), { value: DEEP + 1 });
  await queue.close();
  assertEquals(await within(5000, Array.fromAsync(queue)), range(DEEP + 2, ITEMS));
});

boundedWithChildren("what a reader has not begun that went away, or was killed, is everybody's", async () => {
  for (const whim of ["leave", "spin"] as const) {
    const { queue, reader } = await readSome(whim);
    if (whim === "spin") await reader.kill();
    assertEquals(await queue.size(), ITEMS - DEEP);
    await queue.close();
    assertEquals(await within(5000, Array.fromAsync(queue)), range(DEEP, ITEMS));
  }
});

boundedWithChildren("the size of a queue counts what is lent until it is begun", async () => {
  const { queue, notes } = await readSome("pause");
  for (let look = 0; look < 100; look++) {
    const before = notes.getSync(0);
    const begun = ITEMS - await queue.size();
    // One may be begun and not be noted yet.
    assertLessOrEqual(before, begun);
    assertLessOrEqual(begun, notes.getSync(0) + 1);
    await delay(1);
  }
});

// Without shared memory threads are linked by the tree alone.
if (Deno.env.get("TROUPE_LINK") !== "port") {
  boundedWithChildren("a reader whose queue lives in another thread waits for nobody above both", async () => {
    const place = new QueuePlace("thread");
    const queue = await place.queue<number>();
    for (const item of range(0, ITEMS)) await queue.put(item);
    const notes = new SharedArray("int32", 1 + ITEMS);
    const reader = new Process(readAndNote, [queue, notes, ITEMS, "leave"], { placement: "thread" });
    await reader.start();
    // This program is above both, and computes.
    for (const end = performance.now() + BOUND_MS / 2; notes.getSync(0) < DEEP && performance.now() < end;);
    assertGreaterOrEqual(notes.getSync(0), DEEP);
  });
}

boundedWithChildren(
  "threads read, compute for ever and are killed: nothing comes twice or is missing but what they had just begun",
  async () => {
    const first = firstSeed(1);
    for (let seed = first; seed < first + rounds(12, 300); seed++) await chaos(seed);
  },
  1_800_000,
);

/** Three threads read what is put all the time, and some are killed, of odd seeds; then the program reads the rest. */
async function chaos(seed: number): Promise<void> {
  const below = random(seed);
  const queue = new Queue<number>();
  const killed: Notes[] = [];
  let over = false;
  const readers: { readonly notes: Notes; readonly reader: Process<void> }[] = [];
  for (let n = 0; n < 3; n++) {
    const notes = new SharedArray("int32", 1 + ITEMS);
    const whim = (["spin", "leave", "pause"] as const)[below(3)];
    const reader = new Process(readAndNote, [queue, notes, 1 + below(600), whim], { placement: "thread" });
    await reader.start();
    readers.push({ notes, reader });
  }
  const killing = Promise.all(readers.map(async ({ notes, reader }) => {
    const at = seed % 2 === 0 ? Infinity : below(1200);
    await until(() => notes.getSync(0) >= at || over, "it has come so far, or never will");
    if (over) return;
    killed.push(notes);
    await reader.kill();
  }));
  for (let item = 0; item < ITEMS;) {
    for (const end = Math.min(ITEMS, item + 1 + below(200)); item < end; item++) await queue.put(item);
    if (below(4) === 0) await delay(below(4));
  }
  await queue.close();
  const rest = await within(10_000, Array.fromAsync(queue));
  over = true;
  await killing;
  const shares = () => [...readers.map(({ notes }) => noted(notes)), rest];
  // Whoever is killed may have begun an item and not noted it; the others are about to.
  const missing = () => ITEMS - new Set(shares().flat()).size;
  await until(() => missing() <= killed.length, `seed ${seed}: nothing is missing`);
  await Promise.all(readers.map(({ reader }) => reader.kill()));
  const taken = shares();
  // What comes back from the dead may be earlier than what others had by then.
  if (killed.length === 0) {
    for (const some of taken) assertEquals(some, some.toSorted((a, b) => a - b), `seed ${seed}: out of order`);
  }
  const all = taken.flat();
  const twice = all.filter((item, at) => all.indexOf(item) !== at);
  // Whoever is killed may have noted one before the home knew: that goes to another, too.
  const last = killed.map((notes) => noted(notes).at(-1));
  assertEquals(twice.filter((item) => !last.includes(item)), [], `seed ${seed}: something came twice`);
}
