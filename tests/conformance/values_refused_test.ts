import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { currentActor } from "../../actors/context.ts";
import { type Connection, NotSerializableError, pipe, Process, Queue, spawn } from "../../mod.ts";
import { REFUSED, REFUSED_WITHOUT_A_CALL } from "./fixtures/travelling_values.ts";
import { Carrier, giveBackValue, giveRefusedResult, waitForMail } from "./fixtures/value_carrier.ts";
import { callsOf, everywhere, rejection } from "./pipe_everywhere.ts";

const kinds = Object.keys(REFUSED);
const all = { ...REFUSED, ...REFUSED_WITHOUT_A_CALL };
const allKinds = Object.keys(all);

const wrapped = (kind: string) => ({ deep: [{ refused: all[kind]() }] });

/** Fails unless the promise rejects at `root.deep[0].refused` for the kind. */
async function assertRefused(promise: Promise<unknown>, kind: string, root: string): Promise<void> {
  const error = await rejection<NotSerializableError>(promise, NotSerializableError);
  assertInstanceOf(error, NotSerializableError);
  assertEquals([error.path, error.kind], [`${root}.deep[0].refused`, kind]);
}

everywhere(
  "what cannot travel is refused with its path: in the arguments of a call, and nothing is sent",
  async (world) => {
    const carrier = callsOf(await world.spawn(Carrier, []));
    for (const kind of kinds) {
      await assertRefused(carrier.take(wrapped(kind)), kind, "args[0]");
      await assertRefused(carrier.check("name", wrapped(kind)), kind, "args[1]");
    }
    assertEquals(await carrier.handled(), 0);
  },
);

everywhere("what cannot travel is refused with its path: a cast of it throws, and nothing is sent", async (world) => {
  const ref = await world.spawn(Carrier, []);
  for (const kind of allKinds) {
    const error = assertThrows(() => ref.cast.take(wrapped(kind)), NotSerializableError);
    assertEquals([error.path, error.kind], ["args[0].deep[0].refused", kind]);
  }
  assertEquals(await callsOf(ref).handled(), 0);
});

everywhere(
  "what cannot travel is refused with its path: in the result of a call, and the actor lives",
  async (world) => {
    const carrier = callsOf(await world.spawn(Carrier, []));
    for (const kind of allKinds) await assertRefused(carrier.giveRefused(kind), kind, "result");
    assertEquals(await carrier.echo("still there"), "still there");
  },
);

everywhere("what cannot travel is refused with its path: as an item of a stream, which ends with it", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  for (const kind of ["function", "class Foo", "AbortSignal"]) {
    const items = carrier.giveRefusedItem(kind)[Symbol.asyncIterator]();
    assertEquals(await items.next(), { done: false, value: "first" });
    await assertRefused(items.next(), kind, "stream.item");
    assertEquals(await items.next(), { done: true, value: undefined });
  }
  assertEquals(await carrier.echo("still there"), "still there");
});

everywhere("what cannot travel is refused with its path: as an item of a queue, and nothing is put", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const queue = new Queue<unknown>();
  for (const kind of allKinds) {
    await assertRefused(queue.put(wrapped(kind)), kind, "item");
    await assertRefused(queue.tryPut(wrapped(kind)), kind, "item");
    await assertRefused(carrier.putRefused(kind, queue), kind, "item");
  }
  assertEquals(await queue.size(), 0);
});

everywhere(
  "what cannot travel is refused with its path: as a message on a pipe, and nothing is sent",
  async (world) => {
    const carrier = callsOf(await world.spawn(Carrier, []));
    const [here, there] = pipe<unknown>();
    for (const kind of allKinds) {
      await assertRefused(here.send(wrapped(kind)), kind, "message");
      await assertRefused(carrier.sendRefused(kind, there as Connection<unknown>), kind, "message");
    }
    assertEquals([await here.poll(), await there.poll()], [false, false]);
  },
);

everywhere(
  "what cannot travel is refused with its path: in what an actor or a task is started with, and nothing starts",
  async (world) => {
    const { placement } = world;
    for (const kind of allKinds) {
      await assertRefused(spawn(Carrier, [wrapped(kind)], { placement }), kind, "args[0]");
      await assertRefused(new Process(giveBackValue, [wrapped(kind)], { placement }).start(), kind, "args[0]");
      assertEquals(currentActor().children.size, 0);
    }
  },
);

everywhere(
  "what cannot travel is refused with its path: as the result of a task, which ends in good order",
  async (world) => {
    for (const kind of ["function", "class Foo", "AbortSignal"]) {
      const child = await world.start(giveRefusedResult, kind);
      await assertRefused(child.result, kind, "result");
      assertEquals((await child.join())?.code, 0);
    }
  },
);

everywhere(
  "what cannot travel is refused with its path: as a message for a mailbox, and nothing is sent",
  async (world) => {
    const ref = await world.spawn(Carrier, []);
    const child = await world.start(waitForMail);
    for (const kind of allKinds) await assertRefused(child.send(wrapped(kind)), kind, "message");
    await child.send("the first message");
    assertEquals(await child.result, "the first message");
    await ref.stop();
  },
);

everywhere("handles beside what cannot travel stay where they are", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const [here, there] = pipe<unknown>();
  await assertRefused(carrier.check("x", { there, ...wrapped("function") }), "function", "args[1]");
  await here.send("still mine");
  assertEquals(await there.recv(), "still mine");
});
