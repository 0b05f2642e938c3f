/** Segments of bytes, made and used in every kind of place, and how long they live. */

import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, NotSerializableError, Process, Queue, SharedMemory, spawn } from "../../mod.ts";
import { Hand } from "./fixtures/hand.ts";
import { attachAndEnd, attachAndSpin, createAndSpin } from "./fixtures/memory_tasks.ts";
import { shared } from "./memory_everywhere.ts";
import { ELSEWHERE, everywhere, PLACEMENTS, until } from "./queue_everywhere.ts";

const { AlreadyExists, NotFound } = Deno.errors;
const bytes = (...values: number[]) => Uint8Array.from(values);

/** Waits until nobody has a segment of that name any more. */
function gone(name: string): Promise<void> {
  const isGone = async () => {
    try {
      using _there = await SharedMemory.attach(name);
      return false;
    } catch (error) {
      assertInstanceOf(error, NotFound);
      return true;
    }
  };
  return until(isGone, `the segment ${name} is gone`);
}

shared("[SHM-01] a segment has the name and the size that it was made with, for every user", async ({ home, all }) => {
  using memory = await home.call.create(512, "a name") as SharedMemory;
  assertEquals([memory.name, memory.sizeBytes, memory.closed], ["a name", 512, false]);
  for (const { call } of all) {
    assertEquals([await call.look(memory, "name"), await call.look(memory, "sizeBytes")], ["a name", 512]);
    assertEquals((await call.use(memory, "read") as Uint8Array).length, 512);
  }
  // The program's own isolate is its home, whoever made it, and all threads share it.
  assertEquals(memory.bytes.length, 512);
  await home.call.letGo();
});

shared(
  "[SHM-02] it begins with zeros, and what anybody writes everybody reads, attached by name",
  async ({ home, all }) => {
    using memory = await home.call.create(8) as SharedMemory;
    for (const { call } of all) {
      assertEquals(await call.use(await call.attach(memory.name), "read"), new Uint8Array(8));
      await call.letGo();
    }
    for (const [at, { call, placement }] of all.entries()) {
      using attached = await call.attach(memory.name) as SharedMemory;
      assertEquals([attached.name, attached.sizeBytes], [memory.name, 8]);
      await call.use(attached, "write", at, bytes(at + 1, 9));
      for (const other of all) assertEquals(await other.call.use(memory, "read", at, 2), bytes(at + 1, 9));
      assertEquals(memory.bytes.slice(at, at + 2), bytes(at + 1, 9));
      if (placement === "process") {
        await assertRejects(
          () => call.look(memory, "bytes"),
          TypeError,
          "read() and write()",
        );
      } else assertEquals((await call.look(memory, "bytes") as number[])[at], at + 1);
      await call.letGo();
    }
    await home.call.letGo();
  },
);

// Python rounds the size up to a page, and ignores the one given on attaching.
Deno.test("[SHM-03] attaching takes no size: it is that of the segment", async () => {
  using memory = await SharedMemory.create(100);
  const attach = SharedMemory.attach as (name: string, sizeBytes: number) => Promise<SharedMemory>;
  using attached = await attach(memory.name, 5);
  assertEquals([attached.sizeBytes, attached.bytes.length], [100, 100]);
});

shared("[SHM-04] a size of zero, below or missing, and a missing name, are refused everywhere", async ({ all }) => {
  const { create, attach } = SharedMemory;
  for (const wrong of [0, -1, 1.5, Infinity]) await assertRejects(() => create(wrong), RangeError);
  for (const wrong of [undefined, null, "8", NaN]) await assertRejects(() => create(wrong as number), TypeError);
  for (const wrong of [undefined, null, "", 8]) {
    await assertRejects(() => attach(wrong as string), TypeError);
    if (wrong !== undefined) await assertRejects(() => create(8, { name: wrong as string }), TypeError);
  }
  for (const { call } of all) {
    await assertRejects(() => call.create(0), RangeError);
    await assertRejects(() => call.create("8" as unknown as number), TypeError);
    await assertRejects(() => call.attach(""), TypeError);
  }
}, ["inline"]);

shared(
  "[SHM-05] a name that is in use cannot be made again, and one that is not cannot be attached",
  async ({ home, all }) => {
    using memory = await home.call.create(8, "taken") as SharedMemory;
    for (const { call } of all) {
      await assertRejects(() => call.create(8, "taken"), AlreadyExists, '"taken" is in use');
      await assertRejects(() => call.attach("nobody's"), NotFound, 'none named "nobody\'s"');
    }
    await home.call.letGo();
    memory[Symbol.dispose]();
    await gone("taken");
    // Then it is free.
    using again = await SharedMemory.create(16, { name: "taken" });
    assertEquals(again.sizeBytes, 16);
  },
);

