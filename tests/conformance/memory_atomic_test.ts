/** Shared numbers under threads and subprocesses at once: every change counts once, and threads need no message. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  type NumberKind,
  type Numeric,
  Process,
  Queue,
  ShareableList,
  SharedArray,
  SharedMemory,
  SharedValue,
} from "../../mod.ts";
import { rounds } from "../soak.ts";
import { WAYS } from "./fixtures/hand.ts";
import { addUntil, type Memories, useAndPassOn } from "./fixtures/memory_tasks.ts";
import { shared } from "./memory_everywhere.ts";
import { ELSEWHERE, everywhere, PLACEMENTS, until, within } from "./queue_everywhere.ts";

/** While the home is busy no message is read there. */
const BUSY_MS = 10_000;

everywhere("a thread changes a number without a message: it counts while the home is busy", async (place) => {
  const value = new SharedValue("int32");
  const end = 100_000;
  const children = [await place.start(addUntil, value, end), await place.start(addUntil, value, end)];
  // The event loop of the home turns no more until all is counted.
  await until(() => value.getSync() > 0, "the first has begun");
  const late = performance.now() + BUSY_MS;
  while (value.getSync() < end) assert(performance.now() < late, "nobody counts");
  const [first, second] = await Promise.all(children.map((child) => child.result));
  // Each may have seen the last number but one when the other counted it.
  assertEquals(await value.get(), first + second);
  assert(first + second <= end + 1);
}, { placements: ["thread"] });

const RUNS = rounds(15, 300);
const KINDS = ["int32", "uint16", "float64", "bigint64"] as const;

shared(
  "threads, subprocesses and this isolate add in all ways at once: no sum is given twice, none is missing",
  async ({ home, all }) => {
    const part = fc.record({
      user: fc.nat(all.length - 1),
      count: fc.integer({ min: 1, max: 60 }),
      how: fc.constantFrom(...WAYS),
    });
    const parts = fc.array(part, { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...KINDS), parts, async (kind, parts) => {
        const [zero, one] = kind === "bigint64" ? [0n, 1n] : [0, 1];
        const value = await home.call.value(kind) as SharedValue<NumberKind>;
        const sums = await Promise.all(
          parts.map(({ user, count, how }) =>
            all[user].call.addAll(value, new Array<never>(count).fill(one as never), how)
          ),
        );
        const total = parts.reduce((sum, { count }) => sum + count, 0);
        const given = sums.flat().map(Number).sort((a, b) => a - b);
        assertEquals(given, Array.from({ length: total }, (_, index) => index + 1));
        assertEquals(await value.get(), kind === "bigint64" ? BigInt(total) : total);
        // One writer's sums grow.
        for (const mine of sums) assertEquals(mine, mine.toSorted((a, b) => Number(a) - Number(b)));
        await value.set(zero as Numeric<NumberKind>);
      }),
      { numRuns: RUNS, seed: 20 },
    );
  },
  ["inline", "thread", "process"],
);

shared("update() is asked again when somebody came in between, and applied to what it read", async ({ home }) => {
  const value = await home.call.value("int32", 1) as SharedValue<"int32">;
  const asked: number[] = [];
  const updated = value.update((old) => {
    // In the memory itself at once; at a home elsewhere it is there before what comes of this.
    if (asked.push(old) === 1) void value.add(10);
    return old * 2;
  });
  assertEquals([await updated, asked, await value.get()], [22, [1, 11], 22]);
});

shared("an update that throws, or gives what the kind cannot hold, changes nothing", async ({ home }) => {
  const value = await home.call.value("int8", 100) as SharedValue<"int8">;
  await assertRejects(() => value.update((old) => old + 100), RangeError);
  await assertRejects(() => value.update((old) => Promise.resolve(old) as never), TypeError);
  const fails = () => {
    throw new SyntaxError("mine");
  };
  await assertRejects(() => value.update(fails), SyntaxError, "mine");
  assertEquals(await value.get(), 100);
});

for (const first of [...ELSEWHERE, "remote"] as const) {
  for (const second of PLACEMENTS) {
    everywhere(
      `[BEAT-23] memory of every kind is sent by queue to a running child and on to another in ${second}, and works`,
      async (place) => {
        const boxes = [0, 1, 2].map(() => new Queue<Memories>());
        await place.start(useAndPassOn, boxes[0], boxes[1]);
        const other = new Process(useAndPassOn, [boxes[1], boxes[2]], { placement: second, handleSignals: false });
        await other.start();
        using memory = await SharedMemory.create(8);
        const memories: Memories = {
          value: new SharedValue("int32", 40),
          array: new SharedArray("float64", 2),
          memory,
          list: new ShareableList(["used"]),
        };
        await boxes[0].put(memories);
        const back = await within(15_000, boxes[2].get());
        using again = back.memory;
        assertEquals(await back.value.add(1), 43);
        assertEquals(await memories.value.get(), 43);
        assertEquals(await back.array.slice(), [0, 1]);
        assertEquals([await again.read(3, 1), await memory.read(3, 1)], [new Uint8Array([2]), new Uint8Array([2])]);
        assertEquals(await memories.list.values(), ["used!!"]);
        assertEquals(back.value.getSync(), 43);
      },
      { placements: [first] },
    );
  }
}
