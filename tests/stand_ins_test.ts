// The behaviour that is taken for granted of @std, as documented for the versions that deno.json names. `deno task test` asks the
// stand-ins, `deno task test:jsr` the packages themselves.
import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { deadline, delay } from "@std/async";
import { abortable } from "@std/async/abortable";
import { retry, RetryError } from "@std/async/retry";
import { decode, encode, type ValueType } from "@std/msgpack";
import { assertType, type IsExact } from "@std/testing/types";

Deno.test("assertEquals() compares deeply", () => {
  const same: [unknown, unknown][] = [
    [0, -0],
    [NaN, NaN],
    [[0], [-0]],
    [{ a: { b: [1, "x"] } }, { a: { b: [1, "x"] } }],
    [new Set([1, new Set([2, 3])]), new Set([new Set([3, 2]), 1])],
    [new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
    [new Map([[{ x: 1 }, true]]), new Map([[{ x: 1 }, true]])],
    [new Date(5), new Date(5)],
    [/a/g, /a/g],
    [new URL("http://a/b"), new URL("http://a/b")],
    [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    [Object.create(null), {}],
    [{ [Symbol.for("s")]: 1 }, { [Symbol.for("s")]: 1 }],
  ];
  for (const [a, b] of same) assertEquals(a, b);

  const different: [unknown, unknown][] = [
    [1, 2],
    [1, 1n],
    [1, "1"],
    [null, undefined],
    [null, {}],
    [{ a: undefined }, {}],
    [{ a: undefined, b: undefined }, { a: undefined, c: undefined }],
    [[1, 2], [1, 2, 3]],
    [[1, 2], [2, 1]],
    [new Set([1, 2]), new Set([1, 3])],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Date(5), new Date(6)],
    [/a/g, /a/],
    [new URL("http://a/b"), new URL("http://a/c")],
    [new Uint8Array([1, 2]), new Uint8Array([2, 1])],
    [new Uint8Array([1]), new Int8Array([1])],
    [new (class A {})(), {}],
    [{ x: 1 }, [1]],
  ];
  for (const [a, b] of different) assertNotEquals(a, b);
});

Deno.test("assertEquals() ends on cycles", () => {
  const cycle = (x: number) => {
    const o: Record<string, unknown> = { x };
    o.self = o;
    return o;
  };
  assertEquals(cycle(1), cycle(1));
  assertNotEquals(cycle(1), cycle(2));
});

Deno.test("a failed assertion throws an AssertionError that shows both sides", () => {
  const error = assertThrows(() => assertEquals({ a: [1, 2] }, { a: [1, 3] }, "why"), AssertionError, "why");
  assert(/-.*3/.test(error.message) || /\+.*3/.test(error.message), error.message);
});

Deno.test("each assertion passes, or throws an AssertionError", () => {
  assert(1);
  assertFalse(0);
  assertStrictEquals(NaN, NaN);
  assertNotStrictEquals(0, -0);
  assertNotEquals([1], [2]);
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1, 2);
  assertLessOrEqual(2, 2);
  assertMatch("one two", /two$/);
  assertStringIncludes("one two", "two");
  assertInstanceOf(new RangeError(), Error);
  assertNotInstanceOf(new Error(), RangeError);
  const failing: (() => void)[] = [
    () => assert(0),
    () => assertFalse(1),
    () => assertStrictEquals([1], [1] as unknown),
    () => assertStrictEquals(0, -0),
    () => assertNotStrictEquals(1, 1),
    () => assertNotEquals({ a: 1 }, { a: 1 }),
    () => assertGreater(1, 1),
    () => assertGreaterOrEqual(1, 2),
    () => assertLess(1, 1),
    () => assertLessOrEqual(2, 1),
    () => assertMatch("one", /two/),
    () => assertStringIncludes("one", "two"),
    () => assertInstanceOf(new Error(), RangeError),
    () => assertNotInstanceOf(new RangeError(), Error),
  ];
  for (const fail of failing) assertThrows(fail, AssertionError);
});

Deno.test("assertThrows() and assertRejects() check class and message, and return the error", async () => {
  const error = new RangeError("one two");
  const raise = () => {
    throw error;
  };
  assertStrictEquals(assertThrows(raise), error);
  assertStrictEquals(assertThrows(raise, RangeError, "two"), error);
  assertThrows(() => assertThrows(raise, TypeError), AssertionError);
  assertThrows(() => assertThrows(raise, RangeError, "three"), AssertionError);
  assertThrows(() => assertThrows(() => {}), AssertionError);

  assertStrictEquals(await assertRejects(() => Promise.reject(error)), error);
  assertStrictEquals(await assertRejects(() => Promise.reject(error), RangeError, "two"), error);
  await assertRejects(() => assertRejects(() => Promise.reject(error), TypeError), AssertionError);
  await assertRejects(() => assertRejects(() => Promise.resolve()), AssertionError);
  await assertRejects(() => assertRejects(raise as () => Promise<void>), AssertionError);
});

Deno.test("delay() rejects with the signal's reason and leaves no timer", async () => {
  const aborted = AbortSignal.abort(new Error("before"));
  await assertRejects(() => delay(60_000, { signal: aborted }), Error, "before");
  const controller = new AbortController();
  const waiting = assertRejects(() => delay(60_000, { signal: controller.signal }), Error, "during");
  controller.abort(new Error("during"));
  await waiting;
  await delay(1, { persistent: true });
});

