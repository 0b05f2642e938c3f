import type { Holder } from "../channels/kernel/holder.ts";
import { isCausedBy } from "../channels/kernel/look.ts";
import { Stop } from "../channels/kernel/stop.ts";

/**
 * How an actor's code learns that it is asked to stop: by a signal, and by the end of what it waits for at channels and
 * locks. Both are made when somebody asks for them, which is seldom; the signal then knows what has aborted it before.
 */
export class StopSignal {
  #controller: AbortController | undefined;
  #reason: DOMException | undefined;
  #next: Stop | undefined;
  #asked = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The next request, which ends what is begun now. */
  get next(): Stop {
    if (this.#next === undefined || this.#next.came) this.#next = new Stop();
    return this.#next;
  }

  /** Aborts the signal. The first reason counts. */
  abort(why: string): void {
    this.#reason ??= new DOMException(why, "AbortError");
    this.#controller?.abort(this.#reason);
  }

  /** Asks the code of an actor to end: its waits end before the signal aborts, so that waits begun by listeners go on. */
  ask(why: string, holder: Holder): void {
    this.#reason ??= new DOMException(why, "AbortError");
    this.#next?.come(holder, this.#reason);
    this.abort(why);
  }

  /** The same, the first time: what is begun after that goes on. */
  askOnce(why: string, holder: Holder): void {
    if (!this.#asked) this.ask(why, holder);
    this.#asked = true;
  }

  /** Whether an error says no more than that the signal has aborted: its reason, or what somebody made of the reason. */
  isReason(error: unknown): boolean {
    return this.#reason !== undefined && (error === this.#reason || isCausedBy(error, this.#reason));
  }
}
