import { adopted, adopting } from "../kernel/adoption.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { channelWait, patience, type WaitOptions } from "../kernel/wait.ts";
import type { LockGuard } from "./lock_guard.ts";
import { PermitCell, type PermitKind } from "./permit_cell.ts";
import { PermitClient, remember } from "./permit_client.ts";
import type { PermitSeat } from "./permit_seat.ts";
import type { Permit } from "./permit_words.ts";

const RLOCK: PermitKind = { name: "rlock", title: "re-entrant lock", permits: 1, grows: false };

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
    this.#client = remember(this, adopted<PermitClient>() ?? new PermitClient(RLOCK, new PermitCell(RLOCK)));
    enroll(this, () => this.#client.passage());
  }

  /**
   * Takes the lock, waiting for it unless the calling actor has it already.
   *
   * @throws {TimeoutError} If it did not become free in time.
   */
  async acquire(options?: WaitOptions): Promise<LockGuard> {
    const wait = channelWait(`acquire a ${RLOCK.title}`, options);
    const seat = this.#client.seat();
    return enterAgain(seat) ?? new Hold(seat, await seat.acquire(wait));
  }

  /** Takes the lock if it is free now, or the calling actor's. */
  async tryAcquire(): Promise<LockGuard | undefined> {
    const seat = this.#client.seat();
    const again = enterAgain(seat);
    if (again !== undefined) return again;
    const permit = await seat.tryAcquire();
    return permit && new Hold(seat, permit);
  }

  /**
   * Releases the lock once.
   *
   * @throws {NotOwnerError} If the calling actor does not hold it.
   */
  async release(): Promise<void> {
    const seat = this.#client.seat();
    if (seat.depth > 0) seat.depth--;
    else await seat.release();
  }

  /** Takes the lock, blocking this thread; see {@linkcode Lock.acquireSync}. */
  acquireSync(options?: WaitOptions): LockGuard {
    const wait = patience(`acquire a ${RLOCK.title}`, options);
    const seat = this.#client.seat();
    return enterAgain(seat) ?? new Hold(seat, seat.acquireSync(wait));
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
    inspectAs(this, (lock) => `RLock(${lock.#client.describe()})`);
  }
}

/** One entry into a re-entrant lock. */
class Hold implements LockGuard {
  readonly #seat: PermitSeat;
  readonly #permit: Permit;
  #ended = false;

  constructor(seat: PermitSeat, permit: Permit) {
    this.#seat = seat;
    this.#permit = permit;
  }

  get abandoned(): boolean {
    return this.#permit.abandoned;
  }

  [Symbol.dispose](): void {
    if (!this.#ended && this.#seat.held.includes(this.#permit)) leave(this.#seat);
    this.#ended = true;
  }
}

/** Enters a lock that the actor has; undefined if it has not. */
function enterAgain(seat: PermitSeat): LockGuard | undefined {
  const permit = seat.held.at(-1);
  if (permit === undefined) return undefined;
  seat.assertHome();
  seat.depth++;
  return new Hold(seat, permit);
}

function leave(seat: PermitSeat): void {
  if (seat.depth > 0) seat.depth--;
  else seat.releaseSync();
}

handleKind(RLOCK.name, {
  leased: true,
  revive: (passage, imported) =>
    adopting(new PermitClient(RLOCK, passage.target, passage, imported), () => new RLock()),
});
