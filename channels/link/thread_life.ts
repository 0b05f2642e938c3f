import { isFirst, type IsolateId } from "../kernel/address.ts";
import { Alarm } from "../kernel/alarm.ts";
import { isolate } from "../kernel/isolate.ts";
import { keepAlive } from "../kernel/keep_alive.ts";
import { singleton } from "../kernel/singleton.ts";

/** What Deno's `navigator` has and its types lack. */
interface LockManager {
  query(): Promise<{ readonly held: readonly { readonly name: string }[] }>;
  request(name: string, options: { mode?: "shared"; signal?: AbortSignal }, held: () => unknown): Promise<unknown>;
}

const { locks } = navigator as unknown as { locks: LockManager };

/** Takes the lock by which others know that this thread lives. It is never given back. */
export function holdLife(id: IsolateId): Promise<void> {
  return new Promise((resolve) => {
    void locks.request(nameOf(id), {}, () => {
      resolve();
      return new Promise<void>(() => {});
    });
  });
}

/**
 * Resolves when a thread that held its lock is gone. Until then it keeps this program alive.
 *
 * @throws {DOMException} If the signal is aborted before.
 */
export async function lifeIsOver(id: IsolateId, signal?: AbortSignal): Promise<void> {
  // Shared: all who wait for it are told at once, and none waits for another's event loop.
  await locks.request(nameOf(id), { mode: "shared", ...(signal && { signal }) }, () => {});
}

/**
 * Calls `gone` when a thread that held its lock is gone. Returns what ends the watch.
 *
 * Waiting for a lock keeps an event loop alive. A thread ends when its actor does, but a program when nothing is left to
 * do: so that one does not wait for locks, but looks who holds one, now and then, while something else keeps it alive.
 */
export function watchLife(id: IsolateId, gone: () => void): () => void {
  if (isFirst(isolate.id)) return lookout.watch(id, gone);
  const watch = new AbortController();
  lifeIsOver(id, watch.signal).then(gone, () => {});
  return () => watch.abort();
}

/** How often a program looks who of those it watches lives. */
const LOOK_MS = 200;

/** Looks, in a program, who of those it watches lives. */
class Lookout {
  readonly #watched = new Map<IsolateId, () => void>();
  #alarm: Alarm | undefined;

  /** Calls `gone` when a thread does not live any more. Returns what ends the watch. */
  watch(id: IsolateId, gone: () => void): () => void {
    this.#watched.set(id, gone);
    keepAlive.listeners.add(this.#update);
    this.#update();
    return () => {
      this.#watched.delete(id);
      // Nobody else's call is to pay for this.
      if (this.#watched.size === 0) keepAlive.listeners.delete(this.#update);
      this.#update();
    };
  }

  readonly #update = (): void => {
    if (!keepAlive.held || this.#watched.size === 0) return this.#alarm?.letGo();
    // One that was let go has passed unheard.
    if (this.#alarm?.over) this.#alarm = undefined;
    this.#alarm ??= new Alarm(LOOK_MS, () => void this.#look());
    this.#alarm.hold();
  };

  async #look(): Promise<void> {
    this.#alarm = undefined;
    const lives = await livesHeld();
    for (const [id, gone] of [...this.#watched]) if (!lives(id)) gone();
    this.#update();
  }
}

/** Who of all threads lives, here and now. */
export async function livesHeld(): Promise<(id: IsolateId) => boolean> {
  const held = new Set((await locks.query()).held.map(({ name }) => name));
  return (id) => held.has(nameOf(id));
}

function nameOf(id: IsolateId): string {
  return `troupe:${id}`;
}

const lookout: Lookout = singleton("lookout", () => new Lookout());
