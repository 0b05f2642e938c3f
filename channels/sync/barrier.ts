import { checkSize } from "../argument.ts";
import { DisconnectedError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { ask } from "../kernel/ask.ts";
import type { Question } from "../kernel/question.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import { enroll, handleKind, type Passage } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import { expected, isNumber, startsWith } from "../kernel/shape.ts";
import { channelWait, patience, type WaitOptions } from "../kernel/wait.ts";
import { BARRIER, BarrierCell, brokenBarrier } from "./barrier_cell.ts";

/** What `new Barrier` takes. */
export interface BarrierOptions {
  /** Runs where the barrier was made, once each time all have come, before anybody goes on. */
  readonly action?: (() => unknown) | undefined;
  /** Milliseconds that each `wait` lasts at most, unless it says otherwise; for ever when left out. */
  readonly timeoutMs?: number | undefined;
}

const BARRIER_OPTIONS: OptionNames<BarrierOptions> = { action: true, timeoutMs: true };

interface Parts {
  readonly target: Target;
  readonly parties: number;
  readonly timeoutMs: number;
}

/**
 * A place where a number of parties wait for each other. (Python's `multiprocessing.Barrier`, which ignores its own
 * timeout when a party was killed.)
 *
 * - **Passing**: when all have come, each gets another index from 0 on, and the barrier is ready for the next round.
 * - **Breaking**: the barrier breaks when a party gives up, times out, is asked to stop or dies while it waits; when so
 *   many of those who have it died that the rest can never be enough; when the action throws; and by `abort`. Everybody
 *   who waits then, or comes later, gets {@linkcode BrokenBarrierError}, until `reset`.
 * - **Home**: the barrier lives where it was made. When that is gone everything rejects with `DisconnectedError`.
 *
 * @example Meet
 * ```ts
 * import { Barrier } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const barrier = new Barrier(2);
 * const indices = await Promise.all([barrier.wait(), barrier.wait()]);
 * assertEquals(indices.toSorted(), [0, 1]);
 * ```
 */
export class Barrier {
  /** How many have to come. */
  readonly parties: number;
  readonly #target: Target;
  readonly #timeoutMs: number;

  /**
   * Makes a barrier whose home is here.
   *
   * @throws {TypeError} If an argument has the wrong type.
   * @throws {RangeError} If `parties` is not at least 1.
   */
  constructor(parties: number, options: BarrierOptions = {}) {
    const known = adopted<Parts>();
    const parts = known ?? make(parties, options);
    this.parties = parts.parties;
    this.#target = parts.target;
    this.#timeoutMs = parts.timeoutMs;
    const { target } = parts;
    const passage: Passage = { kind: BARRIER, target, meta: [this.parties, this.#timeoutMs] };
    const departed = () => (target as BarrierCell).passedOn();
    enroll(this, () => known === undefined ? { ...passage, departed } : passage);
  }

  /**
   * Waits until all parties have come.
   *
   * @returns an index that nobody else of this round gets
   * @throws {BrokenBarrierError} If the barrier is or gets broken; by this very wait, if its time runs out.
   */
  async wait(options?: WaitOptions): Promise<number> {
    const wait = channelWait("wait at a barrier", options, this.#timeoutMs);
    // What the home says counts: whoever was let through must not believe that it gave up.
    return await this.#ask("wait", "wait at", { wait, gives: true, late: brokenBarrier }) as number;
  }

  /** Breaks the barrier. */
  async abort(): Promise<void> {
    await this.#ask("abort", "abort", {});
  }

  /** Sends away all who wait, with `BrokenBarrierError`, and begins anew. */
  async reset(): Promise<void> {
    await this.#ask("reset", "reset", {});
  }

  /** Whether it is broken. */
  broken(): Promise<boolean> {
    return this.#ask("broken", "look at", {}) as Promise<boolean>;
  }

  /** How many wait. */
  waiting(): Promise<number> {
    return this.#ask("waiting", "look at", {}) as Promise<number>;
  }

  static {
    inspectAs(this, (barrier) => {
      const target = barrier.#target;
      const state = isCell(target) ? (target as BarrierCell).describe() : ", elsewhere";
      return `Barrier(${barrier.parties} parties${state})`;
    });
  }

  #ask(verb: string, action: string, question: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${action} a barrier: its home is gone`);
    return ask(this.#target, { holder: whoActs.holder(), verb, lost, ...question });
  }
}

function make(parties: number, options: BarrierOptions): Parts {
  checkSize("make a barrier", "parties", parties, 1);
  const { action } = checkOptions("make a barrier", options, BARRIER_OPTIONS);
  if (action !== undefined && typeof action !== "function") {
    throw new TypeError("Cannot make a barrier: the action must be a function");
  }
  const { timeoutMs } = patience("make a barrier", { timeoutMs: options.timeoutMs });
  return { target: new BarrierCell(parties, action), parties, timeoutMs };
}

handleKind(BARRIER, {
  leased: true,
  revive({ target, meta }) {
    const [parties, timeoutMs] = expected("a handle to a barrier", meta, startsWith(isNumber, isNumber));
    return adopting({ target, parties, timeoutMs } satisfies Parts, () => new Barrier(parties));
  },
});
