import { DisconnectedError, TimeoutError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { ask } from "../kernel/ask.ts";
import type { Question } from "../kernel/question.ts";
import { Cell, isCell, type Target } from "../kernel/cell.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { channelWait, type WaitOptions } from "../kernel/wait.ts";
import { selectable } from "../source.ts";

class EventFlagCell extends Cell {
  #set = false;
  readonly #waiting = new Set<Request>();

  get isSet(): boolean {
    return this.#set;
  }

  receive(request: Request): void {
    switch (request.verb) {
      case "set":
        this.#set = true;
        for (const waiter of this.#waiting) waiter.reply(true);
        this.#waiting.clear();
        return request.reply();
      case "clear":
        this.#set = false;
        return request.reply();
      case "isSet":
        return request.reply(this.#set);
      case "wait":
        if (this.#set) return request.reply(true);
        this.#waiting.add(request);
        request.onCancel = () => void this.#waiting.delete(request);
        return;
      default:
        request.throw(noSuchRequest("an event flag", request.verb));
    }
  }
}

/**
 * A flag that actors wait for, wherever they run. (Python's `multiprocessing.Event`, whose `set` hangs for ever when
 * somebody who waited was killed.)
 *
 * - **Waiting**: `wait` resolves when the flag is set, at once if it is; all who wait go on.
 * - **Stopping**: when the actor or task that waits is asked to stop, `wait` rejects with the reason of `current().signal`.
 * - **Death**: nothing that died can make `set` wait.
 * - **Home**: the flag lives where it was made. When that is gone everything rejects with `DisconnectedError`.
 *
 * @example Wait until it is set
 * ```ts
 * import { EventFlag } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * const ready = new EventFlag();
 * const waiting = ready.wait();
 * await ready.set();
 * await waiting;
 * assertEquals(await ready.isSet(), true);
 * ```
 */
export class EventFlag {
  readonly #target: Target;

  /** Makes a flag whose home is here, not set. */
  constructor() {
    this.#target = adopted<Target>() ?? new EventFlagCell();
    enroll(this, () => ({ kind: "event-flag", target: this.#target, meta: null }));
    selectable(this, {
      assertOpen() {},
      take: ({ signal }) => this.#ask("wait", "wait for", { wait: channelWait("select", { signal }) }),
      tryTake: async () => await this.isSet() ? { value: true } : undefined,
      poll: async (signal) => void await this.#ask("wait", "wait for", { wait: channelWait("select", { signal }) }),
      tryPoll: () => this.isSet(),
    });
  }

  /** Sets the flag. Everybody who waits goes on. */
  async set(): Promise<void> {
    await this.#ask("set", "set", {});
  }

  /** Clears the flag. */
  async clear(): Promise<void> {
    await this.#ask("clear", "clear", {});
  }

  /** Whether the flag is set. */
  isSet(): Promise<boolean> {
    return this.#ask("isSet", "look at", {}) as Promise<boolean>;
  }

  /**
   * Waits until the flag is set.
   *
   * @throws {TimeoutError} If that took too long.
   */
  async wait(options?: WaitOptions): Promise<void> {
    const wait = channelWait("wait for an event flag", options);
    const late = (timeoutMs: number) =>
      new TimeoutError(`Cannot wait for an event flag: it was not set for ${timeoutMs} ms`, { timeoutMs });
    if (!wait.once) await this.#ask("wait", "wait for", { wait, late });
    else if (!await this.isSet()) throw late(wait.timeoutMs);
  }

  static {
    inspectAs(this, (flag) => {
      const target = flag.#target;
      if (!isCell(target)) return "EventFlag(elsewhere)";
      return `EventFlag(${(target as EventFlagCell).isSet ? "set" : "not set"})`;
    });
  }

  #ask(verb: string, action: string, question: Partial<Question>): Promise<unknown> {
    const lost = () => new DisconnectedError(`Cannot ${action} an event flag: its home is gone`);
    return ask(this.#target, { holder: whoActs.holder(), verb, lost, ...question });
  }
}

handleKind("event-flag", { leased: true, revive: ({ target }) => adopting(target, () => new EventFlag()) });
