import { Faces } from "./kernel/handle.ts";
import { whenDone } from "./settling.ts";

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

const sources = new Faces<Source>();

/** Lets programs select from `face`. */
export function selectable(face: object, source: Source): void {
  sources.set(face, source);
}

/** Lets programs select from all objects of a class, of which there may be many. */
export function selectableAll<F extends object>(prototype: F, source: (face: F) => Source | undefined): void {
  sources.setFor(prototype, source);
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
  return new EndingSource(exited, look);
}

class EndingSource<E> implements Source {
  constructor(readonly exited: () => Promise<E>, readonly look: () => Promise<E | undefined>) {}

  assertOpen(): void {}

  async take({ signal }: { readonly signal: AbortSignal }): Promise<E> {
    const { promise, resolve, reject } = Promise.withResolvers<E>();
    const unhear = whenDone(this.exited(), resolve);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    return await promise.finally(unhear);
  }

  async tryTake(): Promise<{ readonly value: unknown } | undefined> {
    const exit = await this.look();
    return exit && { value: exit };
  }

  async poll(signal: AbortSignal): Promise<void> {
    await this.take({ signal });
  }

  async tryPoll(): Promise<boolean> {
    return await this.look() !== undefined;
  }
}
