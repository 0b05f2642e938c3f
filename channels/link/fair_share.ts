/** A stranger's frames may keep the event loop for so long before it turns. */
const MOST_MS = 10;
/** After so long others are to be read as well, which takes some turns: their heartbeats may be due. */
const LONG_MS = 50;
const TURNS_AFTER_LONG = 4;

/** Lets the event loop turn between the frames of a stranger, each of which may cost as much as one may. */
export class FairShare {
  #began = performance.now();

  /** Something has come: the event loop has turned. */
  begin(): void {
    this.#began = performance.now();
  }

  /** A promise if the event loop is to turn before the next frame. */
  turn(): Promise<void> | undefined {
    const tookMs = performance.now() - this.#began;
    return tookMs < MOST_MS ? undefined : this.#turn(tookMs < LONG_MS ? 1 : TURNS_AFTER_LONG);
  }

  /** By timers: between two of `setImmediate` Deno mostly does not ask the system what has come for others. */
  async #turn(times: number): Promise<void> {
    for (let turn = 0; turn < times; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    this.begin();
  }
}
