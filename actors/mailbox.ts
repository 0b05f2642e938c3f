import type { Actor } from "./actor.ts";

/**
 * The messages that were sent to the running task by `Process.send`, in order. Ends when the task is asked to stop, once
 * what was sent before that is read.
 *
 * @example Read messages until asked to stop
 * ```ts
 * import { current, Process, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * async function sum(): Promise<number> {
 *   let total = 0;
 *   for await (const n of current().mailbox) total += n as number;
 *   return total;
 * }
 * task(import.meta.url, sum);
 *
 * const p = new Process(sum, [], { placement: "inline" });
 * await p.start();
 * await p.send(1);
 * await p.send(2);
 * await p.stop();
 * assertEquals(await p.result, 3);
 * ```
 */
export class Mailbox implements AsyncIterable<unknown> {
  readonly #actor: Actor;

  /** Made by the library; get it from `current().mailbox`. */
  constructor(actor: Actor) {
    this.#actor = actor;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#actor.loop.inbox.size;
  }

  /** Takes the messages as they come. A message is taken by one reader only. */
  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    while (true) {
      const taken = await this.#actor.loop.nextMessage();
      if (taken === undefined) return;
      yield taken.value;
    }
  }
}
