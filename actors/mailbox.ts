import type { Actor } from "./actor.ts";

/** The messages that were sent to the running task by `Process.send`, in order. Ends when it is asked to stop. */
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
