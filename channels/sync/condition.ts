import { checkNumber } from "../argument.ts";
import { DisconnectedError, NotOwnerError, TimeoutError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { ask, tell } from "../kernel/ask.ts";
import type { Question } from "../kernel/question.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";
import { expected, isCount, type Shape } from "../kernel/shape.ts";
import { brief } from "../kernel/show.ts";
import { channelWait, type Patience, throwIfOver, type WaitOptions } from "../kernel/wait.ts";
import { ConditionCell } from "./condition_cell.ts";
import { Lock } from "./lock.ts";
import { clientOf } from "./permit_client.ts";
import type { PermitSeat } from "./permit_seat.ts";
import { RLock } from "./rlock.ts";

/**
 * A place to wait, under a lock, for something that another holder of the lock will bring about. (Python's
 * `multiprocessing.Condition`, whose `notify` hangs for ever when a waiter was killed.)
 *
 * - **Waiting** releases the lock, however often it was entered, waits to be notified, and has the lock again when it
 *   ends, whichever way that is.
 * - **Notifying** wakes those who have waited longest; when nobody waits it is forgotten. One who died or gave up is
 *   passed over.
 * - **Stopping**: when the actor or task that waits is asked to stop, the wait is given up, with the reason of
 *   `current().signal`. Getting the lock again is not.
 * - **Home**: the condition lives where it was made, its lock where that was made.
 *
 * @example Wait for what another actor brings about
 * ```ts
 * import { Condition, Process, SharedValue, task } from "@troupe/troupe";
 *
 * async function deliver(condition: Condition, parcels: SharedValue<"int32">): Promise<void> {
 *   using _held = await condition.lock.acquire();
 *   await parcels.set(1);
 *   await condition.notify();
 * }
 * task(import.meta.url, deliver);
 *
 * const [condition, parcels] = [new Condition(), new SharedValue("int32")];
 * const p = new Process(deliver, [condition, parcels], { placement: "inline" });
 * using _held = await condition.lock.acquire();
 * await p.start();
 * await condition.waitFor(async () => await parcels.get() === 1, { timeoutMs: 5000 });
 * ```
 */
export class Condition {
  /** The lock to hold while waiting or notifying. */
  readonly lock: Lock | RLock;
  readonly #target: Target;

  /**
   * Makes a condition whose home is here.
   *
   * @param lock the lock to use; a new {@linkcode RLock} when left out
   * @throws {TypeError} If it is no lock.
   */
  constructor(lock: Lock | RLock = new RLock()) {
    if (!isLock(lock)) {
      throw new TypeError("Cannot make a condition: a Lock or RLock is needed");
    }
    this.#target = adopted<Target>() ?? new ConditionCell();
    this.lock = lock;
    enroll(this, () => ({ kind: "condition", target: this.#target, meta: null }), [lock]);
  }

  /**
   * Waits to be notified. The caller has the lock before and after.
   *
   * @throws {NotOwnerError} If the calling actor does not hold the lock.
   * @throws {TimeoutError} If nobody notified it in time; getting the lock again may take longer.
   */
  async wait(options?: WaitOptions): Promise<void> {
    const wait = channelWait("wait for a condition", options);
    await this.#wait(wait);
  }

  /**
   * Waits until a predicate holds, which is asked now and after each notification, under the lock.
   *
   * @returns what the predicate returned
   * @throws {NotOwnerError} If the calling actor does not hold the lock.
   * @throws {TimeoutError} If it did not hold in time.
   */
  async waitFor<R>(predicate: () => R | Promise<R>, options?: WaitOptions): Promise<R> {
    if (typeof predicate !== "function") {
      throw new TypeError("Cannot wait for a condition: the predicate must be a function");
    }
    const { timeoutMs, signal, stop } = channelWait("wait for a condition", options);
    this.#seat("wait for");
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const result = await predicate();
      if (result) return result;
      const left = deadline - performance.now();
      if (left <= 0) throw late(timeoutMs);
      throwIfOver({ signal, stop });
      await this.#wait({ timeoutMs: left, once: false, signal, stop }, timeoutMs);
    }
  }

  /**
   * Wakes as many as `count` of those who wait.
   *
   * @param count 1 when left out
   * @throws {NotOwnerError} If the calling actor does not hold the lock.
   */
  async notify(count: number = 1): Promise<void> {
    checkNumber("notify a condition", "count", count);
    this.#seat("notify");
    await this.#ask("notify", "notify", { detail: String(count) });
  }

  /** Wakes all who wait. */
  notifyAll(): Promise<void> {
    return this.notify(Infinity);
  }

  static {
    inspectAs(this, (condition) => {
      const target = condition.#target;
      const waiting = isCell(target) ? (target as ConditionCell).waiting.length : 0;
      return `Condition(${brief(condition.lock)}${waiting > 0 ? `, ${waiting} waiting` : ""})`;
    });
  }

  /** What the caller has of the lock; it must have it. */
  #seat(action: string): PermitSeat {
    const seat = clientOf(this.lock)!.seat();
    if (seat.held.length > 0) return seat;
    throw new NotOwnerError(`Cannot ${action} a condition: the caller does not hold its lock`);
  }

  async #wait(wait: Patience, givenMs: number = wait.timeoutMs): Promise<void> {
    const seat = this.#seat("wait for");
    const ticket = String(expected("a place in line", await this.#ask("enlist", "wait for", {}), isCount));
    let resume: () => Promise<void>;
    try {
      resume = await seat.suspend();
    } catch (error) {
      this.#leave(ticket);
      throw error;
    }
    try {
      if (wait.once) throw late(givenMs);
      throwIfOver(wait);
      await this.#ask("await", "wait for", { detail: ticket, wait, late: () => late(givenMs) });
    } catch (error) {
      this.#leave(ticket);
      throw error;
    } finally {
      await resume();
    }
  }

  #leave(ticket: string): void {
    tell(this.#target, whoActs.holder(), "leave", ticket, EMPTY_PACKET);
  }

  #ask(verb: string, action: string, question: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${action} a condition: its home is gone`);
    return ask(this.#target, { holder: whoActs.holder(), verb, lost, ...question });
  }
}

function late(timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot wait for a condition: nobody notified it in ${timeoutMs} ms`, { timeoutMs });
}

const isLock: Shape<Lock | RLock> = (value) => value instanceof Lock || value instanceof RLock;

handleKind("condition", {
  leased: true,
  revive({ target }, _imported, _holder, [part]) {
    const lock = expected("a handle to a condition", part, isLock);
    return adopting(target, () => new Condition(lock));
  },
});
