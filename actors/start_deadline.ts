import { StartError, TimeoutError } from "../channels/errors.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import type { StartPlan } from "./start_plan.ts";

/** What makes a start fail from outside: its time is over, or its signal aborts. */
export class StartDeadline {
  /** Rejects when either happens. */
  readonly failed: Promise<never>;
  readonly #deadline: Deadline | undefined;
  readonly #signal: AbortSignal | undefined;
  #passed: TimeoutError | undefined;
  readonly #aborted: () => void;

  constructor(action: string, { startTimeoutMs, signal }: StartPlan) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.failed = promise;
    this.#signal = signal;
    this.#aborted = () => reject(signal!.reason);
    signal?.addEventListener("abort", this.#aborted, { once: true });
    const late = () => {
      const message = `Cannot ${action}: it was not ready after ${startTimeoutMs} ms`;
      return new TimeoutError(message, { timeoutMs: startTimeoutMs });
    };
    if (startTimeoutMs <= 0) this.#passed = late();
    else if (startTimeoutMs !== Infinity) this.#deadline = wheel.after(startTimeoutMs, () => reject(late()));
  }

  /** To be called before anything is started: throws if it is too late for that. */
  check(): void {
    this.#signal?.throwIfAborted();
    if (this.#passed !== undefined) throw this.#passed;
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

/** The error of a start that failed. */
export function startError(action: string, cause: unknown): StartError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const begin = `Cannot ${action}: `;
  return new StartError(reason.startsWith(begin) ? reason : begin + reason, { cause });
}
