import { RemoteError, TroupeError } from "../../errors.ts";
import { exitFrom } from "../../exit.ts";
import { isBytes, isNumber, isText, listOf } from "../shape.ts";

type Check = (value: unknown) => boolean;

const timed = { timeoutMs: isNumber };

/** The types of the fields of errors, by the name that the class is registered under. */
const PROMISES: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  "AggregateError": { errors: Array.isArray },
  "troupe/TimeoutError": timed,
  "troupe/EmptyError": timed,
  "troupe/FullError": timed,
  "troupe/NotSerializableError": { path: isText, kind: isText },
  "troupe/ActorExitedError": { exit: (value) => exitFrom(value) !== undefined, address: isText },
  "troupe/DeadlockError": { cycle: listOf(isText) },
  "troupe/RestartLimitError": { child: isText, restarts: isNumber },
  "troupe/BufferTooShortError": { bytes: isBytes },
};

/**
 * Sees that an error that was rebuilt is what its class promises. An error that breaks the promise arrives as one of
 * a class that cannot be rebuilt, since a peer can write any class name.
 *
 * @param known the name that its class is registered under
 */
export function keepPromises(error: Error, known: string | undefined, name: string): void {
  const isKept = Object.entries(PROMISES[known ?? ""] ?? {}).every(([key, check]) => check(fieldOf(error, key)));
  if (!isKept) {
    Object.setPrototypeOf(error, RemoteError.prototype);
    put(error, "name", name, false);
  }
  if (error instanceof TroupeError) keepCode(error);
}

/** A code is a text; that of an error of another class may have been a number. */
function keepCode(error: Error): void {
  const code = fieldOf(error, "code");
  if (typeof code !== "string") put(error, "code", typeof code === "number" ? String(code) : "remote", true);
}

function fieldOf(error: Error, key: string): unknown {
  return Object.getOwnPropertyDescriptor(error, key)?.value;
}

function put(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}
