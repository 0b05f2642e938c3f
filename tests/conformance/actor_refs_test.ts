import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Queue, type Ref, spawn } from "../../mod.ts";
import { eachPair, PLACEMENTS, rejection, until, within } from "./actor_contract.ts";
import { Diary } from "./fixtures/diary.ts";
import { Mother } from "./fixtures/family.ts";
import { type Bundle, Messenger } from "./fixtures/messenger.ts";

eachPair("a ref works as an argument, for calls and casts", async (one, other) => {
  await using diary = await spawn(Diary, [], { placement: one });
  await using messenger = await spawn(Messenger, [], { placement: other });
  await messenger.call.keep(diary);
  assertEquals(await messenger.call.write("a"), 1);
  await messenger.call.castWrite("b");
  // Two ways lead to the diary, so that only its state tells that the cast has come.
  await until(async () => (await diary.call.read()).length === 2);
  assertEquals(await diary.call.read(), ["a", "b"]);
});

eachPair("a ref works as an argument of a constructor, for an actor that is yet to start", async (one, other) => {
  await using diary = await spawn(Diary, [], { placement: one });
  await using messenger = await spawn(Messenger, [diary], { placement: other });
  assertEquals(await messenger.call.write("a"), 1);
});

eachPair("refs work at any depth, and one object arrives as one", async (one, other) => {
  await using diary = await spawn(Diary, [], { placement: one });
  await using messenger = await spawn(Messenger, [], { placement: other });
  const bundle: Bundle = { map: new Map([["d", diary]]), set: new Set([diary]), twice: [diary, diary] };
  assertEquals(await messenger.call.writeInAll(bundle, "x"), true);
  assertEquals(await diary.call.read(), ["x", "x", "x", "x"]);
});

eachPair("a ref works as a result, and nested in one", async (one, other) => {
  await using diary = await spawn(Diary, [], { placement: one });
  await using messenger = await spawn(Messenger, [diary], { placement: other });
  const back = await messenger.call.give();
  assertEquals([back.name, back.address, back.placement], [diary.name, diary.address, diary.placement]);
  assertEquals(await back.call.write("a"), 1);
  const deep = (await messenger.call.giveDeep()).list[0].get("diary")!;
  assertEquals(await deep.with({ timeoutMs: 4000 }).call.write("b"), 2);
  assertEquals(await diary.call.read(), ["a", "b"]);
});

eachPair("a ref to what an actor spawned works for who has only the result", async (one, other) => {
  await using messenger = await spawn(Messenger, [], { placement: one });
  const diary = await messenger.call.found(other);
  assertEquals(diary.placement, other);
  assertEquals(await diary.call.write("from the root"), 1);
  assertEquals(await messenger.call.write("from its parent"), 2);
});

eachPair("a ref among the fields of a thrown error works", async (one, other) => {
  await using diary = await spawn(Diary, [], { placement: one });
  await using messenger = await spawn(Messenger, [diary], { placement: other });
  const error = await rejection(messenger.call.throwRef());
  assertInstanceOf(error, RangeError);
  assertEquals(await (error as RangeError & { diary: Ref<Diary> }).diary.call.write("a"), 1);
});

eachPair("a ref works for third parties, by call and by queue, wherever all three are", async (one, other) => {
  for (const third of PLACEMENTS) {
    await using first = await spawn(Messenger, [], { placement: one });
    await using second = await spawn(Messenger, [], { placement: other });
    // The diary is the first one's child, and nobody but it has had the ref.
    await first.call.found(third);
    await first.call.passOn(second);
    assertEquals(await second.call.write("by call"), 1, third);
    const queue = new Queue<Ref<Diary>>();
    await second.call.putIn(queue);
    const mine = await within(queue.get());
    assertEquals(await mine.call.write("by queue"), 2, third);
    assertEquals(await first.call.read(), ["by call", "by queue"], third);
  }
});

eachPair("refs of actors that live in other isolates' trees reach each other both ways", async (one, other) => {
  await using left = await spawn(Messenger, [], { placement: one });
  await using right = await spawn(Messenger, [], { placement: other });
  // Each has a child of the other's kind of place, and then they swap them.
  const leftDiary = await left.call.found(other);
  const rightDiary = await right.call.found(one);
  await left.call.keep(rightDiary);
  await right.call.keep(leftDiary);
  assertEquals(await Promise.all([left.call.write("l"), right.call.write("r")]), [1, 1]);
  assertEquals(await rightDiary.call.read(), ["l"]);
  assertEquals(await leftDiary.call.read(), ["r"]);
});

// -- Calling back --

eachPair("a child may call its spawner back while that waits for nothing", async (one, other) => {
  await using mother = await spawn(Mother, [], { placement: one });
  await mother.call.bear(other);
  await mother.call.tellChild("a");
  await until(async () => (await mother.call.heard()).length === 1);
  const child = await mother.call.child();
  assertEquals(await child.call.callBack("b"), "heard b");
  assertEquals(await mother.call.heard(), ["a", "b"]);
});

eachPair("a concurrent spawner may wait for a child that calls it back", async (one, other) => {
  await using mother = await spawn(Mother, [], { placement: one, concurrency: 2 });
  await mother.call.bear(other);
  assertEquals(await within(mother.call.askChild("a")), "heard a");
});

eachPair("current().parent is a ref by which a child can call its spawner", async (one, other) => {
  await using mother = await spawn(Mother, [], { placement: one, name: "mother" });
  await mother.call.bear(other);
  const child = await mother.call.child();
  assertEquals(await child.call.parentOf(), ["mother", one, mother.address]);
  assertEquals(await child.call.callParent("a"), "heard a");
  assert(child.alive);
});