Deno.test("a name that is too long to travel with a handle is refused, and is not in use after that", async () => {
  const name = "x".repeat(3 * 1024 * 1024);
  for (const _ of [1, 2]) await assertRejects(() => SharedMemory.create(8, { name }), NotSerializableError);
});

Deno.test("[SHM-06] a made-up name that is in use already is made up again", async () => {
  const random = crypto.getRandomValues.bind(crypto);
  let [first, left] = [undefined as Uint8Array | undefined, 3];
  crypto.getRandomValues = ((array: Uint8Array) => {
    if (left-- <= 0) return random(array);
    first ??= random(new Uint8Array(array.length));
    array.set(first);
    return array;
  }) as typeof crypto.getRandomValues;
  try {
    const made = await Promise.all([SharedMemory.create(1), SharedMemory.create(2)]);
    assertNotEquals(made[0].name, made[1].name);
    assert(left < 0, "the same numbers came twice, and were asked for again");
    for (const memory of made) {
      using same = await SharedMemory.attach(memory.name);
      assertEquals(same.sizeBytes, memory.sizeBytes);
      memory[Symbol.dispose]();
    }
  } finally {
    crypto.getRandomValues = random;
  }
});

shared("[SHM-07] a handle that was closed is of no use, and closing it again is harmless", async ({ home }) => {
  const memory = await home.call.create(8) as SharedMemory;
  await memory.close();
  await memory.close();
  memory[Symbol.dispose]();
  assertEquals(memory.closed, true);
  assertThrows(() => memory.bytes, ClosedError);
  await assertRejects(() => memory.read(), ClosedError);
  await assertRejects(() => memory.write(0, bytes(1)), ClosedError);
  await assertRejects(() => home.call.use(memory, "read"), ClosedError);
  // Its maker has it still.
  using other = await SharedMemory.attach(memory.name);
  assertEquals(await other.read(), new Uint8Array(8));
  await home.call.letGo();
});

// Python's second unlink() fails; here it has nothing to do.
shared(
  "[SHM-08] unlink() takes the name and nothing else; again, or after closing, it does nothing",
  async ({ home, all }) => {
    const memory = await home.call.create(8, "short-lived") as SharedMemory;
    await memory.write(0, bytes(1));
    for (const { call } of all) await call.use(memory, "unlink");
    await assertRejects(() => SharedMemory.attach("short-lived"), NotFound);
    for (const { call } of all) assertEquals(await call.use(memory, "read", 0, 1), bytes(1));
    using next = await SharedMemory.create(8, { name: "short-lived" });
    await memory.close();
    await memory.unlink();
    await home.call.letGo();
    await memory.unlink();
    // Nor does it take the name from the next one, which has it now.
    using same = await SharedMemory.attach("short-lived");
    await same.write(0, bytes(2));
    assertEquals(await next.read(0, 1), bytes(2));
  },
);

shared("[SHM-10] a handle passed on carries its name and writes to the same bytes", async ({ home, all }) => {
  using memory = await home.call.create(4) as SharedMemory;
  const name = memory.name;
  for (const [at, { call }] of all.entries()) {
    using back = await call.keep(memory) as SharedMemory;
    assertEquals(back.name, name);
    await call.use(back, "write", at, bytes(7));
    assertEquals((await memory.read(at, 1))[0], 7);
    await call.letGo();
  }
  await home.call.letGo();
});

// A handle on its way holds the segment, so that there is none of a segment that is gone.
shared(
  "[SHM-11] a handle that lies in a queue keeps its segment; the name of one that is gone is not found",
  async ({ home, all }) => {
    const box = new Queue<SharedMemory>();
    const memory = await home.call.create(4, "in a box") as SharedMemory;
    await memory.write(0, bytes(5));
    await box.put(memory);
    await memory.close();
    await home.call.letGo();
    using out = await box.get();
    assertEquals(await out.read(0, 1), bytes(5));
    for (const { call } of all) assertEquals(await call.use(out, "read", 0, 1), bytes(5));
    out[Symbol.dispose]();
    await gone("in a box");
    for (const { call } of all) await assertRejects(() => call.attach("in a box"), NotFound);
  },
);

