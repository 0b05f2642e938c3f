import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { current, Process, Queue, spawn } from "../../mod.ts";
import { eachPlacement, oneTest, rejection, within } from "./actor_contract.ts";
import { Bare, Enclosed } from "./fixtures/enclosed.ts";
import { giveSelf } from "./fixtures/self_giver.ts";

/** The face of an actor for one who does not care for types. */
// deno-lint-ignore no-explicit-any -- here everything is called that types would refuse
type Untyped = { call: any; cast: any };

eachPlacement("what the class and its superclasses declare as public methods can be called", async (placement) => {
  await using ref = await spawn(Enclosed, [], { placement });
  assertEquals(await ref.call.plain(), "plain");
  assertEquals(await ref.call.inherited(), "inherited");
  assertEquals(await ref.call.overridden(), "of the base, overridden");
  assertEquals(await ref.call.useHash(), "hash");
  assertEquals(await ref.call["with-dash"](), "dash");
  assertEquals(await ref.call.toString(), "my own string");
  for await (const item of ref.call.items()) assertEquals(item, 1);
});

/** Names that others cannot call. */
const NOT_CALLABLE: Readonly<Record<string, readonly string[]>> = {
  "hooks": ["onStart", "onStop", "onDown", "onError"],
  "names that start with _": ["_private", "__double", "__proto__", "__defineGetter__"],
  "the constructor": ["constructor"],
  "private methods": ["#hash", "hash"],
  "fields": ["field", "nested"],
  "setters": ["onlySet"],
  "static methods": ["staticMethod", "calls"],
  "methods of Object.prototype": ["hasOwnProperty", "valueOf", "isPrototypeOf", "toLocaleString"],
  "what is not there": ["nothing", "", " plain", "plain ", "Plain", "nested.deep"],
};

eachPlacement("nothing else can be called: TypeError, and the actor lives", async (placement) => {
  await using ref = await spawn(Enclosed, [], { placement });
  for (const [what, names] of Object.entries(NOT_CALLABLE)) {
    for (const name of names) {
      const error = await rejection((ref as Untyped).call[name]());
      assertInstanceOf(error, TypeError, what);
      assertEquals(error.message, `Cannot call ${ref.name}.${name}: it has no such public method`, what);
    }
  }
  assertStrictEquals((ref as Untyped).call.then, undefined);
  assertEquals(await ref.call.plain(), "plain");
});

/** What has the type of a method and is none. The types of an interface are written in this way, too, and its class has methods. */
const LIKE_METHODS: Readonly<Record<string, readonly string[]>> = {
  "a property that holds a function": ["arrow", "inheritedArrow", "assigned"],
  "a getter": ["getter", "hidden", "inheritedGetter"],
};

eachPlacement(
  "what only looks like a method cannot be called: the error says what it is, and the cure",
  async (placement) => {
    await using ref = await spawn(Enclosed, [], { placement });
    for (const [what, names] of Object.entries(LIKE_METHODS)) {
      for (const name of names) {
        const error = await rejection((ref as Untyped).call[name]());
        assertInstanceOf(error, TypeError, name);
        const cure = `${name} is ${what}, not a method of the class: make it a method`;
        assertEquals(error.message, `Cannot call ${ref.name}.${name}: ${cure}`);
      }
    }
    assertEquals(await ref.call.plain(), "plain");
  },
);

eachPlacement("what every object has cannot be called of an actor that declares nothing", async (placement) => {
  await using ref = await spawn(Bare, [], { placement });
  for (const name of ["toString", "valueOf", "hasOwnProperty", "constructor", "__proto__", "__lookupGetter__"]) {
    assertInstanceOf(await rejection((ref as Untyped).call[name]()), TypeError, name);
  }
});

eachPlacement("a cast for which there is no method is a dead letter, and the actor lives", async (placement) => {
  await using ref = await spawn(Enclosed, [], { placement });
  const before = deadLetters.count;
  for (const name of ["nothing", "_private", "onStop", "constructor", "field"]) (ref as Untyped).cast[name]("x");
  assertEquals(await ref.call.plain(), "plain");
  if (placement === "inline") assertEquals(deadLetters.count, before + 5);
});

oneTest("call and cast are no promises, have no symbols, and cannot be written to", async () => {
  await using ref = await spawn(Enclosed, [], { placement: "inline" });
  for (const face of [ref.call, ref.cast, ref.with({}).call] as unknown as Record<PropertyKey, unknown>[]) {
    assertStrictEquals(face.then, undefined);
    assertStrictEquals(await face, face);
    assertStrictEquals(face[Symbol.iterator], undefined);
    assertStrictEquals(face[Symbol.toPrimitive], undefined);
    assertStrictEquals(face.plain, face.plain);
    assertThrows(() => face.plain = () => {}, TypeError);
    assertThrows(() => face.other = () => {}, TypeError);
    assert(Deno.inspect(face).length > 0);
    assertEquals(Object.keys(face), []);
  }
});

oneTest("a call of the program's own ref is refused at once: it has no methods", async () => {
  const self = current().self as unknown as Untyped & { ready(): Promise<void> };
  const error = await within(rejection(self.call.anything()));
  assertInstanceOf(error, TypeError);
  assertEquals((error as Error).message, "Cannot call main.anything: it has no such public method");
  const before = deadLetters.count;
  self.cast.anything();
  assertEquals(deadLetters.count, before + 1);
});

eachPlacement("a call of a task's own ref is refused at once, and is no message to it", async (placement) => {
  const selves = new Queue<unknown>();
  const process = new Process(giveSelf, [selves as never], { placement });
  await process.start();
  const self = await within(selves.get()) as Untyped;
  const error = await within(rejection(self.call.anything(1)));
  assertInstanceOf(error, TypeError);
  self.cast.anything(2);
  await process.send("a message");
  await process.stop();
  assertEquals(await process.result, ["a message"]);
});
