import { StartError, TimeoutError } from "../channels/errors.ts";
import { reasonOf } from "../channels/kernel/show.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import type { StartPlan } from "./start_plan.ts";

/** What makes a start fail from outside: its time is over, or its signal aborts. */
export class StartDeadline {
  /** Rejects when either happens. */
  readonly failed: Promise<never>;
  readonly #deadline: Deadline | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted: () => void;
  /** Why it is too late to begin at all. */
  readonly #tooLate: TimeoutError | undefined;
  #passed = false;

  constructor(action: string, { startTimeoutMs, signal }: StartPlan) {
    const { promise, reject: fail } = Promise.withResolvers<never>();
    const reject = (reason: unknown) => {
      this.#passed = true;
      fail(reason);
    };
    promise.catch(() => {});
    this.failed = promise;
    this.#signal = signal;
    this.#aborted = () => reject(signal!.reason);
    signal?.addEventListener("abort", this.#aborted, { once: true });
    const late = () => {
      const message = `Cannot ${action}: it was not ready after ${startTimeoutMs} ms`;
      return new TimeoutError(message, { timeoutMs: startTimeoutMs });
    };
    if (startTimeoutMs <= 0) this.#tooLate = late();
    else if (startTimeoutMs !== Infinity) this.#deadline = wheel.after(startTimeoutMs, () => reject(late()));
  }

  /** To be called before anything is started: throws if it is too late for that. */
  check(): void {
    this.#signal?.throwIfAborted();
    if (this.#tooLate !== undefined) throw this.#tooLate;
  }

  /** Whether time is over or the caller gave up. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Whether the caller gave up. */
  get aborted(): boolean {
    return this.#signal?.aborted ?? false;
  }

  /** The start is over, one way or the other. */
  end(): void {
    this.#deadline?.cancel();
    this.#signal?.removeEventListener("abort", this.#aborted);
  }
}

/**
 * The error of a start that failed.
 *
 * @param lacks what may have been missing, where the error is one that this could explain
 */
export function startError(action: string, cause: unknown, lacks?: string): StartError {
  const reason = reasonOf(cause);
  const begin = `Cannot ${action}: `;
  const end = lacks === undefined ? "" : ` (perhaps for want of ${lacks}; denoArgs can give it flags)`;
  return new StartError((reason.startsWith(begin) ? reason : begin + reason) + end, { cause });
}
