import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { actor, NotSerializableError, Process, spawn, type SpawnOptions, StartError, task } from "../../mod.ts";
import { eachPlacement, oneTest, rejection } from "./actor_contract.ts";
import { Decorated, Derived } from "./fixtures/decorated.ts";
import { Diary } from "./fixtures/diary.ts";

/** A module that nobody imports. */
const NOWHERE = "file:///nowhere.ts";

oneTest("actor() returns the class itself, and may be told of it again", async () => {
  class Once {}
  assertStrictEquals(actor(NOWHERE, Once), Once);
  assertStrictEquals(actor(NOWHERE, Once), Once);
  await using _once = await spawn(Once, [], { placement: "inline" });
});

oneTest(
  "actor() throws TypeError for a class without a name, a second one of a name, and what is no class",
  async () => {
    assertThrows(() => actor(NOWHERE, (() => class {})()), TypeError, "it has no name");
    const twin = () => class Twin {};
    actor(NOWHERE, twin());
    assertThrows(() => actor(NOWHERE, twin()), TypeError, `${NOWHERE} has registered another definition named Twin`);
    actor("file:///elsewhere.ts", twin());
    assertThrows(() => actor(NOWHERE, function add() {} as never), TypeError, "add is a function, use task()");
    assertThrows(() => actor(NOWHERE, undefined as never), TypeError, "a class is needed, not undefined");
    assertThrows(() => actor(NOWHERE, null as never), TypeError, "a class is needed, not null");
    assertThrows(
      () => actor("nowhere", class Lost {}),
      TypeError,
      'the module URL must be import.meta.url, not "nowhere"',
    );
    await Promise.resolve();
  },
);

eachPlacement("the decorator registers a class", async (placement) => {
  await using decorated = await spawn(Decorated, ["x"], { placement });
  assertEquals(await decorated.call.tell(), "decorated x");
});

eachPlacement("a subclass has to be registered like any other class", async (placement) => {
  class Unregistered extends Diary {}
  const error = await rejection(spawn(Unregistered, [], { placement }));
  assertInstanceOf(error, TypeError);
  assertEquals(
    error.message,
    "Cannot spawn: Unregistered is not registered; " +
      "call actor(import.meta.url, Unregistered) in the module that declares it",
  );
  await using derived = await spawn(Derived, ["y"], { placement });
  assertEquals(await derived.call.tell(), "derived from decorated y");
});

eachPlacement("spawn() rejects with TypeError what cannot be started", async (placement) => {
  await assertRejects(() => spawn(Map, [], { placement }), TypeError, "Map is not registered");
  await assertRejects(
    () => spawn(function add() {}, [], { placement }),
    TypeError,
    "call task(import.meta.url, add) in the module that declares it",
  );
  await assertRejects(() => spawn({} as typeof Diary, [], { placement }), TypeError, "not object");
  await assertRejects(() => spawn(null as unknown as typeof Diary, [], { placement }), TypeError, "not null");
  await assertRejects(() => spawn(Diary, "a" as never, { placement }), TypeError, "the arguments must be an array");
  assertThrows(() => new Process(Diary as never, [] as never, { placement }), TypeError, "it is a class, use spawn");
});

eachPlacement("spawn() rejects with TypeError or RangeError an option that cannot be", async (placement) => {
  const start = (options: Record<string, unknown>) => () => spawn(Diary, [], { placement, ...options } as SpawnOptions);
  await assertRejects(start({ name: "" }), TypeError, "name must be a string that is not empty");
  await assertRejects(start({ name: 7 }), TypeError);
  await assertRejects(start({ placement: "fork" }), TypeError, 'placement must be "thread", "process" or "inline"');
  await assertRejects(start({ concurrency: 0 }), RangeError, "concurrency must be a whole number of at least 1");
  await assertRejects(start({ concurrency: 1.5 }), RangeError);
  await assertRejects(start({ concurrency: "2" }), TypeError);
  await assertRejects(start({ startTimeoutMs: NaN }), TypeError);
  await assertRejects(start({ daemon: 1 }), TypeError);
  await assertRejects(start({ signal: {} }), TypeError);
  assertEquals(await rejection(start({ signal: AbortSignal.abort("no") })()), "no");
});

for (const option of [{ permissions: "none" }, { env: { A: "1" } }, { maxHeapMb: 64 }, { denoArgs: [] }] as const) {
  const name = Object.keys(option)[0];
  oneTest(`spawn() with ${name} is a StartError where the placement cannot enforce it`, async () => {
    for (const placement of ["thread", "inline"] as const) {
      const error = await rejection(spawn(Diary, [], { placement, ...option }));
      assertInstanceOf(error, StartError);
      assert(error.message.includes(`${name} can be enforced only with placement "process"`), error.message);
    }
  });
}

eachPlacement("spawn() rejects with NotSerializableError when an argument cannot travel", async (placement) => {
  const error = await rejection(spawn(Decorated, [(() => {}) as never], { placement }));
  assertInstanceOf(error, NotSerializableError);
  assertEquals(error.path, "args[0]");
});

eachPlacement("an actor is named for its class, unless it is given a name", async (placement) => {
  await using unnamed = await spawn(Diary, [], { placement });
  await using named = await spawn(Diary, [], { placement, name: "my diary" });
  assert(/^Diary-\d+$/.test(unnamed.name), unnamed.name);
  assertEquals(named.name, "my diary");
  assertEquals([unnamed.placement, named.placement], [placement, placement]);
});

oneTest("task() takes a function and no class, and returns it", async () => {
  function half(n: number): number {
    return n / 2;
  }
  assertStrictEquals(task(NOWHERE, half), half);
  assertThrows(() => task(NOWHERE, class Half {} as never), TypeError, "Half is a class, use actor()");
  assertThrows(() => task(NOWHERE, () => 1), TypeError, "it has no name");
  await Promise.resolve();
});
