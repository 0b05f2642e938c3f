import { failure } from "./assertion_error.ts";

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Fails unless `error` is an Error, of the class and with the words asked for. */
function check<E extends Error>(error: unknown, errorClass: ErrorClass<E>, msgIncludes?: string, msg?: string): E {
  if (!(error instanceof Error)) throw failure(`Expected an Error, got ${Deno.inspect(error)}`, msg);
  if (!(error instanceof errorClass)) {
    throw failure(`Expected error to be ${errorClass.name}, got ${Deno.inspect(error)}`, msg);
  }
  if (msgIncludes !== undefined && !error.message.includes(msgIncludes)) {
    const [wanted, got] = [Deno.inspect(msgIncludes), Deno.inspect(error.message)];
    throw failure(`Expected error message to include ${wanted}, got ${got}`, msg);
  }
  return error;
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws an error of the class, with the words asked for; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return expected.check(error);
  }
  throw failure("Expected function to throw", expected.msg);
}

/** Fails unless the promise of `fn` rejects; resolves with the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise of `fn` rejects with an error of the class, with the words asked for; resolves with it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw failure(`Expected function to reject, it threw ${Deno.inspect(error)}`, expected.msg);
  }
  if (typeof promise?.then !== "function") throw failure("Expected function to return a promise", expected.msg);
  try {
    await promise;
  } catch (error) {
    return expected.check(error);
  }
  throw failure("Expected function to reject", expected.msg);
}

interface Expectation {
  msg?: string;
  check(error: unknown): unknown;
}

function expectation(classOrMsg?: ErrorClass<Error> | string, msgIncludes?: string, msg?: string): Expectation {
  if (typeof classOrMsg !== "function") return { msg: classOrMsg ?? msg, check: (error) => error };
  return { msg, check: (error) => check(error, classOrMsg, msgIncludes, msg) };
}
