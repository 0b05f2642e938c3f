import { Stop } from "../channels/kernel/stop.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import type { Actor } from "./actor.ts";
import type { TaskContext } from "./context.ts";

/**
 * The handling of a message that begins after its actor was asked to stop. It waits at channels and locks as always, but
 * only for its share of the grace: those behind it, and `onStop`, are to have some of it, too.
 */
export class LateTurn implements TaskContext {
  readonly #actor: Actor;
  readonly #behind: number;
  #nextStop: Stop | undefined;
  #deadline: Deadline | undefined;

  /** @param behind how many messages are to be handled after this one */
  constructor(actor: Actor, behind: number) {
    this.#actor = actor;
    this.#behind = behind;
  }

  get signal(): AbortSignal {
    return this.#actor.signal;
  }

  get nextStop(): Stop {
    if (this.#nextStop === undefined) this.#allot();
    if (this.#nextStop!.came) this.#nextStop = new Stop();
    return this.#nextStop!;
  }

  /** It waits for the first time. */
  #allot(): void {
    const { holder, signal, stopDueMs } = this.#actor;
    const stop = this.#nextStop = new Stop();
    const shareMs = (stopDueMs - performance.now()) / (this.#behind + 2);
    if (shareMs < Infinity) this.#deadline = wheel.after(shareMs, () => stop.come(holder, signal.reason));
  }

  /** It is over. */
  end(): void {
    this.#deadline?.cancel();
  }
}
