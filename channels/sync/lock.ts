import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import type { WaitOptions } from "../kernel/wait.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import type { LockGuard } from "./lock_guard.ts";
import { PermitCell, type PermitKind } from "./permit_cell.ts";
import { PermitClient, remember } from "./permit_client.ts";

const LOCK: PermitKind = { name: "lock", title: "lock", permits: 1, grows: false };

/**
 * A lock that one actor holds at a time, wherever the actors run. (Python's `multiprocessing.Lock`.)
 *
 * - **Owner**: the actor, not the task within it; the program itself counts as one. Only the owner can release.
 * - **Order**: first come, first served, threads and subprocesses alike. Of threads that come within 50 µs of each other
 *   either may be the first.
 * - **Death**: what a dead owner held is released, and the next owner's guard says `abandoned`. (In Python it stays
 *   locked for ever.)
 * - **Cancellation**: an `acquire` that was given up holds nothing. It is given up, with the reason of `current().signal`,
 *   when the actor or task that waits is asked to stop.
 * - **Home**: the lock lives where it was made. When that is gone everything rejects with `DisconnectedError`.
 * - **Cost**: in threads of one process, a lock that is free is taken and released without a message.
 *
 * @example Hold it for a block
 * ```ts
 * import { Lock } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = new Lock();
 * {
 *   using guard = await lock.acquire();
 *   assertEquals(guard.abandoned, false);
 *   assertEquals(await lock.tryAcquire(), undefined);
 * }
 * using again = await lock.acquire({ timeoutMs: 100 });
 * ```
 */
export class Lock {
  readonly #client: PermitClient;

  /** Makes a lock whose home is here; nobody holds it. */
  constructor() {
    this.#client = remember(this, adopted<PermitClient>() ?? new PermitClient(LOCK, new PermitCell(LOCK)));
    enroll(this, () => this.#client.passage());
  }

  /**
   * Takes the lock, waiting for it.
   *
   * @throws {TimeoutError} If it did not become free in time.
   */
  acquire(options?: WaitOptions): Promise<LockGuard> {
    return this.#client.acquire(options);
  }

  /** Takes the lock if it is free now. */
  tryAcquire(): Promise<LockGuard | undefined> {
    return this.#client.tryAcquire();
  }

  /**
   * Releases the lock, as disposing of the guard does.
   *
   * @throws {NotOwnerError} If the calling actor does not hold it.
   */
  release(): Promise<void> {
    return this.#client.release();
  }

  /**
   * Takes the lock, blocking this thread and everything in it, so that another task here cannot release it meanwhile. A
   * `stop` or `interrupt` of the actor ends the wait within 100 ms.
   *
   * @throws {TypeError} In the lock's home, which would wait for itself, and in a subprocess.
   * @throws {TimeoutError} If it did not become free in time.
   * @throws {DisconnectedError} If the lock's home is gone.
   * @throws {DOMException} An `AbortError`, the reason of the actor's signal, if it is asked to stop or interrupted.
   */
  acquireSync(options?: WaitOptions): LockGuard {
    return this.#client.acquireSync(options);
  }

  /**
   * Releases the lock at once.
   *
   * @throws {NotOwnerError} If the calling actor does not hold it.
   */
  releaseSync(): void {
    this.#client.releaseSync();
  }

  static {
    inspectAs(this, (lock) => `Lock(${lock.#client.describe()})`);
  }
}

handleKind(LOCK.name, {
  leased: true,
  revive: (passage, imported) => adopting(new PermitClient(LOCK, passage.target, passage, imported), () => new Lock()),
});
