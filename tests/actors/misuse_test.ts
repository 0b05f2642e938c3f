import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { actor, type Definition, Process, type ProcessOptions, spawn, task } from "../../mod.ts";
import { StartError, TimeoutError } from "../../mod.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { children, workerThreads } from "../machine.ts";
import { square, Talker } from "./placement/fixtures/sandbox.ts";

const here = import.meta.url;

class Unregistered {}
function unregistered(): void {}

/** Wrong kinds of thing for what should be a definition. */
const NO_DEFINITIONS: readonly [string, unknown, string][] = [
  ["undefined", undefined, "a registered class or function is needed, not undefined"],
  ["null", null, "a registered class or function is needed, not null"],
  ["a string", "Talker", "a registered class or function is needed, not string"],
  ["an instance", new Talker(), "a registered class or function is needed, not object"],
  ["an unregistered class", Unregistered, "call actor(import.meta.url, Unregistered) in the module that declares it"],
  ["an unregistered function", unregistered, "call task(import.meta.url, unregistered) in the module that declares it"],
  ["a class of the runtime", Map, "Map is not registered"],
  [
    "an unregistered function without a name",
    () => {},
    "the function is not registered and has no name, by which others could find it; " +
    "declare it with a name in a module, and call task(import.meta.url, name) there",
  ],
  [
    "an unregistered class without a name",
    class {},
    "the class is not registered and has no name, by which others could find it; " +
    "declare it with a name in a module, and call actor(import.meta.url, name) there",
  ],
];

/** Wrong arguments for what should be registered. */
const NO_REGISTRATIONS: readonly [string, () => unknown, string][] = [
  ["a class given to task()", () => task(here, Unregistered as never), "Unregistered is a class, use actor()"],
  ["a function given to actor()", () => actor(here, unregistered as never), "unregistered is a function, use task()"],
  ["an arrow function given to actor()", () => actor(here, (() => {}) as never), "is a function, use task()"],
  ["a class without a name", () => actor(here, class {}), "it has no name"],
  ["a function without a name", () => task(here, () => {}), "it has no name"],
  ["no class at all", () => actor(here, undefined as never), "a class is needed, not undefined"],
  ["null as a class", () => actor(here, null as never), "a class is needed, not null"],
  ["a string as a function", () => task(here, "work" as never), "a function is needed, not string"],
  [
    "no module URL",
    () => task(undefined as never, unregistered),
    "the module URL must be import.meta.url, not undefined",
  ],
  [
    "a path as module URL",
    () => task("./work.ts", unregistered),
    'the module URL must be import.meta.url, not "./work.ts"',
  ],
];

