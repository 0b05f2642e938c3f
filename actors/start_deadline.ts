import { TimeoutError } from "../channels/errors.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import type { StartPlan } from "./start_plan.ts";

/** What makes a start fail from outside: its time is over, or its signal aborts. */
export class StartDeadline {
  /** Rejects when either happens. */
  readonly failed: Promise<never>;
  readonly #deadline: Deadline | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted: () => void;

  constructor(action: string, { startTimeoutMs, signal }: StartPlan) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.failed = promise;
    this.#signal = signal;
    this.#aborted = () => reject(signal!.reason);
    signal?.addEventListener("abort", this.#aborted, { once: true });
    if (startTimeoutMs === Infinity) return;
    const message = `Cannot ${action}: it was not ready after ${startTimeoutMs} ms`;
    this.#deadline = wheel.after(
      startTimeoutMs,
      () => reject(new TimeoutError(message, { timeoutMs: startTimeoutMs })),
    );
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

/** The words that the error of an action that failed ends with. */
export function reasonOf(action: string, cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const beginning = `Cannot ${action}: `;
  return text.startsWith(beginning) ? text.slice(beginning.length) : text;
}
