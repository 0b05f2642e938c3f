import { whoActs } from "./kernel/acting.ts";
import { Lease } from "./kernel/holder.ts";
import { keepAlive } from "./kernel/keep_alive.ts";
import type { Stop } from "./kernel/stop.ts";
import type { Patience } from "./kernel/wait.ts";
import { wheel } from "./kernel/wheel.ts";

/**
 * A wait that is decided once: by what comes, by an error, by time, by the signal or by a request to stop. Nothing is taken
 * after that.
 */
export class Decision<T> {
  readonly #outcome = Promise.withResolvers<T | undefined>();
  readonly #over = new AbortController();
  #made = false;
  #stop: Stop | undefined;

  /** Whether it is decided, though the outcome may have yet to come. */
  get made(): boolean {
    return this.#made;
  }

  /** Aborts when the wait is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Decides it, unless somebody was faster; who does so tells the outcome. */
  make(): boolean {
    return !this.#made && (this.#made = true);
  }

  resolve(value?: T): void {
    this.#outcome.resolve(value);
  }

  reject(error: unknown): void {
    this.#outcome.reject(error);
  }

  stopped(): void {
    if (this.#stop?.came && this.make()) this.reject(this.#stop.reason);
  }

  /**
   * The outcome; undefined when time ran out first. The dead do not go on.
   *
   * @param certain whether it will come, so that the program waits for it in any case
   */
  async within({ timeoutMs, signal, stop }: Patience, certain: boolean = false): Promise<T | undefined> {
    const aborted = () => this.make() && this.reject(signal!.reason);
    const late = () => this.make() && this.resolve();
    signal?.addEventListener("abort", aborted, { once: true });
    if (signal?.aborted) aborted();
    this.#stop = stop;
    this.stopped();
    const deadline = timeoutMs === Infinity ? undefined : wheel.after(timeoutMs, late);
    const end = () => {
      if (this.over.aborted) return;
      keepAlive.release(certain);
      deadline?.cancel();
      signal?.removeEventListener("abort", aborted);
      this.#over.abort();
    };
    keepAlive.hold(certain);
    const lease = new Lease(
      whoActs.holder(),
      () => {
        this.make();
        end();
      },
      undefined,
      () => this.stopped(),
    );
    try {
      return await this.#outcome.promise;
    } finally {
      lease.end();
      end();
    }
  }
}