/** Each option, with a wrong value, and what the message says about it. */
const WRONG: readonly [ErrorConstructor, unknown, string][] = [
  [TypeError, 5, "the options must be an object, not number"],
  [TypeError, null, "the options must be an object, not null"],
  [TypeError, "thread", "the options must be an object, not string"],
  [TypeError, { name: 5 }, "name must be a string that is not empty, not 5"],
  [TypeError, { name: "" }, 'name must be a string that is not empty, not ""'],
  [TypeError, { placement: "worker" }, 'placement must be "thread", "process" or "inline", not "worker"'],
  [TypeError, { placement: null }, 'placement must be "thread", "process" or "inline", not null'],
  [TypeError, { placement: 1n }, 'placement must be "thread", "process" or "inline", not 1n'],
  [TypeError, { daemon: "no" }, 'daemon must be a boolean, not "no"'],
  [TypeError, { signal: {} }, "signal must be an AbortSignal"],
  [TypeError, { startTimeoutMs: "1s" }, 'startTimeoutMs must be a number of milliseconds, not "1s"'],
  [TypeError, { startTimeoutMs: NaN }, "startTimeoutMs must be a number of milliseconds, not NaN"],
  [TypeError, { startTimeoutMs: null }, "startTimeoutMs must be a number of milliseconds, not null"],
  [TypeError, { concurrency: "2" }, 'concurrency must be a number, not "2"'],
  [TypeError, { concurrency: NaN }, "concurrency must be a number, not NaN"],
  [RangeError, { concurrency: 0 }, "concurrency must be a whole number of at least 1, not 0"],
  [RangeError, { concurrency: -1 }, "concurrency must be a whole number of at least 1, not -1"],
  [RangeError, { concurrency: 1.5 }, "concurrency must be a whole number of at least 1, not 1.5"],
  [TypeError, { mailbox: 5 }, "mailbox must be an object, not 5"],
  [TypeError, { mailbox: null }, "mailbox must be an object, not null"],
  [TypeError, { mailbox: { capacity: "9" } }, 'mailbox.capacity must be a number, not "9"'],
  [TypeError, { mailbox: { capacity: NaN } }, "mailbox.capacity must be a number, not NaN"],
  [RangeError, { mailbox: { capacity: 0 } }, "mailbox.capacity must be a whole number of at least 1, not 0"],
  [RangeError, { mailbox: { capacity: -5 } }, "mailbox.capacity must be a whole number of at least 1, not -5"],
  [
    TypeError,
    { mailbox: { overflow: "block" } },
    'mailbox.overflow must be one of wait, reject, drop-newest, drop-oldest, not "block"',
  ],
  [TypeError, { mailbox: { overflow: null } }, "mailbox.overflow must be one of"],
  [TypeError, { placement: "process", permissions: 5 }, 'permissions must be "inherit", "none" or an object, not 5'],
  [
    TypeError,
    { placement: "process", permissions: "all" },
    'permissions must be "inherit", "none" or an object, not "all"',
  ],
  [
    TypeError,
    { placement: "process", permissions: null },
    'permissions must be "inherit", "none" or an object, not null',
  ],
  [
    TypeError,
    { placement: "process", permissions: ["net"] },
    'permissions must be "inherit", "none" or an object, not [ "net" ]',
  ],
  [
    TypeError,
    { placement: "process", permissions: { disk: true } },
    'there is no option "permissions.disk"; known are read, write, net',
  ],
  [
    TypeError,
    { placement: "process", permissions: { net: 5 } },
    'permissions.net must be a boolean, "inherit" or a list, not 5',
  ],
  [
    TypeError,
    { placement: "process", permissions: { net: null } },
    'permissions.net must be a boolean, "inherit" or a list, not null',
  ],
  [
    TypeError,
    { placement: "process", permissions: { net: "localhost" } },
    'permissions.net must be a boolean, "inherit" or a list, not "localhost"',
  ],
  [
    TypeError,
    { placement: "process", permissions: { net: [5] } },
    "permissions.net must list names without commas, not 5",
  ],
  [
    TypeError,
    { placement: "process", permissions: { net: ["a,b"] } },
    'permissions.net must list names without commas, not "a,b"',
  ],
  [
    TypeError,
    { placement: "process", permissions: { read: [""] } },
    'permissions.read must list names without commas, not ""',
  ],
  [TypeError, { placement: "process", env: 5 }, "env must be an object of strings, not 5"],
  [TypeError, { placement: "process", env: null }, "env must be an object of strings, not null"],
  [TypeError, { placement: "process", env: ["A=1"] }, 'env must be an object of strings, not [ "A=1" ]'],
  [TypeError, { placement: "process", env: { A: 1 } }, "env.A must be a string without NUL, not 1"],
  [TypeError, { placement: "process", env: { A: undefined } }, "env.A must be a string without NUL, not undefined"],
  [TypeError, { placement: "process", env: { A: "a\0b" } }, "env.A must be a string without NUL"],
  [TypeError, { placement: "process", env: { "A=B": "1" } }, 'env cannot have a variable named "A=B"'],
  [TypeError, { placement: "process", env: { "": "1" } }, 'env cannot have a variable named ""'],
  [TypeError, { placement: "process", maxHeapMb: "64" }, 'maxHeapMb must be a number, not "64"'],
  [TypeError, { placement: "process", maxHeapMb: NaN }, "maxHeapMb must be a number, not NaN"],
  [RangeError, { placement: "process", maxHeapMb: 0 }, "maxHeapMb must be a whole number of at least 1, not 0"],
  [RangeError, { placement: "process", maxHeapMb: -64 }, "maxHeapMb must be a whole number of at least 1, not -64"],
  [RangeError, { placement: "process", maxHeapMb: 0.5 }, "maxHeapMb must be a whole number of at least 1, not 0.5"],
  [
    TypeError,
    { placement: "process", denoArgs: "--v8-flags=-x" },
    'denoArgs must be a list of strings, not "--v8-flags=-x"',
  ],
  [TypeError, { placement: "process", denoArgs: [5] }, "denoArgs must be a list of strings, not [ 5 ]"],
  [TypeError, { placement: "process", denoArgs: null }, "denoArgs must be a list of strings, not null"],
];

/** What must not pass for an array of arguments. */
const NO_ARGUMENTS: readonly unknown[] = [5, "abc", null, {}, new Set([1]), { length: 1, 0: 1 }];

/** Nothing was started, and what is started next gets the name that it would have got. */
function changesNothing(misuse: () => unknown): () => Promise<void> {
  return async () => {
    const numbers = await nextNumbers();
    const threads = workerThreads();
    await misuse();
    assertEquals([workerThreads(), children()], [threads, []]);
    assertNothingLeft();
    assertEquals(await nextNumbers(), numbers.map((number) => number + 1));
  };
}

