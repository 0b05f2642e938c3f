/** Dead letters: counted wherever they come from, read as they come, in bounded memory. */
import { assert, assertEquals } from "@std/assert";
import { type DeadLetter, deadLetters, logger, type PlacementName, Process, type Ref, spawn } from "../../mod.ts";
import { eachPlacement, occupy, oneTest, until, within } from "./actor_contract.ts";
import { DeadLetters } from "../../channels/kernel/dead_letters.ts";
import { plainPacket } from "../../channels/kernel/packet.ts";
import { ending } from "./fixtures/life_ends.ts";
import { Loser } from "./fixtures/loser.ts";
import { Mortal, Parent, Registrar } from "./fixtures/watchers.ts";

// What is tested here would fill the screen.
logger.level = "error";

/** Waits until exactly so many more were counted; a later one too many fails the test that comes next. */
async function counted(before: number, count: number): Promise<void> {
  await until(() => deadLetters.count >= before + count);
  assertEquals(deadLetters.count - before, count);
}

eachPlacement("a cast to the dead is a dead letter, and says to whom and what", async (placement) => {
  const mortal = await spawn(Mortal, [], { placement, name: "mortal" });
  await mortal.stop();
  const reader = deadLetters[Symbol.asyncIterator]();
  const before = deadLetters.count;
  mortal.cast.note("too late");
  const { value } = await within(reader.next());
  assertEquals(value!.what, "note");
  assert(value!.to.includes(mortal.address), value!.to);
  await counted(before, 1);
  assertEquals(await reader.return!(), { done: true, value: undefined });
});

for (const how of ["stop with no grace", "kill", "exit", "throw"] as const) {
  eachPlacement(`what lay in the mailbox of the dead is counted: ${how}`, async (placement) => {
    const mortal = await spawn(Mortal, [], { placement });
    for (let n = 0; n < 300; n++) mortal.cast.note("handled");
    await mortal.call.ping();
    // A cast that was taken may be heard of a little later than the answer to the call behind it.
    const { call } = await occupy(mortal);
    const before = deadLetters.count;
    call.catch(() => {});
    for (let n = 0; n < 1500; n++) mortal.cast.note(`${n}`);
    const ended = how === "exit" || how === "throw";
    if (how === "kill") await mortal.kill();
    else if (how === "stop with no grace") await mortal.stop({ graceMs: 0 });
    else {
      // It ends itself from another handler.
      await endBy(how, placement, before);
      await mortal.kill();
    }
    await counted(before, ended ? 1500 + 20 : 1500);
  });
}

eachPlacement(
  "casts that a supervised actor has handled are no dead letters when its supervisor's isolate ends",
  async (placement) => {
    for (const where of ["thread", "process"] as const) {
      const parent = await spawn(Parent, [], { placement: where });
      const mortal = await parent.call.bear(placement);
      const before = deadLetters.count;
      for (let n = 0; n < 3; n++) mortal.cast.note(`${n}`);
      assertEquals((await mortal.call.said()).length, 3);
      await parent.kill();
      // A dead letter of its own comes behind those that it would have found.
      mortal.cast.note("too late");
      await counted(before, 1);
    }
  },
);

/** One that has two handlers, and ends itself in one of them with messages behind it. */
async function endBy(how: "exit" | "throw", placement: PlacementName, before: number): Promise<void> {
  const mortal = await spawn(Mortal, [], { placement });
  mortal.cast.end(how === "exit" ? "exit" : "throwAtOnce");
  for (let n = 0; n < 20; n++) mortal.cast.note(`${n}`);
  await within(mortal.exited);
  await until(() => deadLetters.count >= before + 20);
}

eachPlacement("messages that a task did not read are counted when it ends", async (placement) => {
  const process = new Process(ending, ["wait", 0], { placement });
  await process.start();
  const before = deadLetters.count;
  for (let n = 0; n < 5; n++) await process.send(n);
  // Asked to stop it could still read; its own exit is what leaves them behind.
  if (placement === "inline") await process.kill();
  else {
    await process.terminate();
    // Killed with its isolate it cannot tell, and its senders knew them taken.
    return;
  }
  await counted(before, 5);
});

