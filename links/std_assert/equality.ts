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
