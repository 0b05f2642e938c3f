import { assert, assertEquals, assertGreater } from "@std/assert";
import { type Connection, pipe, type Receiver, type Sender } from "../../mod.ts";
import { type Numbered, read, write } from "./fixtures/pipe_tasks.ts";
import { bounded, everywhere, PLACEMENTS, range, World } from "./pipe_everywhere.ts";

/** The messages of so many writers, as `[writer, number]`. */
function written(writers: number, count: number): string[] {
  return range(writers).flatMap((writer) => range(count).map((number) => `${writer}:${number}`)).sort();
}

/** Fails unless every reader got what one writer wrote in the order in which it was written. */
function assertOrdered(got: readonly [number, number][]): void {
  const last = new Map<number, number>();
  for (const [writer, number] of got) {
    assertGreater(number, last.get(writer) ?? -1);
    last.set(writer, number);
  }
}

for (const home of ["inline", "thread", "process"] as const) {
  bounded(
    `[BEAT-13] [pain 13] N writers and M readers of one pipe in every placement, its home in ${home}: each message exactly once, whole`,
    async () => {
      const COUNT = 100;
      const MAX_BYTES = 20_000;
      // Received by message, so that both ends are held here, too, until everybody has them.
      const [reading, writing] = await new World(home, "there").pipe({ duplex: false }) as unknown as [
        Receiver<Numbered>,
        Sender<Numbered>,
      ];
      const readers = [];
      const writers = [];
      for (const placement of [...PLACEMENTS, ...PLACEMENTS]) {
        const place = new World(placement);
        readers.push(await place.start(read, reading, MAX_BYTES));
        writers.push(await place.start(write, writing, writers.length, COUNT, MAX_BYTES));
      }
      await Promise.all([reading.close(), writing.close()]);
      const got = await Promise.all(readers.map((reader) => reader.result));
      assertEquals(got.flat().map(([writer, number]) => `${writer}:${number}`).sort(), written(writers.length, COUNT));
      got.forEach(assertOrdered);
      await Promise.all([...readers, ...writers].map((process) => process.exited));
    },
    40_000,
  );
}

everywhere(
  "[PIPE-30] five writers share one end, 200 messages each, without the lock that Python needs: all are whole",
  async (world) => {
    const [reading, writing] = pipe<Numbered>({ duplex: false });
    const writers = await Promise.all(range(5).map((writer) => world.start(write, writing, writer, 200, 4000)));
    const got = await read(reading, 4000);
    assertEquals(got.map(([writer, number]) => `${writer}:${number}`).sort(), written(5, 200));
    assertOrdered(got);
    await Promise.all(writers.map((writer) => writer.join()));
  },
);

everywhere(
  "many receives that wait on one end get one message each, in the order in which they came",
  async (world) => {
    const [here, there] = await world.ends();
    const waits = range(50).map(() => there.recv());
    await there.flags();
    for (const number of range(50)) await here.send(number);
    assertEquals(await Promise.all(waits), range(50));
  },
);

bounded("readers that share an end in one isolate take turns", async () => {
  const [here, there] = pipe<number>();
  const got: string[] = [];
  const reader = async (name: string, end: Connection<number>) => {
    for await (const number of end) {
      got.push(`${name}${number}`);
      if (number >= 4) break;
    }
  };
  const readers = [reader("a", there), reader("b", there)];
  for (const number of range(6)) await here.send(number);
  await Promise.all(readers);
  assertEquals(got.map((entry) => Number(entry.slice(1))), range(6));
  assert(got.some((entry) => entry.startsWith("a")) && got.some((entry) => entry.startsWith("b")));
});
