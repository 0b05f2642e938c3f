/** The promise, or a rejection with `signal.reason` if that comes first. */
export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
/** The items of the iterable, until the signal aborts: then the iteration throws `signal.reason`. */
export function abortable<T>(p: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T>;
export function abortable<T>(
  p: Promise<T> | AsyncIterable<T>,
  signal: AbortSignal,
): Promise<T> | AsyncGenerator<T> {
  return p instanceof Promise ? abortablePromise(p, signal) : abortableItems(p, signal);
}

function abortablePromise<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: result, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  return result;
}

async function* abortableItems<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  signal.throwIfAborted();
  const iterator = items[Symbol.asyncIterator]();
  let ended = false;
  try {
    while (true) {
      const { done, value } = await abortablePromise(Promise.resolve(iterator.next()), signal);
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    // Not awaited: a generator stuck in the wait that was aborted would never answer.
    if (!ended) iterator.return?.()?.catch(() => {});
  }
}
