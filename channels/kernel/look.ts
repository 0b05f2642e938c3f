/**
 * Looks at values of which nothing is known: a getter, the trap of a `Proxy` or a revoked `Proxy` may throw at any look.
 * None of these functions throws, except `isThenable`, which reads `then` as `await` does.
 *
 * @module
 */

/** Anything that gives values one at a time. */
export type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** Whether a value is an instance of a class. */
export function isA<T>(value: unknown, Class: abstract new (...args: never) => T): value is T {
  try {
    return value instanceof Class;
  } catch {
    return false;
  }
}

/**
 * Whether a value is to be waited for.
 *
 * @throws What reading its `then` throws, as `await` does: the value is no answer then, whether it is given at once or later.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Whether a handler's result is to be read item by item. */
export function isIterator(value: unknown): value is AnyIterator {
  if (typeof value !== "object" || value === null) return false;
  try {
    const candidate = value as { next?: unknown; [Symbol.iterator]?: unknown; [Symbol.asyncIterator]?: unknown };
    return typeof candidate.next === "function" &&
      (typeof candidate[Symbol.asyncIterator] === "function" || typeof candidate[Symbol.iterator] === "function");
  } catch {
    return false;
  }
}

/** Whether an object has something under a key. Where the look throws there is something: to use it will say what. */
export function hasKey(object: object | undefined, key: PropertyKey): boolean {
  try {
    return object !== undefined && Reflect.get(object, key) !== undefined;
  } catch {
    return true;
  }
}

/** Whether it is what waits are left by when their signal aborts. */
export function isAbortError(thrown: unknown): boolean {
  try {
    return thrown instanceof DOMException && thrown.name === "AbortError";
  } catch {
    return false;
  }
}

/** Whether something that was given a signal says by it that the signal has aborted, for this reason. */
export function isCausedBy(thrown: unknown, reason: DOMException): boolean {
  try {
    return thrown instanceof Error && thrown.name === "AbortError" && thrown.cause === reason;
  } catch {
    return false;
  }
}
