import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { ActorExitedError, RemoteError, TimeoutError } from "../../../channels/errors.ts";
import { oneLine, onLines } from "../../../channels/kernel/escape.ts";
import { brief, reasonOf, show } from "../../../channels/kernel/show.ts";
import { HOSTILE, INJECTION } from "../../conformance/fixtures/hostile_values.ts";
import { assertLogged, assertShown } from "../../conformance/lawful.ts";
import { Queue } from "../../../mod.ts";

/** It takes a few milliseconds. */
const AT_ONCE_MS = 1000;

/** Checks all ways to show a value, and that they take no time. */
function assertHarmless(name: string, value: unknown): void {
  const since = performance.now();
  assertLogged([show(value)]);
  assertShown(brief(value), name);
  assertLogged([reasonOf(value)]);
  const ms = performance.now() - since;
  assert(ms < AT_ONCE_MS, `${name} took ${ms} ms`);
}

Deno.test("whatever is shown is bounded, has no control characters, and takes no time", () => {
  for (const [name, make] of Object.entries(HOSTILE)) assertHarmless(name, make());
  const pretender = Object.setPrototypeOf(new Error(), DOMException.prototype);
  assertHarmless("an error that has its name and message from DOMException", pretender);
  assertEquals([show(pretender), brief(pretender), reasonOf(pretender)], ["Error", "Error", ""]);
});

Deno.test("the same of values as large as memory allows", () => {
  let chain = new Error("the first");
  Error.stackTraceLimit = 0;
  for (let i = 0; i < 50_000; i++) chain = new Error("one more", { cause: chain });
  Error.stackTraceLimit = 10;
  let deep: unknown[] = [];
  for (let i = 0; i < 1_000_000; i++) deep = [deep];
  const stack = Object.assign(new Error("x"), { stack: `x\n${"    at y\n".repeat(1_000_000)}` });
  const large = {
    chain,
    deep,
    stack,
    blanks: Object.assign(new Error("x"), { stack: "\n ".repeat(1_000_000) }),
    text: "x".repeat(10_000_000),
    message: new Error("x\n".repeat(1_000_000)),
    list: Array(1_000_000).fill("x"),
    sparse: Array(2 ** 32 - 1),
    bytes: new Uint8Array(10_000_000),
    bigint: 2n ** 100_000_000n,
    map: new Map(Array.from({ length: 100_000 }, (_, i) => [i, { i }])),
  };
  for (const [name, value] of Object.entries(large)) assertHarmless(name, value);
});

Deno.test("none of a value's own code runs", () => {
  const ran: PropertyKey[] = [];
  const getter = (key: PropertyKey) => ({
    get() {
      ran.push(key);
      return "ran";
    },
    enumerable: true,
    configurable: true,
  });
  const keys = ["name", "message", "stack", "cause", "then", "toString", "constructor", "length", "size"];
  const symbols = [
    Symbol.toPrimitive,
    Symbol.toStringTag,
    Symbol.iterator,
    Symbol.for("Deno.customInspect"),
    Symbol.for("nodejs.util.inspect.custom"),
  ];
  const getters = Object.fromEntries([...keys, ...symbols].map((key) => [key, getter(key)]));
  const traps = Reflect.ownKeys(Reflect).filter((key) => typeof key === "string");
  const handler = Object.fromEntries(traps.map((trap) => [trap, (...args: unknown[]) => {
    ran.push(trap);
    return Reflect.apply(Reflect.get(Reflect, trap), Reflect, args);
  }]));
  class Custom {
    [Symbol.for("Deno.customInspect")](): string {
      ran.push("customInspect");
      return "custom";
    }
    toString(): string {
      ran.push("toString");
      return "custom";
    }
  }
  const proxies = [{}, [], () => {}, new Error("x"), new Map()].map((target) => new Proxy(target, handler));
  const values = [
    Object.defineProperties({}, getters),
    Object.defineProperties(new Error("x"), getters),
    Object.defineProperties(new Map(), { size: getter("size"), entries: getter("entries") }),
    Object.defineProperties(new Date(0), getters),
    Object.defineProperties(/x/, { source: getter("source"), flags: getter("flags"), ...getters }),
    Object.defineProperties(() => {}, { name: getter("name"), toString: getter("toString") }),
    Object.defineProperties([1], { 0: getter("0") }),
    Object.create(Object.defineProperties({}, getters)),
    new Custom(),
    ...proxies,
    ...proxies.map((proxy) => Object.create(proxy)),
    ...proxies.map((proxy) => Object.setPrototypeOf(new Error("x"), proxy)),
  ];
  ran.length = 0;
  for (const value of [...values, { values }, new Map(values.map((value) => [value, value])), new Set(values)]) {
    show(value);
    brief(value);
    reasonOf(value);
  }
  assertEquals(ran, []);
});