Deno.test("deadline() rejects with a TimeoutError, or the signal's reason", async () => {
  assertEquals(await deadline(Promise.resolve(1), 60_000), 1);
  await assertRejects(() => deadline(Promise.reject(new RangeError("own")), 60_000), RangeError, "own");
  const timeout = await assertRejects(() => deadline(new Promise(() => {}), 5), DOMException);
  assertEquals(timeout.name, "TimeoutError");
  const signal = AbortSignal.abort(new Error("gone"));
  await assertRejects(() => deadline(new Promise(() => {}), 60_000, { signal }), Error, "gone");
});

Deno.test("abortable() gives what comes first: the promise, or the signal's reason", async () => {
  const controller = new AbortController();
  assertEquals(await abortable(Promise.resolve(1), controller.signal), 1);
  await assertRejects(() => abortable(Promise.reject(new RangeError("own")), controller.signal), RangeError, "own");
  const waiting = assertRejects(() => abortable(new Promise(() => {}), controller.signal), Error, "enough");
  controller.abort(new Error("enough"));
  await waiting;
  await assertRejects(() => abortable(new Promise(() => {}), controller.signal), Error, "enough");
});

Deno.test("retry() gives up after maxAttempts, with the last error as cause, and at once after what is not retriable", async () => {
  let calls = 0;
  const failing = (times: number) => () => {
    if (++calls <= times) throw new Error(`failure ${calls}`);
    return "done";
  };
  assertEquals(await retry(failing(2), { minTimeout: 1 }), "done");
  calls = 0;
  const options = { minTimeout: 1, multiplier: 1, jitter: 0, maxAttempts: 2 };
  const error = await assertRejects(() => retry(failing(9), options), RetryError);
  assertEquals((error.cause as Error).message, "failure 2");
  calls = 0;
  const isRetriable = (error: unknown) => !(error as Error).message.includes("1");
  await assertRejects(() => retry(failing(9), { ...options, isRetriable }), Error, "failure 1");
  assertEquals(calls, 1);
});

Deno.test("msgpack round-trips, with fixed forms", () => {
  const value: ValueType = { a: [1, -1, 1.5, "text", true, null], b: { c: new Uint8Array([1, 2]) }, big: -10n };
  assertEquals(decode(encode(value)), value);
  const forms: [ValueType, number[]][] = [
    [1, [1]],
    [255, [0xcc, 255]],
    [-127, [0xd0, 129]],
    [70000, [0xce, 0, 1, 17, 112]],
    [20000000000, [0xcb, 66, 18, 160, 95, 32, 0, 0, 0]],
    [10n, [0xcf, 0, 0, 0, 0, 0, 0, 0, 10]],
    ["hi", [0xa2, 104, 105]],
    [[1, null], [0x92, 1, 0xc0]],
    [{ a: true }, [0x81, 0xa1, 97, 0xc3]],
    [Uint8Array.of(1, 2), [0xc4, 2, 1, 2]],
  ];
  for (const [item, bytes] of forms) {
    assertEquals([...encode(item)], bytes);
    assertEquals(decode(encode(item)), item);
  }
});

Deno.test("msgpack writes a length in as few bytes as hold it", () => {
  // From which length on the head has 2, 3 and 5 bytes.
  const kinds: [number, number, number, (length: number) => ValueType][] = [
    [32, 256, 65_536, (length) => "a".repeat(length)],
    [0, 256, 65_536, (length) => new Uint8Array(length)],
    [16, 16, 65_536, (length) => Array(length).fill(0)],
  ];
  for (const [two, three, five, make] of kinds) {
    for (const length of [0, 15, 16, 31, 32, 255, 256, 65_535, 65_536]) {
      const bytes = encode(make(length));
      const head = length >= five ? 5 : length >= three ? 3 : length >= two ? 2 : 1;
      assertEquals(bytes.length, head + length);
      assertEquals(decode(bytes), make(length));
    }
  }
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key ${i}`, i]));
  assertEquals(decode(encode(wide)), wide);
});

Deno.test("msgpack refuses what has no form", () => {
  const unfit: unknown[] = [undefined, { a: undefined }, 2n ** 64n, -(2n ** 63n) - 1n, new Date(), new Map(), () => {}];
  for (const value of unfit) assertThrows(() => encode(value as ValueType), Error);
  assertThrows(() => decode(Uint8Array.of(0xc1)), Error);
  assertThrows(() => decode(Uint8Array.of(0xd4, 1, 1)), Error);
  assertThrows(() => decode(Uint8Array.of(0xa5, 104)), Error);
  assertThrows(() => decode(Uint8Array.of(1, 1)), Error);
});

Deno.test("types are told apart", () => {
  assertType<IsExact<{ a: string }, { a: string }>>(true);
  assertType<IsExact<{ a?: string }, { a: string | undefined }>>(false);
  // deno-lint-ignore no-explicit-any -- it is told apart from unknown
  assertType<IsExact<{ a: any }, { a: unknown }>>(false);
  // @ts-expect-error: they are not the same type
  assertType<IsExact<string, number>>(true);
});
