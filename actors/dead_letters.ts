import { ask } from "../channels/kernel/ask.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import { type DeadLetter, deadLetters as letters } from "../channels/kernel/dead_letters.ts";
import { packPlain, unpack } from "../channels/kernel/pack.ts";
import { root, rootService } from "../channels/kernel/root.ts";
import { expected, isCount, isText, listOf, startsWith, withFields } from "../channels/kernel/shape.ts";
import { singleton } from "../channels/kernel/singleton.ts";

export type { DeadLetter };

/** Of how many at a time the program's own isolate is told more than that they were. */
const MOST_TOLD = 1000;

/** What `deadLetters` is. */
export interface DeadLetters extends AsyncIterable<DeadLetter> {
  /** How many there were so far. */
  readonly count: number;
}

/**
 * The messages that nobody will ever handle, and of which no caller could be told: casts to an actor that has ended, or
 * that a mailbox had no room for, and whatever lay in the mailbox of an actor when it ended.
 *
 * - **Whose**: in the program itself those of all its isolates, which tell of theirs a moment later; in a child those of
 *   the child's isolate.
 * - **Killed** with its thread or subprocess, an actor cannot tell what lay in its mailbox. Then its senders count the
 *   casts that it had not said to have taken: none that lay there is missed, but a few that it had just taken may be among
 *   them, and those it was handling are.
 * - **Iterating** gives those from then on, as they come, and does not keep the program alive. A reader who is slow misses
 *   the oldest beyond 1000; the count misses none.
 *
 * @example Count them, and read them
 * ```ts
 * import { actor, deadLetters, spawn } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Printer {
 *   print(_text: string): void {}
 * }
 * actor(import.meta.url, Printer);
 *
 * const printer = await spawn(Printer, [], { placement: "inline", name: "printer" });
 * await printer.stop();
 *
 * const before = deadLetters.count;
 * const reader = deadLetters[Symbol.asyncIterator]();
 * printer.cast.print("too late");
 * assertEquals(deadLetters.count - before, 1);
 * assertEquals((await reader.next()).value?.what, "print");
 * await reader.return?.();
 * ```
 */
export const deadLetters: DeadLetters = letters;

/** Tells the program's own isolate of this isolate's dead letters: one message at a time, however many there are. */
class DeadLetterPost {
  #count = 0;
  #letters: DeadLetter[] = [];
  #underWay = false;

  /** From now on they are told. */
  open(): void {
    letters.listen((letter) => {
      if (this.#count++ === 0 && !this.#underWay) queueMicrotask(() => this.send());
      if (this.#letters.length < MOST_TOLD) this.#letters.push(letter);
    });
  }

  /** Tells of those that were not told. */
  send(): void {
    if (this.#count === 0) return;
    const body = packPlain([this.#count, this.#letters]);
    this.#count = 0;
    this.#letters = [];
    this.#underWay = true;
    const told = () => {
      this.#underWay = false;
      this.send();
    };
    // Asked, so that it never becomes a dead letter itself, and quietly: nobody is to live on for this.
    const question = {
      holder: whoActs.holder(),
      verb: "deadLetters",
      body,
      quiet: true,
      lost: () => new Error("gone"),
    };
    ask(root(), question).then(told, () => {});
  }
}

const areLetters = listOf(withFields<DeadLetter>({ to: isText, what: isText }));

/** This isolate's. */
export const deadLetterPost: DeadLetterPost = singleton("dead-letter-post", () => new DeadLetterPost());

rootService("deadLetters", "all", (request) => {
  const [count, told] = expected("dead letters", unpack(request.body, request.from), startsWith(isCount, areLetters));
  letters.addOthers(count, told);
  request.reply();
});