eachPlacement(
  "what is lost in a child is counted in the program, by the cause and by the number",
  async (placement) => {
    const registrar = await spawn(Registrar, [], { placement });
    const mortal = await registrar.call.start("inline");
    const before = deadLetters.count;
    await occupy(mortal);
    for (let n = 0; n < 50; n++) mortal.cast.note("x");
    await mortal.kill();
    await counted(before, 50);
    await registrar.stop();
  },
);

eachPlacement("what a mailbox has no room for is counted", async (placement) => {
  for (const overflow of ["reject", "drop-newest", "drop-oldest"] as const) {
    const mortal = await spawn(Mortal, [], { placement, mailbox: { capacity: 3, overflow } });
    const { end } = await occupy(mortal);
    const before = deadLetters.count;
    for (let n = 0; n < 10; n++) mortal.cast.note(`${n}`);
    await counted(before, 7);
    await end();
    assertEquals(await mortal.call.said(), overflow === "drop-oldest" ? ["7", "8", "9"] : ["0", "1", "2"]);
    await mortal.stop();
    assertEquals(deadLetters.count - before, 7);
  }
});

oneTest("an actor that has handled all its casts and is killed leaves no dead letter", async () => {
  for (const placement of ["thread", "process"] as const) {
    const mortal: Ref<Mortal> = await spawn(Mortal, [], { placement });
    const before = deadLetters.count;
    for (let n = 0; n < 777; n++) mortal.cast.note(`${n}`);
    while ((await mortal.call.said()).length < 777);
    // What it says when its mailbox is empty comes before the answer to what is asked after that.
    await mortal.call.ping();
    await mortal.kill();
    assertEquals(deadLetters.count, before);
  }
});

oneTest("a reader who is slow misses the oldest; the count misses none; leaving ends it", async () => {
  const mortal = await spawn(Mortal, [], { placement: "inline" });
  await mortal.stop();
  const before = deadLetters.count;
  const slow = deadLetters[Symbol.asyncIterator]();
  const letters: DeadLetter[] = [];
  const read = (async () => {
    for await (const letter of deadLetters) if (letters.push(letter) === 3) break;
  })();
  for (let n = 0; n < 1003; n++) mortal.cast[n < 3 ? "note" : "spin"](n as never);
  await within(read);
  // It waited for the first one; of the others the two oldest were too many.
  assertEquals(letters.map(({ what }) => what), ["note", "spin", "spin"]);
  assertEquals(deadLetters.count - before, 1003);
  assertEquals((await within(slow.next())).value?.what, "spin");
  // One that waits when the reader leaves is told that there are no more.
  for (let n = 0; n < 999; n++) await slow.next();
  const waiting = slow.next();
  await slow.return!();
  assertEquals(await within(waiting), { done: true, value: undefined });
});

oneTest("an item that is too long to be told takes none of a reader's room", async () => {
  const letters = new DeadLetters();
  const reader = letters[Symbol.asyncIterator]();
  letters.add("nobody", "cast");
  letters.add("nobody", "item", { packet: plainPacket(new Uint8Array(0)), bytes: 2 ** 30, deliveries: 1 });
  const read = [await reader.next(), await reader.next()].map(({ value }) => value?.what);
  assertEquals(read, ["cast", `item (too long to be told: ${2 ** 30} bytes)`]);
  await reader.return!();
});

oneTest("of the items that a child loses at once 64 MiB are told, and all are counted", async () => {
  const [count, sizeBytes] = [200, 400 * 1024];
  for (const placement of ["thread", "process"] as const) {
    await using loser = await spawn(Loser, [], { placement });
    const before = deadLetters.count;
    const told: DeadLetter[] = [];
    const read = (async () => {
      for await (const letter of deadLetters) if (told.push(letter) && letter.what === "last") break;
    })();
    await loser.call.lose("item", count, sizeBytes);
    await until(() => deadLetters.count >= before + count);
    await loser.call.lose("last", 1, 0);
    await within(read);
    assertEquals(told.length - 1, Math.floor(64 * 1024 * 1024 / sizeBytes));
    assertEquals(deadLetters.count - before, count + 1);
  }
});
