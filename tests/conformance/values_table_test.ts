/** The values of every kind, each way that values go: they arrive, or are refused with their place, and none is lost. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { NotSerializableError, Queue } from "../../mod.ts";
import { assertSame } from "../channels/kernel/codec/assert_same.ts";
import { type Row, TABLE } from "../channels/kernel/codec/value_table.ts";
import { arrivalOf, TableCarrier } from "./fixtures/table_carrier.ts";
import { callsOf, everywhere } from "./pipe_everywhere.ts";

const rows = Object.entries(TABLE);
const travelling = rows.filter(([, { refused }]) => refused === undefined);
const refused = rows.filter(([, { refused }]) => refused !== undefined);

/** Fails unless the promise rejects at the place of what is refused in the value, which is called `root`. */
async function assertRefused(send: () => Promise<unknown>, [name, row]: [string, Row], root: string): Promise<void> {
  const error = await assertRejects(send, NotSerializableError, undefined, name);
  assertEquals([error.kind, error.path], [row.refused, `${root}${row.at ?? ""}`], name);
}

everywhere("of every kind of value all arrives, as an argument and as a result", async (world) => {
  const carrier = callsOf(await world.spawn(TableCarrier, []));
  for (const [name, row] of travelling) {
    assertEquals(await carrier.check(name, row.make()), undefined, name);
    assertSame(await carrier.give(name), arrivalOf(row));
    for await (const item of carrier.giveOne(name)) assertSame(item, arrivalOf(row));
  }
});

everywhere("of every kind of value all arrives, as an item of a queue, both ways", async (world) => {
  const carrier = callsOf(await world.spawn(TableCarrier, []));
  const queue = new Queue<unknown>();
  for (const [name, row] of travelling) {
    await queue.put(row.make());
    assertEquals(await carrier.checkItem(name, queue), undefined, name);
    await carrier.put(name, queue);
    assertSame(await queue.get(), arrivalOf(row));
  }
});

everywhere("of every kind of value all arrives, as a field of what is thrown", async (world) => {
  const carrier = callsOf(await world.spawn(TableCarrier, []));
  for (const [name, row] of rows) {
    const error = await assertRejects(() => carrier.fail(name), Error, "with a field");
    assertInstanceOf(error, Error);
    if (row.refused === undefined) assertSame((error as { field?: unknown }).field, arrivalOf(row));
    else assertEquals("field" in error, false, name);
  }
});

everywhere("of every kind of value all arrives, as a value of a shared dict, both ways", async (world) => {
  const carrier = callsOf(await world.spawn(TableCarrier, []));
  await using manager = await world.manage();
  const dict = await manager.dict<string, unknown>();
  for (const [name, row] of travelling) {
    await dict.set(name, row.make());
    assertEquals(await carrier.checkEntry(name, dict), undefined, name);
    await carrier.set(name, dict);
    assertSame(await dict.get(name), arrivalOf(row));
  }
  for (const row of refused) {
    await assertRefused(() => dict.set("refused", row[1].make()), row, "value");
    await assertRefused(() => carrier.set(row[0], dict), row, "value");
  }
  assertEquals(await dict.size(), travelling.length);
});

everywhere("every kind of value that would be lost is refused with its place", async (world) => {
  const carrier = callsOf(await world.spawn(TableCarrier, []));
  const queue = new Queue<unknown>();
  for (const row of refused) {
    await assertRefused(() => carrier.check(row[0], row[1].make()), row, "args[1]");
    await assertRefused(() => carrier.giveWithin(row[0]), row, "result[0]");
    await assertRefused(() => queue.put(row[1].make()), row, "item");
    await assertRefused(() => carrier.put(row[0], queue), row, "item");
  }
  assertEquals(await queue.size(), 0);
});
