import { adopted, adopting } from "../kernel/adoption.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { patience, type WaitOptions } from "../kernel/wait.ts";
import type { LockGuard } from "./lock_guard.ts";
import { notOwner, PermitCell } from "./permit_cell.ts";
import { PermitClient, remember } from "./permit_client.ts";
import type { PermitSeat } from "./permit_seat.ts";

/**
 * A lock that its owner can take again; it is free when it was released as often. (Python's
 * `multiprocessing.RLock`, whose owner is a thread: here it is the actor.)
 *
 * In all else it is like {@linkcode Lock}.
 *
 * @example Take it twice
 * ```ts
 * import { NotOwnerError, RLock } from "@troupe/troupe";
 * import { assertRejects } from "@std/assert";
 *
 * const lock = new RLock();
 * await lock.acquire();
 * await lock.acquire();
 * await lock.release();
 * await lock.release();
 * await assertRejects(() => lock.release(), NotOwnerError);
 * ```
 */
export class RLock {
  readonly #client: PermitClient;

  /** Makes a lock whose home is here; nobody holds it. */
  constructor() {
    const client = adopted<PermitClient>() ??
      new PermitClient("re-entrant lock", new PermitCell("re-entrant lock", 1, false));
    this.#client = remember(this, client);
    enroll(this, () => this.#client.passage("rlock"));
  }

  /**
   * Takes the lock, waiting for it unless the calling actor has it already.
   *
   * @throws {TimeoutError} If it did not become free in time.
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    const wait = patience("acquire a re-entrant lock", options);
    const seat = this.#client.seat();
    // Tasks of one actor come in after one another, so that the second finds the lock its actor's.
    while (seat.entering !== undefined) await seat.entering.catch(() => {});
    if (seat.held.length > 0) return enterAgain(seat);
    const acquired = seat.acquire(wait);
    seat.entering = acquired;
    try {
      return hold(seat, (await acquired).abandoned);
    } finally {
      seat.entering = undefined;
    }
  }

  /** Takes the lock if it is free now, or the calling actor's. */
  async tryAcquire(): Promise<LockGuard | undefined> {
    const seat = this.#client.seat();
    if (seat.held.length > 0) return enterAgain(seat);
    const permit = await seat.tryAcquire();
    return permit && hold(seat, permit.abandoned);
  }

  /**
   * Releases the lock once.
   *
   * @throws {NotOwnerError} If the calling actor does not hold it.
   */
  async release(): Promise<void> {
    const seat = this.#client.seat();
    if (seat.depth > 0) seat.depth--;
    else await seat.release(seat.held.at(-1));
  }

  /** Takes the lock, blocking this thread; see {@linkcode Lock.acquireSync}. */
  acquireSync(options?: WaitOptions): LockGuard {
    const wait = patience("acquire a re-entrant lock", options);
    const seat = this.#client.seat();
    return seat.held.length > 0 ? enterAgain(seat) : hold(seat, seat.acquireSync(wait).abandoned);
  }

  /**
   * Releases the lock once, at once.
   *
   * @throws {NotOwnerError} If the calling actor does not hold it.
   */
  releaseSync(): void {
    leave(this.#client.seat());
  }

  static {
    inspectAs(this, () => "RLock()");
  }
}

function enterAgain(seat: PermitSeat): LockGuard {
  seat.depth++;
  return hold(seat, false);
}

function hold(seat: PermitSeat, abandoned: boolean): LockGuard {
  let held = true;
  return {
    abandoned,
    [Symbol.dispose]() {
      if (held && seat.held.length > 0) leave(seat);
      held = false;
    },
  };
}

function leave(seat: PermitSeat): void {
  const permit = seat.held.at(-1);
  if (permit === undefined) throw notOwner("re-entrant lock");
  if (seat.depth > 0) seat.depth--;
  else seat.releaseSync(permit);
}

handleKind("rlock", {
  leased: true,
  revive: (passage, imported) =>
    adopting(new PermitClient("re-entrant lock", passage.target, passage, imported), () => new RLock()),
});
