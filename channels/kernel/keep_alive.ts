import { Alarm } from "./alarm.ts";
import { singleton } from "./singleton.ts";
import { MAX_DELAY_MS } from "./wheel.ts";

/**
 * What keeps this isolate's event loop turning. Links, workers and subprocesses are all unreferenced, since an idle
 * daemon must not keep a program alive; whoever waits for something that only they can bring holds the loop here.
 * Without any link nobody can bring anything, and Deno's own word on a promise that never resolves is the better one.
 */
export class KeepAlive {
  /** Told when the event loop begins and ceases to be kept turning. */
  readonly listeners: Set<(held: boolean) => void> = new Set();
  #holds = 0;
  #certain = 0;
  #links = 0;
  #held = false;
  #alarm: Alarm | undefined;
  #telling = false;

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

  /** Whether the event loop is kept turning. */
  get held(): boolean {
    return this.#held;
  }

  #update(): void {
    const held = this.#certain > 0 || (this.#holds > 0 && this.#links > 0);
    if (held === this.#held) return;
    this.#held = held;
    if (held) {
      this.#hold();
      this.#tell();
    } else {
      this.#alarm?.letGo();
      this.#tellLater();
    }
  }

  #hold(): void {
    // So far away that nobody will hear it; or else the next one begins.
    if (this.#alarm === undefined || this.#alarm.over) this.#alarm = new Alarm(MAX_DELAY_MS, () => this.#hold());
    this.#alarm.hold();
  }

  #tell(): void {
    for (const listener of this.listeners) listener(this.#held);
  }

  /** Not at once: the next hold often comes in the same turn, and what listeners do costs more than a counter. */
  #tellLater(): void {
    if (this.#telling || this.listeners.size === 0) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      if (!this.#held) this.#tell();
    });
  }
}

/** This isolate's. */
export const keepAlive: KeepAlive = singleton("keep-alive", () => new KeepAlive());
