import { AssertionError, failure } from "./assertion_error.ts";

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false | 0 | 0n | "" | null | undefined {
  if (expr) throw new AssertionError(msg);
}

/** Fails unless the value is an instance of the class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedClass: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is T {
  if (!(actual instanceof expectedClass)) {
    throw failure(`Expected an instance of ${expectedClass.name}, got ${Deno.inspect(actual)}`, msg);
  }
}

/** Fails if the value is an instance of the class. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedClass: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedClass) {
    throw failure(`Expected no instance of ${unexpectedClass.name}, got ${Deno.inspect(actual)}`, msg);
  }
}

/** Fails unless the text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) throw failure(`Expected ${Deno.inspect(actual)} to match ${expected}`, msg);
}

/** Fails unless the text contains the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw failure(`Expected ${Deno.inspect(actual)} to include ${Deno.inspect(expected)}`, msg);
  }
}
