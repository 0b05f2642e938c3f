import { checkSize } from "../argument.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import type { WaitOptions } from "../kernel/wait.ts";
import type { LockGuard } from "./lock_guard.ts";
import { PermitCell, type PermitKind } from "./permit_cell.ts";
import { PermitClient, remember } from "./permit_client.ts";

const GROWING: PermitKind = { name: "semaphore", title: "semaphore", grows: true };
const BOUNDED: PermitKind = { name: "bounded-semaphore", title: "bounded semaphore", grows: false };

/**
 * So many permits that actors take and give back. (Python's `multiprocessing.Semaphore`.)
 *
 * - **Owner**: a permit belongs to the actor that took it. Releasing without having one makes another permit, by which
 *   one actor can let others go on.
 * - **Order**: first come, first served.
 * - **Death**: the permits of a dead actor are free again, and the next owner's guard says `abandoned`.
 * - **Cancellation**: an `acquire` that was given up has taken nothing. It is given up, with the reason of
 *   `current().signal`, when the actor or task that waits is asked to stop.
 *
 * @example Two at a time
 * ```ts
 * import { Semaphore } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const two = new Semaphore(2);
 * using a = await two.acquire();
 * using b = await two.acquire();
 * assertEquals(await two.tryAcquire(), undefined);
 * ```
 */
export class Semaphore {
  readonly #client: PermitClient;

  /**
   * Makes a semaphore whose home is here.
   *
   * @param permits how many there are; 1 when left out
   * @throws {TypeError} If `permits` is no number.
   * @throws {RangeError} If it is negative or no whole number.
   */
  constructor(permits: number = 1) {
    const kind = this instanceof BoundedSemaphore ? BOUNDED : GROWING;
    const client = adopted<PermitClient>() ?? make(kind, permits);
    this.#client = remember(this, client);
    enroll(this, () => this.#client.passage());
  }

  /**
   * Takes a permit, waiting for one.
   *
   * @throws {TimeoutError} If none became free in time.
   */
  acquire(options?: WaitOptions): Promise<LockGuard> {
    return this.#client.acquire(options);
  }

  /** Takes a permit if one is free now. */
  tryAcquire(): Promise<LockGuard | undefined> {
    return this.#client.tryAcquire();
  }

  /** Gives back the permit that the calling actor took last, or makes another one if it has none. */
  release(): Promise<void> {
    return this.#client.release();
  }

  /** Takes a permit, blocking this thread; see {@linkcode Lock.acquireSync}. */
  acquireSync(options?: WaitOptions): LockGuard {
    return this.#client.acquireSync(options);
  }

  /** Like `release`, at once. */
  releaseSync(): void {
    this.#client.releaseSync();
  }

  static {
    inspectAs(this, (semaphore) => `${semaphore.constructor.name}(${semaphore.#client.describe()})`);
  }
}

/**
 * A semaphore that never has more permits than it was made with. (Python's `multiprocessing.BoundedSemaphore`.)
 *
 * `release` throws {@linkcode NotOwnerError} when the calling actor has no permit.
 *
 * @example Release what one does not have
 * ```ts
 * import { BoundedSemaphore, NotOwnerError } from "@troupe/troupe";
 * import { assertRejects } from "@std/assert";
 *
 * const permits = new BoundedSemaphore(1);
 * await assertRejects(() => permits.release(), NotOwnerError);
 * ```
 */
export class BoundedSemaphore extends Semaphore {}

function make(kind: PermitKind, permits: number): PermitClient {
  return new PermitClient(kind, new PermitCell(kind, checkSize("make a semaphore", "permits", permits, 0)));
}

for (const [kind, Face] of [[GROWING, Semaphore], [BOUNDED, BoundedSemaphore]] as const) {
  handleKind(kind.name, {
    leased: true,
    revive: (passage, imported) =>
      adopting(new PermitClient(kind, passage.target, passage, imported), () => new Face()),
  });
}
