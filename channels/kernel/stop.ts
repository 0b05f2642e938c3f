import type { Holder } from "./holder.ts";

/**
 * A request to stop that may come. A wait at a channel or lock knows the request that could come next when the wait was
 * begun, and ends when that one comes. A wait begun after that belongs to the next request.
 */
export class Stop {
  readonly #above: Stop | undefined;
  #reason: unknown;
  #came = false;

  /** @param above a request to somebody else that is one to this party, too */
  constructor(above?: Stop) {
    this.#above = above;
  }

  /** Whether it has come. */
  get came(): boolean {
    return this.#came || (this.#above?.came ?? false);
  }

  /** The reason with which the waits that it ends reject. */
  get reason(): unknown {
    return this.#came ? this.#reason : this.#above?.reason;
  }

  /** It comes: the waits of this holder that were begun before end. */
  come(holder: Holder, reason: unknown): void {
    if (this.came) return;
    this.#came = true;
    this.#reason = reason;
    for (const held of holder.leases.all()) held.stopped();
  }
}