shared("bytes outside a segment are a RangeError, and nothing is written", async ({ home, all }) => {
  using memory = await home.call.create(8) as SharedMemory;
  for (const { call } of all) {
    for (const [offset, length] of [[0, 9], [8, 1], [-1, 1], [0, -1], [9, 0], [0.5, 1], [0, Infinity]]) {
      await assertRejects(() => call.use(memory, "read", offset, length), RangeError);
    }
    for (const offset of [-1, 6, 8, 100]) {
      await assertRejects(() => call.use(memory, "write", offset, bytes(1, 2, 3)), RangeError);
    }
    for (const wrong of ["0", NaN, null]) await assertRejects(() => call.use(memory, "read", wrong), TypeError);
    for (const wrong of ["text", [1], undefined]) {
      await assertRejects(() => call.use(memory, "write", 0, wrong), TypeError);
    }
    assertEquals((await call.use(memory, "read", 8) as Uint8Array).length, 0);
    await call.use(memory, "write", 8, bytes());
  }
  assertEquals(await memory.read(), new Uint8Array(8));
  await home.call.letGo();
});

shared("what is read is the reader's own, and what was written is no longer the writer's", async ({ home, all }) => {
  using memory = await home.call.create(2) as SharedMemory;
  const mine = bytes(1, 2);
  await memory.write(0, mine);
  mine[0] = 9;
  const read = await memory.read();
  read[1] = 9;
  for (const { call } of all) assertEquals(await call.use(memory, "read"), bytes(1, 2));
  await home.call.letGo();
});

// The name of a segment is for the program's own isolates: another program has what it is handed.
everywhere(
  "[BEAT-34] [pain-32] who attaches a segment and ends takes nothing from those who have it",
  async (place) => {
    using memory = await SharedMemory.create(8);
    for (const at of [0, 1, 2]) {
      const outsider = await place.start(attachAndEnd, memory.name, at, at + 1);
      assertEquals(await outsider.result, 8);
      await outsider.exited;
      using same = await SharedMemory.attach(memory.name);
      assertEquals(await same.read(0, at + 1), bytes(1, 2, 3).slice(0, at + 1));
    }
  },
  { placements: PLACEMENTS },
);

everywhere(
  "[BEAT-34] [pain-32] a segment outlives its maker, and goes with the last who has it, by kill -9 too",
  async (place) => {
    const said = new Queue<number>();
    const maker = await place.start(createAndSpin, "of the dead", said);
    await said.get();
    const other = await place.start(attachAndSpin, "of the dead", said);
    await said.get();
    await maker.kill();
    using memory = await SharedMemory.attach("of the dead");
    await memory.write(0, bytes(1));
    memory[Symbol.dispose]();
    await other.kill();
    await gone("of the dead");
  },
  { placements: ELSEWHERE },
);

everywhere("a segment that was made while its maker was killed is gone, too", async (place) => {
  // At any point of its making: nothing is waited for.
  for (const round of [0, 1, 2, 3, 4, 5]) {
    const name = `half-made ${round}`;
    const maker = await place.start(createAndSpin, name, new Queue<number>());
    await maker.kill();
    await gone(name);
  }
}, { placements: ELSEWHERE });

// A manager owns what it made, and takes it along; here whoever holds it does, in whatever place.
for (const placement of PLACEMENTS) {
  Deno.test(`[SMM-02] [SMM-03] what only its maker holds is gone when the maker's scope is left (${placement})`, async () => {
    const names: string[] = [];
    {
      await using maker = await spawn(Hand, [], { placement });
      for (const sizeBytes of [1, 2, 3, 4, 5, 6]) {
        using memory = await maker.call.create(sizeBytes) as SharedMemory;
        names.push(memory.name);
      }
      const lists = await Promise.all([1, 2, 3, 4, 5].map((n) => maker.call.list([n])));
      assertEquals(await Promise.all(lists.map((list) => list.get(0))), [1, 2, 3, 4, 5]);
      for (const [index, name] of names.entries()) {
        using memory = await SharedMemory.attach(name);
        assertEquals(memory.sizeBytes, index + 1);
      }
    }
    for (const name of names) await gone(name);
  });
}

Deno.test("two in different subprocesses use the same bytes, of which neither is the home", async () => {
  const [said, name] = [new Queue<number>(), "of two"];
  const maker = new Process(createAndSpin, [name, said], { placement: "process" });
  await maker.start();
  await said.get();
  await using user = await spawn(Hand, [], { placement: "process" });
  const memory = await user.call.attach(name);
  await user.call.use(memory, "write", 60, bytes(1, 2, 3, 4));
  assertEquals(await user.call.use(memory, "read", 59, 5), bytes(0, 1, 2, 3, 4));
  memory[Symbol.dispose]();
  await user.call.letGo();
  await maker.kill();
  await gone(name);
});