async function nextNumbers(): Promise<number[]> {
  await using talker = await spawn(Talker, [], { placement: "inline" });
  const process = new Process(square, [1], { placement: "inline" });
  return [talker.name, process.name].map((name) => Number(name.split("-")[1]));
}

function assertClear(error: Error, begin: RegExp, state: string): void {
  assert(begin.test(error.message), error.message);
  assertStringIncludes(error.message, state);
}

for (const [what, definition, state] of NO_DEFINITIONS) {
  Deno.test(
    `starting ${what} is a TypeError: ${state}`,
    changesNothing(async () => {
      assertClear(await assertRejects(() => spawn(definition as Definition), TypeError), /^Cannot spawn: /, state);
      assertClear(assertThrows(() => new Process(definition as never), TypeError), /^Cannot make a process: /, state);
    }),
  );
}

Deno.test(
  "a class in a Process is a TypeError that says what to do",
  changesNothing(() => {
    const error = assertThrows(() => new Process(Talker as never), TypeError);
    assertEquals(error.message, "Cannot make a process of Talker: it is a class, use spawn");
  }),
);

for (const [what, register, state] of NO_REGISTRATIONS) {
  Deno.test(
    `registering ${what} is a TypeError: ${state}`,
    changesNothing(() => {
      assertClear(assertThrows(register, TypeError), /^Cannot register (an actor|a task): /, state);
    }),
  );
}

Deno.test(
  "registering two definitions of one name in one module is a TypeError, and the first one stays",
  async () => {
    const error = assertThrows(
      () => task(new URL("./placement/fixtures/sandbox.ts", here).href, { square(): void {} }.square),
      TypeError,
    );
    assertClear(error, /^Cannot register a task: /, "has registered another definition named square");
    await using talker = await spawn(Talker, [], { placement: "inline" });
    assertEquals(await talker.call.squareInline(7), 49);
    assertEquals(task(new URL("./placement/fixtures/sandbox.ts", here).href, square), square);
  },
);

for (const [ErrorClass, options, state] of WRONG) {
  Deno.test(
    `options: ${Deno.inspect(options)} is a ${ErrorClass.name}: ${state}`,
    changesNothing(async () => {
      const wrong = options as ProcessOptions;
      const begin = /^Cannot (spawn|make a process of|start) [\w-]+: /;
      assertClear(await assertRejects(() => spawn(Talker, [], wrong), ErrorClass), begin, state);
      assertClear(await assertRejects(() => spawn(square, [7], wrong), ErrorClass), begin, state);
      assertClear(assertThrows(() => new Process(square, [7], wrong), ErrorClass), begin, state);
    }),
  );
}

Deno.test(
  "handleSignals that is no boolean is a TypeError",
  changesNothing(() => {
    const error = assertThrows(() => new Process(square, [7], { handleSignals: 1 as never }), TypeError);
    assertEquals(error.message, "Cannot make a process of square: handleSignals must be a boolean, not 1");
  }),
);

for (const args of NO_ARGUMENTS) {
  Deno.test(
    `arguments: ${Deno.inspect(args)} is a TypeError`,
    changesNothing(async () => {
      const state = `the arguments must be an array, not ${Deno.inspect(args)}`;
      assertClear(await assertRejects(() => spawn(Talker, args as never), TypeError), /^Cannot spawn Talker: /, state);
      assertClear(
        await assertRejects(() => spawn(square, args as never), TypeError),
        /^Cannot (spawn|make a process of) square: /,
        state,
      );
      assertClear(
        assertThrows(() => new Process(square, args as never), TypeError),
        /^Cannot make a process of square: /,
        state,
      );
    }),
  );
}

for (const placement of ["inline", "thread", "process"] as const) {
  for (const startTimeoutMs of [0, -1]) {
    Deno.test(`[${placement}] startTimeoutMs: ${startTimeoutMs} leaves no time to start: StartError, and nothing is started`, async () => {
      const threads = workerThreads();
      const starting = spawn(Talker, [], { placement, startTimeoutMs });
      assertEquals([workerThreads(), children()], [threads, []]);
      const error = await assertRejects(() => starting, StartError);
      assert(error.cause instanceof TimeoutError);
      assertNothingLeft();
    });
  }

  Deno.test(`[${placement}] a process whose signal was aborted before start() is not started`, async () => {
    const gaveUp = new AbortController();
    const process = new Process(square, [7], { placement, signal: gaveUp.signal });
    gaveUp.abort("changed my mind");
    assertEquals(await process.start().catch((reason: unknown) => reason), "changed my mind");
    assertEquals(children(), []);
    assertEquals(process.alive, false);
    assertNothingLeft();
  });
}
