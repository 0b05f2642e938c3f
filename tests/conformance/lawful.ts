/** What may be said of any value that came from elsewhere, and of any end. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  ActorExitedError,
  BufferTooShortError,
  DeadlockError,
  type Exit,
  NotSerializableError,
  RestartLimitError,
  TimeoutError,
  TroupeError,
} from "../../mod.ts";
import { within } from "./bounded.ts";

const REASONS = ["normal", "stopped", "killed", "error", "out-of-memory", "parent-gone", "unresponsive"];
/** Nothing of this takes longer; on a loaded machine neither. */
const SOON_MS = 10_000;

/** What became of a promise. */
export interface Outcome {
  readonly thrown: boolean;
  readonly value: unknown;
}

/** What became of a promise, which must be soon, and what any value must be. */
export async function outcomeOf(what: string, promise: PromiseLike<unknown>): Promise<Outcome> {
  const outcome = await within(
    SOON_MS,
    Promise.resolve(promise).then((value) => ({ thrown: false, value }), (value) => ({ thrown: true, value })),
  ).catch(() => {
    throw new Error(`It did not settle within ${SOON_MS} ms: ${what}`);
  });
  assertLawful(outcome.value, what);
  return outcome;
}

/** Checks that a value can be looked at, and errors in it are what their classes promise. */
export function assertLawful(value: unknown, what: string): void {
  const seen = new Set<unknown>();
  const queue: unknown[] = [value];
  for (let one = queue.shift(); queue.length > 0 || one !== undefined; one = queue.shift()) {
    if (typeof one !== "object" || one === null || seen.has(one) || seen.size > 100) continue;
    seen.add(one);
    if (Error.isError(one)) assertLawfulError(one, what);
    queue.push(...Object.keys(one).slice(0, 20).map((key) => Reflect.get(one as object, key)));
    if (Error.isError(one)) queue.push(one.cause, ...errorsOf(one));
  }
}

function errorsOf(error: Error): unknown[] {
  return error instanceof AggregateError ? error.errors.slice(0, 20) : [];
}

function assertLawfulError(error: Error, what: string): void {
  const text = (key: string) => assertEquals(typeof Reflect.get(error, key), "string", `${key} of ${what}`);
  for (const key of ["name", "message", "stack"]) text(key);
  assertEquals(typeof `${error}`, "string");
  if (error instanceof AggregateError) assert(Array.isArray(error.errors), what);
  if (error instanceof TroupeError) text("code");
  if (error instanceof TimeoutError) assertEquals(typeof error.timeoutMs, "number", what);
  if (error instanceof NotSerializableError) ["path", "kind"].forEach(text);
  if (error instanceof DeadlockError) assert(error.cycle.every((name) => typeof name === "string"), what);
  if (error instanceof RestartLimitError) {
    text("child");
    assertEquals(typeof error.restarts, "number", what);
  }
  if (error instanceof BufferTooShortError) assert(error.bytes instanceof Uint8Array, what);
  if (error instanceof ActorExitedError) {
    text("address");
    assertLawfulExit(error.exit, what);
    assertShown(error.message, what);
  }
}

/** Checks that an exit is one. */
export function assertLawfulExit({ code, reason, signal, error }: Exit, what: string): void {
  assert(Number.isSafeInteger(code), what);
  assertStringIncludes(REASONS.join(" "), reason, what);
  assert(signal === undefined || typeof signal === "string", what);
  assertLawful(error, what);
}

/** Checks that a text that is shown has what others wrote in one line, and not much of it. */
export function assertShown(text: string, what: string): void {
  assert(text.length < 2000, `${what}: ${text.length} characters`);
  // deno-lint-ignore no-control-regex -- that there are none
  assert(!/[\x00-\x1f\x7f-\x9f\u2028-\u202e]/.test(text), `${what}: ${JSON.stringify(text)}`);
}

/** What a line that others wrote must not begin with: a log's own line does. */
const OWN_LINE = /^[^\s\]})…]/;

/**
 * Checks what was written to the log: not much, nothing that commands a terminal, and but one line that looks like a line
 * of the log.
 */
export function assertLogged(args: readonly unknown[]): void {
  assertEquals(args.map((arg) => typeof arg), ["string"], "the log is written as one text");
  const text = args[0] as string;
  assert(text.length < 12_000, `${text.length} characters: ${text.slice(0, 200)}`);
  // deno-lint-ignore no-control-regex -- that there are none
  assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]/.test(text), JSON.stringify(text.slice(0, 500)));
  const others = text.split("\n").slice(1).filter((line) => OWN_LINE.test(line));
  assertEquals(others, [], text.slice(0, 500));
}