Deno.test("any value is shown on one line by `brief`, and harmlessly by `show`", () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
      (value) => {
        assertHarmless("a value", value);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("ordinary values are shown as they are written", () => {
  const cases: [value: unknown, shown: string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [-0, "-0"],
    [NaN, "NaN"],
    [5n, "5n"],
    ["text", '"text"'],
    ['a "word"', String.raw`"a \"word\""`],
    [Symbol("s"), "Symbol(s)"],
    [[1, , "x"], '[ 1, <empty>, "x" ]'],
    [{}, "{}"],
    [[], "[]"],
    [{ a: 1, "b c": [true] }, '{ a: 1, "b c": [ true ] }'],
    [new Map([[1, { a: 2 }]]), "Map(1) { 1 => { a: 2 } }"],
    [new Set([1]), "Set(1) { 1 }"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date(NaN), "Invalid Date"],
    [/a+/, "/a+/"],
    [function work() {}, "[Function: work]"],
    [() => {}, "[Function (anonymous)]"],
    [class Work {}, "[class Work]"],
    [
      new (class Work {
        n = 1;
      })(),
      "Work { n: 1 }",
    ],
    [Object.create(null), "[Object: null prototype] {}"],
    [new Uint8Array(3), "[Uint8Array]"],
    [new Proxy({}, {}), "[Proxy]"],
    [new Queue({ maxSize: 5 }), "Queue(0 of 5 items)"],
    [new RangeError("too far"), "RangeError: too far"],
    [new DOMException("gave up", "AbortError"), "AbortError: gave up"],
  ];
  for (const [value, shown] of cases) assertEquals(brief(value), shown);
  assertEquals([reasonOf(new Error("why")), reasonOf("why"), reasonOf({ why: 1 })], ["why", "why", "{ why: 1 }"]);
});

Deno.test("of an error the stack, the fields, the cause and the errors are shown", () => {
  const cause = new TypeError("why");
  const error = Object.assign(new AggregateError([new Error("one"), 2], "of several\nthings", { cause }), {
    code: "E",
  });
  const text = show(error);
  assertMatch(text, /^AggregateError: of several\n {4}things\n {4}at \S*.*show_test\.ts:\d+:\d+\)?\n/);
  assertMatch(text, /\n {2}code: "E",\n {2}\[cause\]: TypeError: why\n {6}at .*show_test\.ts/);
  assertMatch(text, /\n {2}\[errors\]: \[\n {4}Error: one\n {8}at .*show_test\.ts[^]*,\n {4}2\n {2}\]\n}$/);
});

Deno.test("texts of others are shortened and escaped, ordinary ones stay as they are", () => {
  for (const text of ["Echo-1", "ünï ✓ 😀", "f00d.1/2#3", ""]) {
    assertEquals([oneLine(text), onLines(text)], [text, text]);
  }
  assertEquals(oneLine("a\nb\tc\u001b[31m\u0000"), String.raw`a\nb\tc\x1b[31m\x00`);
  assertEquals(onLines("a\nb\r\nc"), "a\n    b\\r\n    c");
  assertEquals(oneLine("\u202e\ud800"), String.raw`\u202e\ud800`);
  assertEquals(oneLine("x".repeat(10_000)).length < 300, true);
  assertShown(oneLine(INJECTION.repeat(100)), "it");
});

Deno.test("`console.log` of our errors is as bounded, and set in where it stands in something else", () => {
  for (const [name, make] of Object.entries(HOSTILE)) {
    const exit = { code: 1, reason: "error", error: make() } as const;
    const errors = [
      new ActorExitedError("Cannot call it", { exit, address: "a#1", cause: make() }),
      Object.assign(new RemoteError("remote", { name: "Far" }), { data: make() }),
      new TimeoutError("late", { timeoutMs: 5, cause: make() }),
    ];
    for (const error of errors) {
      const since = performance.now();
      assertLogged([Deno.inspect(error)]);
      assertLogged([Deno.inspect({ error })]);
      assert(performance.now() - since < AT_ONCE_MS, name);
    }
  }
  const shown = Deno.inspect({ error: new TimeoutError("late", { timeoutMs: 5 }) });
  assertMatch(shown, /^{\n {2}error: TimeoutError: late\n {6}at /);
  assertMatch(shown, /\n {4}code: "timeout",\n {4}timeoutMs: 5\n {2}}\n}$/);
});
