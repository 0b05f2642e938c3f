import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { current, Queue, type Ref, spawn } from "../../mod.ts";
import { eachPlacement, oneTest, rejection, within } from "./actor_contract.ts";
import { newLatch, open } from "./fixtures/latch.ts";
import { Looker, type Sight } from "./fixtures/looker.ts";

oneTest("in the program current() is main, which has no parent and handles no call", async () => {
  const main = current();
  assertEquals([main.name, main.placement], ["main", "inline"]);
  assertStrictEquals(main.parent, undefined);
  assertStrictEquals(main.call, undefined);
  assertEquals(main.signal.aborted, false);
  assertEquals(main.self.address, main.address);
  await Promise.resolve();
  assertEquals(current().name, "main");
});

eachPlacement(
  "current() in a constructor, a handler, after a wait, in a timer and in a cast is the actor",
  async (placement) => {
    await using looker = await spawn(Looker, [], { placement, name: "looker" });
    const expected: Sight = { name: "looker", address: looker.address, placement, inCall: true, aborted: false };
    assertEquals(await looker.call.look(), expected);
    const latch = newLatch();
    const later = looker.call.lookLater(latch);
    await within(latch.entered.get());
    assertEquals(current().name, "main");
    await open(latch);
    assertEquals(await later, expected);
    assertEquals(await looker.call.lookInTimer(), expected);
    const sights = new Queue<Sight>();
    looker.cast.tellSight(sights);
    assertEquals(await within(sights.get()), { ...expected, inCall: false });
    assertEquals(await looker.call.lookAtStart(), { ...expected, inCall: false });
  },
);

eachPlacement("current() tells two actors of one isolate apart, however they take turns", async (placement) => {
  await using one = await spawn(Looker, [], { placement, name: "one" });
  await using two = await spawn(Looker, [], { placement, name: "two" });
  const latches = [newLatch(), newLatch()];
  const sights = [one.call.lookLater(latches[0]), two.call.lookLater(latches[1])];
  for (const latch of latches) await within(latch.entered.get());
  for (const latch of latches) await open(latch);
  assertEquals((await Promise.all(sights)).map(({ name }) => name), ["one", "two"]);
});

eachPlacement("current().self is a ref to the actor that others can use", async (placement) => {
  await using looker = await spawn(Looker, [], { placement });
  const self = await looker.call.self() as unknown as Ref<Looker>;
  assertEquals([self.name, self.address, self.placement], [looker.name, looker.address, placement]);
  assertEquals((await self.call.look()).name, looker.name);
  assert(self.alive);
});

eachPlacement("each of several calls at a time has its own current().call", async (placement) => {
  await using looker = await spawn(Looker, [], { placement, concurrency: 2 });
  const latch = newLatch();
  const log = new Queue<string>();
  const controller = new AbortController();
  const one = rejection(looker.with({ signal: controller.signal }).call.watch(latch, "one", log));
  const two = looker.call.watch(latch, "two", log);
  await within(latch.entered.get());
  await within(latch.entered.get());
  controller.abort();
  await one;
  assertEquals(await within(log.get()), "one was given up");
  await open(latch);
  await open(latch);
  assertEquals(await two, "two: false");
  assertEquals(await log.size(), 0);
});
