import { assertEquals } from "@std/assert";
import { type Connection, pipe, Queue } from "../../mod.ts";
import { assertSame } from "../channels/kernel/codec/assert_same.ts";
import { TRAVELLING } from "./fixtures/travelling_values.ts";
import {
  Carrier,
  checkArgument,
  checkMessages,
  giveBackValue,
  type HandlePlaces,
  placesOf,
  queuesIn,
} from "./fixtures/value_carrier.ts";
import { callsOf, everywhere } from "./pipe_everywhere.ts";

const names = Object.keys(TRAVELLING);

everywhere("every kind of value arrives as it is: as the argument of a call", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  for (const name of names) assertEquals(await carrier.check(name, TRAVELLING[name]()), undefined);
});

everywhere("every kind of value arrives as it is: as the result of a call", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  for (const name of names) assertSame(await carrier.give(name), TRAVELLING[name]());
});

everywhere("every kind of value arrives as it is: as an item of a stream", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const left = [...names];
  for await (const value of carrier.giveAll(names)) assertSame(value, TRAVELLING[left.shift()!]());
  assertEquals(left, []);
});

everywhere("every kind of value arrives as it is: as an item of a queue, there and back", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const queue = new Queue<unknown>();
  for (const name of names) {
    await queue.put(TRAVELLING[name]());
    assertEquals(await carrier.checkNextItem(name, queue), undefined);
    await carrier.put(name, queue);
    assertSame(await queue.get(), TRAVELLING[name]());
  }
});

everywhere("every kind of value arrives as it is: as a message on a pipe, there and back", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const [here, there] = pipe<unknown>();
  for (const name of names) {
    await here.send(TRAVELLING[name]());
    assertEquals(await carrier.checkNextMessage(name, there as Connection<unknown>), undefined);
    await carrier.send(name, there as Connection<unknown>);
    assertSame(await here.recv(), TRAVELLING[name]());
  }
});

everywhere("every kind of value arrives as it is: as an argument of a constructor", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, [names.map((name) => TRAVELLING[name]())]));
  assertEquals(await carrier.checkGiven(names), names.map(() => undefined));
});

everywhere("every kind of value arrives as it is: as the argument and the result of a task", async (world) => {
  const said = new Queue<string | undefined>();
  // One process for each would take long; these are the ones that something was done about.
  for (const name of ["numbers", "arrays with holes", "cycles", "errors", "views of a part of a buffer"]) {
    const child = await world.start(checkArgument, name, TRAVELLING[name](), said);
    assertEquals(await said.get(), undefined);
    assertSame(await child.result, TRAVELLING[name]());
    await child.join();
  }
});

everywhere("every kind of value arrives as it is: as a message in a mailbox", async (world) => {
  const said = new Queue<string | undefined>();
  const child = await world.start(checkMessages, names, said);
  for (const name of names) {
    await child.send(TRAVELLING[name]());
    assertEquals(await said.get(), undefined);
  }
  await child.join();
});

everywhere("a view arrives with the bytes it showed and no others", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const { buffer } = new Uint8Array(1000);
  const views = [new Uint8Array(buffer, 24, 3), new DataView(buffer, 1, 4), new Float64Array(buffer, 8, 2)];
  assertEquals(await carrier.memorySizes(views), [3, 4, 16]);
  assertEquals(await carrier.memorySizes([new Uint8Array(buffer, 8, 5), new DataView(buffer, 10, 6)]), [8, 8]);
});

everywhere(
  "a handle travels in everything that holds values, and is one handle however often it is in it",
  async (world) => {
    const carrier = callsOf(await world.spawn(Carrier, []));
    const queue = new Queue<unknown>();
    const places = placesOf(queue);
    assertEquals(await carrier.useHandles(places), true);
    assertEquals(await queue.size(), queuesIn(places).length);

    const returned = queuesIn(await carrier.giveHandles(queue));
    assertEquals(new Set(returned).size, 1);
    await returned[0].put("through the one that came back");
    assertEquals(await queue.size(), returned.length + 1);

    const [here, there] = pipe<HandlePlaces>();
    await here.send(places);
    assertEquals(await carrier.useHandles(await there.recv()), true);
    const mail = new Queue<HandlePlaces>();
    await mail.put(places);
    assertEquals(await carrier.useHandles(await mail.get()), true);
    assertEquals(await queue.size(), 3 * returned.length + 1);
  },
);

everywhere("[pain 9] a value is a snapshot taken at the call, wherever it is sent", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const value = { list: [1], bytes: new Uint8Array([1]), map: new Map([["a", 1]]), date: new Date(0) };
  const expected = structuredClone(value);
  const change = () => {
    value.list.push(2);
    value.bytes[0] = 9;
    value.map.set("b", 2);
    value.date.setTime(1);
  };
  const restore = () => Object.assign(value, structuredClone(expected));
  const queue = new Queue<unknown>();
  const [here, there] = pipe<unknown>();
  const sends: (() => Promise<unknown>)[] = [
    () => carrier.echo(value),
    () => queue.put(value).then(() => queue.get()),
    () => here.send(value).then(() => there.recv()),
    () => world.spawn(Carrier, [value]).then((ref) => callsOf(ref).giveGiven()),
    () => world.start(giveBackValue, value).then((child) => child.result),
  ];
  for (const send of sends) {
    const answer = send();
    change();
    assertSame(await answer, expected);
    restore();
  }
});

everywhere("what arrives is a copy: what the receiver does to it nobody else sees", async (world) => {
  const carrier = callsOf(await world.spawn(Carrier, []));
  const value = { list: [1] };
  assertEquals(await carrier.pushTo(value), { list: [1, 2] });
  assertEquals(value, { list: [1] });
  const first = await carrier.giveGiven() as undefined;
  assertEquals(first, undefined);
  const kept = callsOf(await world.spawn(Carrier, [value]));
  const [one, two] = [await kept.giveGiven() as typeof value, await kept.giveGiven() as typeof value];
  one.list.push(3);
  assertEquals([two, await kept.giveGiven(), value], [{ list: [1] }, { list: [1] }, { list: [1] }]);
});
