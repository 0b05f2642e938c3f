// What we take for granted of @std. `deno task test` asks the stand-ins, `deno task test:jsr` the real packages.
import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertFalse,
  AssertionError,
  assertIsError,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
  equal,
} from "@std/assert";
import { abortable, deadline, delay, retry, RetryError } from "@std/async";
import { decode, encode, type ValueType } from "@std/msgpack";
import { FakeTime } from "@std/testing/time";
import { assertType, type Has, type IsAny, type IsExact, type IsNever } from "@std/testing/types";

Deno.test("equal() compares deeply", () => {
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
  for (const [a, b] of same) assert(equal(a, b), Deno.inspect([a, b]));

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
  for (const [a, b] of different) assertFalse(equal(a, b), Deno.inspect([a, b]));
});

Deno.test("equal() ends on cycles", () => {
  const cycle = (x: number) => {
    const o: Record<string, unknown> = { x };
    o.self = o;
    return o;
  };
  assert(equal(cycle(1), cycle(1)));
  assertFalse(equal(cycle(1), cycle(2)));
});

Deno.test("a failed assertion throws an AssertionError that shows both sides", () => {
  const error = assertThrows(() => assertEquals({ a: [1, 2] }, { a: [1, 3] }, "why"), AssertionError, "why");
  assert(/-.*3/.test(error.message) || /\+.*3/.test(error.message), error.message);
  assertThrows(() => assertStrictEquals([1], [1] as unknown), AssertionError);
  assertThrows(() => assertStrictEquals(0, -0), AssertionError);
  assertThrows(() => assertNotEquals({ a: 1 }, { a: 1 }), AssertionError);
  assertThrows(() => assertArrayIncludes([1, 2], [3]), AssertionError);
});

Deno.test("assertObjectMatch() looks at what is expected only", () => {
  assertObjectMatch({ a: 1, b: { c: 2, d: 3 }, e: [{ f: 1, g: 2 }] }, { b: { c: 2 }, e: [{ f: 1 }] });
  assertThrows(() => assertObjectMatch({ a: 1 }, { a: 2 }), AssertionError);
  assertThrows(() => assertObjectMatch({ a: 1 }, { b: 1 }), AssertionError);
  assertThrows(() => assertObjectMatch({ a: [1, 2] }, { a: [1, 3] }), AssertionError);
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
  assertIsError(error, RangeError, /one/);

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

Deno.test("abortable() ends promises and iterations", async () => {
  const controller = new AbortController();
  async function* endless() {
    yield 1;
    await new Promise(() => {});
  }
  const seen: number[] = [];
  await assertRejects(
    async () => {
      for await (const item of abortable(endless(), controller.signal)) {
        seen.push(item);
        queueMicrotask(() => controller.abort(new Error("enough")));
      }
    },
    Error,
    "enough",
  );
  assertEquals(seen, [1]);
  await assertRejects(() => abortable(new Promise(() => {}), controller.signal), Error, "enough");
});

Deno.test("retry() gives up after maxAttempts, with the last error as cause", async () => {
  let calls = 0;
  assertEquals(
    await retry(() => {
      if (++calls < 3) throw new Error("not yet");
      return "done";
    }, { minTimeout: 1 }),
    "done",
  );
  const cause = new Error("never");
  const error = await assertRejects(
    () => retry(() => Promise.reject(cause), { minTimeout: 1, maxAttempts: 2 }),
    RetryError,
  );
  assertStrictEquals(error.cause, cause);
});

Deno.test("FakeTime moves timers and Date", async () => {
  const fired: string[] = [];
  {
    using time = new FakeTime(1000);
    setTimeout(() => fired.push("timeout"), 50);
    const interval = setInterval(() => fired.push("interval"), 20);
    time.tick(45);
    assertEquals(fired, ["interval", "interval"]);
    assertEquals(Date.now(), 1045);
    await time.nextAsync();
    assertEquals([Date.now(), fired.at(-1)], [1050, "timeout"]);
    clearInterval(interval);
    assertFalse(time.next());

    const slept = delay(1000).then(() => fired.push("slept"));
    await time.tickAsync(1000);
    await slept;
    assertEquals(fired.at(-1), "slept");
    assert(await FakeTime.restoreFor(() => Date.now()) > 1_000_000);
    assertEquals(time.now, 2050);
  }
  assert(Date.now() > 1_000_000);
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
  ];
  for (const [item, bytes] of forms) {
    assertEquals([...encode(item)], bytes);
    assertEquals(decode(encode(item)), item);
  }
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
  // deno-lint-ignore no-explicit-any
  assertType<IsExact<{ a: any }, { a: unknown }>>(false);
  assertType<IsNever<never>>(true);
  // deno-lint-ignore no-explicit-any
  assertType<IsAny<any>>(true);
  assertType<Has<string | number, number>>(true);
  // @ts-expect-error: they are not the same type
  assertType<IsExact<string, number>>(true);
  assertType<Has<string, Date>>(false);
});
