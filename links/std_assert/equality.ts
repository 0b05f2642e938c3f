import { AssertionError as NodeAssertionError } from "node:assert";
import { failure } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/** Fails unless the two are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) throw failure(difference("Values are not equal", actual, expected, msg));
}

/** Fails if the two are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    throw failure(`Expected values to differ, both are ${Deno.inspect(actual)}`, msg);
  }
}

/** Fails unless the two are the same value or object (`Object.is`). */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) {
    throw failure(difference("Values are not strictly equal", actual, expected, msg));
  }
}

/** Fails if the two are the same value or object (`Object.is`). */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) {
    throw failure(`Expected values to be strictly different, both are ${Deno.inspect(actual)}`, msg);
  }
}

/** Fails unless the two numbers are within `tolerance` of each other. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (!(Math.abs(expected - actual) <= allowed)) {
    throw failure(`Expected ${actual} to be within ${allowed} of ${expected}`, msg);
  }
}

/** Fails unless every expected item is deeply equal to some actual one. */
export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) => !items.some((item) => equal(item, wanted)));
  if (missing.length > 0) {
    throw failure(`Expected ${Deno.inspect(actual)} to include ${Deno.inspect(missing)}`, msg);
  }
}

/** Fails unless all that `expected` holds, at any depth, is in `actual` too; `actual` may hold more. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  const seen = new Map<object, unknown>();
  assertEquals(restrict(actual, expected, seen), expected as unknown, msg);
}

/** The part of `actual` that `expected` speaks of. */
function restrict(actual: unknown, expected: unknown, seen: Map<object, unknown>): unknown {
  if (!isContainer(actual) || !isContainer(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return actual;
  }
  if (seen.has(expected)) return seen.get(expected);
  const part: Record<PropertyKey, unknown> = Array.isArray(expected)
    ? [] as unknown as Record<PropertyKey, unknown>
    : Object.create(Object.getPrototypeOf(expected));
  seen.set(expected, part);
  for (const key of Reflect.ownKeys(expected)) {
    if (Object.prototype.propertyIsEnumerable.call(expected, key) && key in actual) {
      part[key] = restrict(actual[key], expected[key], seen);
    }
  }
  return part;
}

function isContainer(value: unknown): value is Record<PropertyKey, unknown> {
  if (Array.isArray(value)) return true;
  return typeof value === "object" && value !== null &&
    !(value instanceof Map || value instanceof Set || value instanceof Date || value instanceof RegExp ||
      value instanceof Error || ArrayBuffer.isView(value) || value instanceof ArrayBuffer);
}

function difference(what: string, actual: unknown, expected: unknown, msg?: string): string {
  const head = msg === undefined ? what : `${what}: ${msg}`;
  const isText = typeof actual === "string" && typeof expected === "string";
  const isData = typeof actual === "object" && typeof expected === "object" && actual !== null && expected !== null;
  if (isText || isData) {
    const { message } = new NodeAssertionError({ actual, expected, operator: "deepStrictEqual" });
    return `${head}\n\n${message.slice(message.indexOf("\n") + 1)}\n`;
  }
  return `${head}\n\n+ actual:   ${Deno.inspect(actual)}\n- expected: ${Deno.inspect(expected)}\n`;
}
