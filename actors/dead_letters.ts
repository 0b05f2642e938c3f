import { ask } from "../channels/kernel/ask.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import {
  type DeadLetter,
  deadLetters as letters,
  MAX_UNREAD,
  MAX_UNREAD_BYTES,
  MOST_ITEM_BYTES,
} from "../channels/kernel/dead_letters.ts";
import { drop, packPlain } from "../channels/kernel/pack.ts";
import { remains } from "../channels/kernel/remains.ts";
import { root, rootService } from "../channels/kernel/root.ts";
import {
  expected,
  isAnything,
  isCount,
  isText,
  listOf,
  maybe,
  startsWith,
  withFields,
} from "../channels/kernel/shape.ts";
import { singleton } from "../channels/kernel/singleton.ts";

export type { DeadLetter };

/** A message has items of so many bytes in all: what a stranger says may not have very many values. */
const MOST_BYTES = MOST_ITEM_BYTES;

/** What `deadLetters` is. */
export interface DeadLetters extends AsyncIterable<DeadLetter> {
  /** How many there were so far. */
  readonly count: number;
}

/**
 * The messages that nobody will ever handle, and of which no caller could be told: casts to an actor that has ended, or
 * that a mailbox had no room for, and whatever lay in the mailbox of an actor when it ended. So are items of queues and
 * pipes that nobody can take any more, as one that a `JoinableQueue` has given to `maxDeliveries` who died: of these the
 * letter has the item, and how often it was given.
 *
 * - **Whose**: in the program itself those of all its isolates, which tell of theirs a moment later; in a child those of
 *   the child's isolate.
 * - **Killed** with its thread or subprocess, an actor cannot tell what lay in its mailbox. Then its senders count the
 *   casts that it had not said to have taken: none that lay there is missed, but a few that it had just taken may be among
 *   them, and those it was handling are.
 * - **Iterating** gives those from then on, as they come, and does not keep the program alive. A reader who is slow misses
 *   the oldest beyond 1000, or 64 MiB of items; the count misses none.
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
 *
 * @example Keep the jobs that nobody could do
 * ```ts
 * import { deadLetters, JoinableQueue, Process, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function work(jobs: JoinableQueue<string>): Promise<void> {
 *   for await (const job of jobs) throw new Error(`cannot do ${job}`);
 * }
 * task(import.meta.url, work);
 *
 * const failed = deadLetters[Symbol.asyncIterator]();
 * const jobs = new JoinableQueue<string>({ maxDeliveries: 1 });
 * await jobs.put("impossible");
 * await new Process(work, [jobs], { placement: "inline" }).start();
 * await jobs.join();
 * const { item, deliveries } = (await failed.next()).value!;
 * assertEquals([item, deliveries], ["impossible", 1]);
 * await failed.return?.();
 * ```
 */
export const deadLetters: DeadLetters = letters;

/** Tells the program's own isolate of this isolate's dead letters: one message at a time, however many there are. */
class DeadLetterPost {
  #count = 0;
  /** Those to be told, no more than a reader may have unread; and how many bytes their items have. */
  readonly #letters: { readonly letter: DeadLetter; readonly bytes: number }[] = [];
  #bytes = 0;
  #underWay = false;

  /** From now on they are told. */
  open(): void {
    letters.listen((letter, bytes) => {
      if (this.#count++ === 0 && !this.#underWay) queueMicrotask(() => this.send());
      if (this.#letters.length >= MAX_UNREAD || this.#bytes + bytes > MAX_UNREAD_BYTES) return;
      this.#letters.push({ letter, bytes });
      this.#bytes += bytes;
    });
  }

  /** Tells of those that were not told. */
  send(): void {
    if (this.#count === 0 && this.#letters.length === 0) return;
    // All count at once, as this isolate may end before those are told that have to wait for the next message.
    const body = packPlain([this.#count, this.#take()]);
    this.#count = 0;
    this.#underWay = true;
    const arrived = () => {
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
    ask(root(), question).then(arrived, () => {});
  }

  /** Takes as many as a message may have. */
  #take(): DeadLetter[] {
    let bytes = 0;
    const over = this.#letters.findIndex((noted) => (bytes += noted.bytes) > MOST_BYTES);
    const taken = this.#letters.splice(0, over < 0 ? this.#letters.length : Math.max(1, over));
    for (const noted of taken) this.#bytes -= noted.bytes;
    return taken.map(({ letter }) => letter);
  }
}

const areLetters = listOf(
  withFields<DeadLetter>({ to: isText, what: isText, item: isAnything, deliveries: maybe(isCount) }),
);

/** This isolate's. */
export const deadLetterPost: DeadLetterPost = singleton("dead-letter-post", () => new DeadLetterPost());

rootService("deadLetters", "all", (request) => {
  const { body } = request;
  // What a stranger says is data alone.
  drop(body, request.from);
  const [count, told] = expected("dead letters", remains(body), startsWith(isCount, areLetters));
  letters.addOthers(count, told, body.bytes.length);
  request.reply();
});
