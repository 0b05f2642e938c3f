import { eventLoop } from "../kernel/event_loop.ts";

/** A stranger's frames may keep the event loop for so long before it turns. */
const MOST_MS = 10;

/** Lets the event loop turn between the frames of a stranger, each of which may cost as much as one may. */
export class FairShare {
  #began = performance.now();

  /** Something has come: the event loop has turned. */
  begin(): void {
    this.#began = performance.now();
  }

  /** A promise if the event loop is to turn before the next frame. */
  turn(): Promise<void> | undefined {
    return performance.now() - this.#began < MOST_MS ? undefined : eventLoop.settle().then(() => this.begin());
  }
}
