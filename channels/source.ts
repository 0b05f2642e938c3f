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

/** An end as something to select from: it is there for good once it has come, and anybody may have it. */
export function endingSource(exited: () => Promise<unknown>, exit: () => unknown): Source {
  const ended = ({ signal }: { readonly signal: AbortSignal }) =>
    new Promise<unknown>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      void exited().then(resolve);
    });
  return {
    assertOpen() {},
    take: ended,
    tryTake: () => Promise.resolve(exit() === undefined ? undefined : { value: exit() }),
    poll: async (signal) => void await ended({ signal }),
    tryPoll: () => Promise.resolve(exit() !== undefined),
  };
}
