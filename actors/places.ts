import { singleton } from "../channels/kernel/singleton.ts";

/**
 * Where the messages of this isolate's actors begin to be handled: on behalf of nobody, so that what the first to send
 * one has in the asynchronous context of its own is not the actor's for ever.
 */
class Places {
  #waiting: (() => void)[] = [];
  #wake!: () => void;

  constructor() {
    void this.#run();
  }

  /** Calls this soon. */
  open(begin: () => void): void {
    if (this.#waiting.push(begin) === 1) this.#wake();
  }

  async #run(): Promise<never> {
    while (true) {
      // What one handles may open others.
      if (this.#waiting.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
      this.#beginAll();
    }
  }

  /** Not in the loop itself, which would keep those that it began last. */
  #beginAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const begin of waiting) begin();
  }
}

/** This isolate's. */
export const places: Places = singleton("places", () => new Places());
