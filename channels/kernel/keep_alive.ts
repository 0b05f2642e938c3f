import { singleton } from "./singleton.ts";

/**
 * What keeps this isolate's event loop turning. Links, workers and subprocesses are all unreferenced, since an idle
 * daemon must not keep a program alive; whoever waits for something that only they can bring holds the loop here.
 * Without any link nobody can bring anything, and Deno's own word on a promise that never resolves is the better one.
 */
export class KeepAlive {
  #holds = 0;
  #certain = 0;
  #links = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #checking = false;

  /**
   * Keeps the event loop turning, while there is a link, until as many calls of `release` have been made.
   *
   * @param certain whether what is waited for will come, link or no link
   */
  hold(certain: boolean = false): void {
    if (certain) this.#certain++;
    else this.#holds++;
    this.#update();
  }

  /** Undoes one `hold`. */
  release(certain: boolean = false): void {
    if (certain) this.#certain--;
    else this.#holds--;
    this.#update();
  }

  /** A link was opened (+1) or closed (-1). */
  linked(by: 1 | -1): void {
    this.#links += by;
    this.#update();
  }

  get #wanted(): boolean {
    return this.#certain > 0 || (this.#holds > 0 && this.#links > 0);
  }

  #update(): void {
    if (this.#wanted) {
      this.#timer ??= setInterval(() => {}, 2 ** 30);
    } else if (this.#timer !== undefined && !this.#checking) {
      // Not at once: the next hold often comes in the same turn, and a timer costs more than a counter.
      this.#checking = true;
      setImmediate(() => {
        this.#checking = false;
        if (this.#wanted) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      });
    }
  }
}

/** This isolate's. */
export const keepAlive: KeepAlive = singleton("keep-alive", () => new KeepAlive());
