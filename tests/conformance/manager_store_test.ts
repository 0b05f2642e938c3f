/** What a manager's store keeps, whatever happens to the program. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { DictCell } from "../../actors/manager/dict_cell.ts";
import type { Journal } from "../../actors/manager/journal.ts";
import { Life } from "../../actors/manager/life.ts";
import { openStore } from "../../actors/manager/store.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { holders } from "../../channels/kernel/holder.ts";
import { isolate } from "../../channels/kernel/isolate.ts";
import { type Packet, plainPacket } from "../../channels/kernel/packet.ts";
import { Request } from "../../channels/kernel/request.ts";
import { manage, manager, NotSerializableError, type PlacementName, Queue, StartError, supervise } from "../../mod.ts";
import { startProgram } from "../run_program.ts";
import { rounds } from "../soak.ts";
import { everywhere, PLACEMENTS, within } from "./queue_everywhere.ts";

/** How often the writing program is killed. */
const KILLS = rounds(6, 100);

const writer = new URL("./fixtures/store_writer.ts", import.meta.url).href;

/** A folder for the time of a test. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "troupe-test-" });
  file(name = "state.db"): string {
    return join(this.path, name);
  }
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

everywhere("a manager started again on its store has all that its named objects held", async (place) => {
  using folder = new Folder();
  const store = folder.file();
  const names = ["d", "with space", "\0 and \ud800", "'; DROP TABLE rows; --"];
  {
    await using manager = await place.manage({ store });
    for (const name of names) {
      const dict = await manager.dict<string | number, unknown>({ name });
      for (const key of ["z", "a", 1, "\ud800", "\0"]) await dict.set(key, { key, name });
      await dict.set("z", [new Date(0), new Map([[1, 2n]]), new Uint8Array([1]), undefined, NaN]);
      await dict.delete("a");
      await dict.set("a", 1);
    }
    const list = await manager.list<unknown>({ name: "list" });
    await list.extend([3, 1, 2, 12, 11, 10]);
    await list.sort();
    await list.insert(1, 1.5);
    assertEquals([await list.pop(0), await list.remove(11), await list.pop()], [1, true, 12]);
    await list.update(-1, (old) => Number(old) * 10);
    await list.reverse();
    const set = await manager.set<string>({ name: "set" });
    await set.add("x");
    await set.add("y");
    await set.delete("x");
    const space = await manager.namespace<{ a: number; b: string }>({ name: "space" });
    await space.set("a", 1);
    await space.increment("a");
    const value = await manager.value("bigint64", 5n, { name: "value" });
    await value.add(2n);
    const array = await manager.array("float64", [1, 2, 3], { name: "array" });
    await array.set(1, 20);
    assertEquals(await array.compareExchange(2, 3, 30), 3);
    const struct = await manager.struct({ x: "float64", n: "bigint64" }, [{ x: 1, n: 1n }, { x: 2, n: 2n }], {
      name: "struct",
    });
    await struct.set(1, { x: 0.5 });
    assertEquals(await struct.add(0, "n", 9n), 10n);
    const empty = await manager.list({ name: "empty" });
    await empty.push(1);
    await empty.clear();
    // This is not kept.
    await (await manager.queue<number>({ name: "queue" })).put(1);
    // One in another program goes on when who is connected to it goes.
    await manager.stop();
  }
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["state.db"]);

  await using manager = await place.manage({ store });
  for (const name of names) {
    const dict = await manager.dict<string | number, unknown>({ name });
    assertEquals(await dict.keys(), ["z", 1, "\ud800", "\0", "a"]);
    assertEquals(await dict.get("z"), [new Date(0), new Map([[1, 2n]]), new Uint8Array([1]), undefined, NaN]);
    assertEquals(await dict.get("\0"), { key: "\0", name });
  }
  assertEquals(await (await manager.list({ name: "list" })).snapshot(), [100, 3, 2, 1.5]);
  assertEquals(await (await manager.set({ name: "set" })).values(), ["y"]);
  assertEquals(await (await manager.namespace({ name: "space" })).snapshot(), { a: 2 });
  assertEquals(await (await manager.value("bigint64", 0n, { name: "value" })).get(), 7n);
  assertEquals(await (await manager.array("float64", 1, { name: "array" })).slice(), [1, 20, 30]);
  const struct = await manager.struct({ x: "float64", n: "bigint64" }, 2, { name: "struct" });
  assertEquals(await struct.slice(), [{ x: 1, n: 10n }, { x: 0.5, n: 2n }]);
  assertEquals(await (await manager.list({ name: "empty" })).size(), 0);
  assertEquals(await (await manager.queue({ name: "queue" })).size(), 0);
  await assertRejects(() => manager.dict({ name: "list" }), TypeError, "there is a list of that name");
});

everywhere(
  "under a supervisor a killed manager has its store again, and handles to what is in it go on",
  async ({ placement }) => {
    using folder = new Folder();
    await using app = await supervise({ state: manager({}, { placement, store: folder.file() }) });
    const { state } = app.refs;
    const dict = await state.dict<string, number>({ name: "d" });
    const value = await state.value("int32", 5, { name: "v" });
    for (let life = 1; life <= 3; life++) {
      assertEquals([await dict.increment("n"), await value.add(1)], [life, 5 + life]);
      await state.kill();
    }
    assertEquals([await dict.get("n"), await value.get()], [3, 8]);
  },
  { placements: PLACEMENTS },
);

everywhere(
  "a handle cannot be stored, and says so at the call; nothing else has changed then",
  async (place) => {
    using folder = new Folder();
    await using manager = await place.manage({ store: folder.file() });
    const dict = await manager.dict<string, unknown>({ name: "d" });
    const list = await manager.list<unknown>({ name: "l" });
    const queue = new Queue<number>();
    {
      using producer = await queue.producer();
      await assertRejects(() => dict.set("q", { queue, producer }), NotSerializableError, "Cannot store value");
      await assertRejects(() => dict.setDefault("q", producer), NotSerializableError);
      await assertRejects(() => dict.update("q", () => producer), NotSerializableError);
      await assertRejects(() => list.push(producer), NotSerializableError);
      await assertRejects(() => list.extend([1, producer]), NotSerializableError);
    }
    assertEquals([await dict.size(), await list.size()], [0, 0]);
    assertEquals(await Array.fromAsync(queue), []);
  },
);

everywhere(
  "what a store could not find again is refused: any object of a stored kind without a name",
  async (place) => {
    using folder = new Folder();
    await using manager = await place.manage({ store: folder.file() });
    const stored: Record<string, () => Promise<unknown>> = {
      dict: () => manager.dict(),
      list: () => manager.list(),
      set: () => manager.set({}),
      namespace: () => manager.namespace({ name: undefined }),
      value: () => manager.value("int32"),
      array: () => manager.array("float64", [1, 2]),
      struct: () => manager.struct({ x: "float64" }, 1),
    };
    for (const [kind, make] of Object.entries(stored)) {
      await assertRejects(
        make,
        TypeError,
        `Cannot make a ${kind} without a name: the manager has a store, in which a later start could not find it`,
      );
    }
    // Of these nothing is kept in any case.
    await (await manager.queue<number>()).put(1);
    using _held = await (await manager.lock()).acquire();
    assertEquals(await (await manager.dict({ name: "d" })).size(), 0);
  },
);

Deno.test("a store has one manager at a time; a file of something else or of a newer format is refused", async () => {
  using folder = new Folder();
  const store = folder.file();
  {
    await using manager = await manage({}, { store });
    await (await manager.dict<string, number>({ name: "d" })).set("a", 1);
    for (const placement of PLACEMENTS) {
      const refused = await assertRejects(() => manage({}, { store, placement }), StartError);
      assertEquals((refused.cause as Error).message, `Cannot open the store ${store}: another manager is using it`);
    }
  }
  const foreign = folder.file("foreign.db");
  using database = new DatabaseSync(foreign);
  database.exec("CREATE TABLE mine (a)");
  database.close();
  await refusal(foreign, "it is a database of something else");

  const newer = folder.file("newer.db");
  Deno.copyFileSync(store, newer);
  const changed = new DatabaseSync(newer);
  changed.exec("PRAGMA user_version = 2");
  changed.close();
  await refusal(newer, "it has format 2, and this version knows formats up to 1");

  const text = folder.file("text.db");
  Deno.writeTextFileSync(text, "This is no database. ".repeat(100));
  await refusal(text, "file is not a database");
  assertEquals(Deno.readTextFileSync(text), "This is no database. ".repeat(100));
  await refusal(folder.file("no/such/folder.db"), "its folder does not exist");

  await using manager = await manage({}, { store });
  assertEquals(await (await manager.dict<string, number>({ name: "d" })).get("a"), 1);
  await manager.stop();
  assertNothingLeft();

  async function refusal(file: string, why: string): Promise<void> {
    const refused = await assertRejects(() => manage({}, { store: file, placement: "inline" }), StartError);
    assert((refused.cause as Error).message.startsWith(`Cannot open the store ${file}: ${why}`), String(refused.cause));
  }
});

Deno.test("when the disk refuses a write nothing that waits is answered then or later, and the owner of the journal is told", async () => {
  using folder = new Folder();
  const failed = Promise.withResolvers<unknown>();
  const journal: Journal = await openStore(folder.file(), failed.resolve);
  journal.make("name", "dict", new Uint8Array());
  await within(1000, new Promise<void>((resolve) => journal.committed(resolve)));
  let answered = 0;
  // A name that is there already is what the database refuses.
  journal.make("name", "dict", new Uint8Array());
  journal.committed(() => answered++);
  assert(await within(1000, failed.promise) instanceof Error);
  journal.committed(() => answered++);
  journal.close();
  assertEquals(answered, 0);
});

Deno.test("a value that is longer than a row of the database rejects, and the others are kept on", async () => {
  using folder = new Folder();
  const failures: unknown[] = [];
  const journal: Journal = await openStore(folder.file(), (error) => failures.push(error));
  const holder = holders.get(isolate.id, 1);
  const dict = new DictCell("dict", {
    holder,
    life: new Life(),
    named: true,
    stored: journal.make("d", "dict", new Uint8Array()),
  });
  const set = (key: string, body: Packet) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const asker = { settled: (outcome: string) => resolve(outcome), offered() {}, abandoned() {} };
    dict.receive(new Request(holder, "set", key, body, asker));
    return within(1000, promise);
  };
  const small = plainPacket(encode(1, "value"));
  assertEquals(await set("sa", small), "value");
  // Nothing of so much memory is ever touched.
  assertEquals(await set("sb", plainPacket(new Uint8Array(1_000_000_000))), "thrown");
  assertEquals(await set(`s${"c".repeat(200_000_000)}`, small), "thrown");
  assertEquals(await set("sd", small), "value");
  assertEquals([dict.describe(), failures], ["size 2", []]);
  journal.close();
});

Deno.test(`what a killed program was told is written is there: ${KILLS} times kill -9 at a random moment`, async () => {
  using folder = new Folder();
  const told = { writes: 0, found: 0 };
  let [sum, total, updates] = [0, 0, 0];
  const store = folder.file();
  for (let round = 0; round < KILLS; round++) {
    const placement: PlacementName = PLACEMENTS[round % PLACEMENTS.length];
    const acknowledged = await writeAndDie([store, placement, String(round)], round);
    const manager = await reopened(store);
    const dict = await manager.dict<string, number>({ name: "dict" });
    const entries = await dict.snapshot();
    const items = new Set(await (await manager.list<string>({ name: "list" })).snapshot());
    const stored = { sum: entries.get("sum") ?? 0, updates: entries.get("updates") ?? 0, total: 0 };
    stored.total = await (await manager.value("float64", 0, { name: "total" })).get();
    for (const [what, lane, n] of acknowledged) {
      told.writes++;
      const found = what === "dict"
        ? (entries.get(`${round}/${lane}`) ?? 0) >= n
        : what === "list"
        ? items.has(`${round}/${lane}/${n}`)
        : what === "sum"
        ? stored.sum >= n
        : what === "update"
        ? stored.updates >= n
        : stored.total >= n;
      if (found) told.found++;
    }
    // What earlier rounds left is there too, and no write was made twice: one per lane may have been under way.
    assert(stored.sum >= sum && stored.total >= total && stored.updates >= updates);
    [sum, total, updates] = [stored.sum, stored.total, stored.updates];
    assert(acknowledged.length > 0, "nothing was written");
    await manager.stop();
  }
  assertEquals(told.found, told.writes);
  assertNothingLeft();
});

/** Lets the program write, ends it, and gives what it was told. */
async function writeAndDie(args: string[], round: number): Promise<[string, string, number][]> {
  const program = startProgram(writer, { args, flags: ["-A", "--no-check"] });
  const stderr = new Response(program.stderr).text();
  const decoder = new TextDecoder();
  let text = "";
  let killing = false;
  const reader = program.stdout.getReader();
  const read = async () => {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      text += decoder.decode(next.value, { stream: true });
      if (killing) continue;
      killing = true;
      // From the first word on, any moment is as likely.
      setTimeout(() => program.kill("SIGKILL"), Math.random() * 60);
    }
  };
  await within(20_000, read());
  const { signal } = await program.status;
  assertEquals(signal, "SIGKILL", `round ${round}: ${await stderr}`);
  await stderr;
  const lines = text.split("\n");
  // The last line may be cut short.
  lines.pop();
  return lines.map((line) => line.split(" ")).map(([what, lane, n]) => [what, lane, Number(n)]);
}

/** The manager's own process may live on for a moment. */
async function reopened(store: string): ReturnType<typeof manage> {
  for (let tries = 1;; tries++) {
    try {
      return await manage({}, { store, placement: "inline" });
    } catch (error) {
      if (tries === 5 || !String((error as Error).cause).includes("another manager")) throw error;
    }
  }
}
