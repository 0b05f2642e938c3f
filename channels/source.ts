/** How `select` and `ready` use what one can wait for. */
export interface Source {
  /** @throws {ClosedError} If this handle was closed, which is the caller's mistake and not an end to wait for. */
  assertOpen(): void;
  /**
   * Takes one item, waiting for it until the signal aborts. `claim` is asked before an item is taken; when it says no
   * the item stays. Rejects with `ClosedError` or `DisconnectedError` when nothing more can come.
   */
  take(options: { readonly signal: AbortSignal; readonly claim: () => boolean }): Promise<unknown>;
  /** Takes one item if there is one now. */
  tryTake(): Promise<{ readonly value: unknown } | undefined>;
  /** Resolves when taking would not have to wait, until the signal aborts. Takes nothing. */
  poll(signal: AbortSignal): Promise<void>;
  /** Whether taking would not have to wait. */
  tryPoll(): Promise<boolean>;
}

const sources = new WeakMap<object, Source>();

/** Lets programs select from `face`. */
export function selectable(face: object, source: Source): void {
  sources.set(face, source);
}

/** How to use what a program gave to select from. */
export function sourceOf(face: unknown): Source | undefined {
  return typeof face === "object" && face !== null ? sources.get(face) : undefined;
}

/**
 * An end as something to select from: it is there for good once it has come, and anybody may have it.
 *
 * @param look what has come by now
 */
export function endingSource<E>(exited: () => Promise<E>, look: () => Promise<E | undefined>): Source {
  // One listener for all: a promise keeps what was added to it, however often somebody gives up.
  let waiting: Set<(exit: E) => void> | undefined;
  const listen = () => {
    const listeners = waiting = new Set<(exit: E) => void>();
    void exited().then((exit) => {
      waiting = undefined;
      for (const listener of listeners) listener(exit);
    });
    return listeners;
  };
  const take = async (signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<E>();
    const listeners = waiting ?? listen();
    listeners.add(resolve);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    return await promise.finally(() => listeners.delete(resolve));
  };
  return {
    assertOpen() {},
    take: ({ signal }) => take(signal),
    async tryTake() {
      const exit = await look();
      return exit && { value: exit };
    },
    poll: async (signal) => void await take(signal),
    tryPoll: async () => await look() !== undefined,
  };
}
