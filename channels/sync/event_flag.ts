import { DisconnectedError, TimeoutError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { adopted, adopting } from "../kernel/adoption.ts";
import { ask, tell } from "../kernel/ask.ts";
import type { Question } from "../kernel/question.ts";
import { isCell, type Target } from "../kernel/cell.ts";
import { enroll, handleKind } from "../kernel/handle.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { isolate } from "../kernel/isolate.ts";
import { EMPTY_PACKET } from "../kernel/packet.ts";
import { expected, type Shape } from "../kernel/shape.ts";
import { channelWait, type Patience, throwIfOver, type WaitOptions } from "../kernel/wait.ts";
import { selectable } from "../source.ts";
import { EventFlagCell } from "./event_flag_cell.ts";
import { FlagWords } from "./flag_words.ts";
import { Spin } from "./spin.ts";

/** The parts of a handle to a flag. */
interface Parts {
  readonly target: Target;
  /** The flag itself, where its memory is shared. */
  readonly words: FlagWords | undefined;
}

/**
 * A flag that actors wait for, wherever they run. (Python's `multiprocessing.Event`, whose `set` hangs for ever when
 * somebody who waited was killed.)
 *
 * - **Waiting**: `wait` resolves when the flag is set, at once if it is; all who wait go on.
 * - **Stopping**: when the actor or task that waits is asked to stop, `wait` rejects with the reason of `current().signal`.
 * - **Death**: nothing that died can make `set` wait.
 * - **Home**: the flag lives where it was made. When that is gone everything rejects with `DisconnectedError`.
 * - **Cost**: in threads of one process, setting, clearing and looking need no message unless somebody waits, and a wait
 *   that is over within a few microseconds needs none.
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
  readonly #words: FlagWords | undefined;
  readonly #spin = new Spin();

  /** Makes a flag whose home is here, not set. */
  constructor() {
    const { target, words } = adopted<Parts>() ?? partsOf(new EventFlagCell());
    this.#target = target;
    this.#words = words;
    enroll(this, () => ({ kind: "event-flag", target, meta: null, memory: words?.memory }));
    selectable(this, {
      assertOpen() {},
      take: ({ signal }) => this.#wait(channelWait("select", { signal })),
      tryTake: async () => await this.isSet() ? { value: true } : undefined,
      poll: async (signal) => void await this.#wait(channelWait("select", { signal })),
      tryPoll: () => this.isSet(),
    });
  }

  /** Sets the flag. Everybody who waits goes on. */
  async set(): Promise<void> {
    const words = this.#at("set");
    if (words === undefined) return void await this.#ask("set", "set", {});
    words.set();
    if (!words.watched) return;
    if (isCell(this.#target)) (this.#target as EventFlagCell).look();
    else tell(this.#target, whoActs.holder(), "look", "", EMPTY_PACKET);
  }

  /** Clears the flag. */
  async clear(): Promise<void> {
    const words = this.#at("clear");
    if (words === undefined) await this.#ask("clear", "clear", {});
    else words.clear();
  }

  /** Whether the flag is set. */
  async isSet(): Promise<boolean> {
    const words = this.#at("look at");
    if (words === undefined) return await this.#ask("isSet", "look at", {}) as boolean;
    // A loop that asks until the flag is set would otherwise keep out every message and timer.
    await this.#spin.turn();
    return words.isSet;
  }

  /**
   * Waits until the flag is set.
   *
   * @throws {TimeoutError} If that took too long.
   */
  async wait(options?: WaitOptions): Promise<void> {
    const wait = channelWait("wait for an event flag", options);
    if (!wait.once) await this.#wait(wait);
    else if (!await this.isSet()) throw late(wait.timeoutMs);
  }

  static {
    inspectAs(this, (flag) => {
      const target = flag.#target;
      if (!isCell(target)) return "EventFlag(elsewhere)";
      return `EventFlag(${(target as EventFlagCell).words.isSet ? "set" : "not set"})`;
    });
  }

  async #wait(wait: Patience): Promise<true> {
    const words = this.#at("wait for");
    let detail = "";
    if (words !== undefined) {
      const seen = words.turns;
      throwIfOver(wait);
      if (words.isSet) {
        await this.#spin.turn();
        return true;
      }
      // The dead do not go on.
      if (!whoActs.holder().gone && this.#spin.until(() => words.turns !== seen)) {
        await this.#spin.turn();
        return true;
      }
      detail = String(seen);
    }
    await this.#ask("wait", "wait for", { wait, late, detail });
    return true;
  }

  /** The flag itself, if it can be seen from here. @throws {DisconnectedError} If its home is gone. */
  #at(action: string): FlagWords | undefined {
    const target = this.#target;
    if (!isCell(target) && isolate.exitOf(target.isolate) !== undefined) throw lost(action);
    return this.#words;
  }

  #ask(verb: string, action: string, question: Partial<Question>): Promise<unknown> {
    return ask(this.#target, { holder: whoActs.holder(), verb, lost: () => lost(action), ...question });
  }
}

function late(timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot wait for an event flag: it was not set for ${timeoutMs} ms`, { timeoutMs });
}

function lost(action: string): DisconnectedError {
  return new DisconnectedError(`Cannot ${action} an event flag: its home is gone`);
}

function partsOf(target: Target, memory?: SharedArrayBuffer): Parts {
  if (isCell(target)) return { target, words: expected("a handle to an event flag", target, isFlagCell).words };
  return { target, words: memory && new FlagWords(memory) };
}

/** A handle from elsewhere can name any cell of this isolate. */
const isFlagCell: Shape<EventFlagCell> = (cell): cell is EventFlagCell => "look" in (cell as object);

handleKind("event-flag", {
  leased: true,
  revive: ({ target, memory }) => adopting(partsOf(target, memory), () => new EventFlag()),
});
