import { StartError, TimeoutError } from "../channels/errors.ts";
import { reasonOf } from "../channels/kernel/show.ts";
import { type Deadline, wheel } from "../channels/kernel/wheel.ts";
import type { StartPlan } from "./start_plan.ts";

/** Deno may take so long to load an isolate's first modules: on a busy machine checking their types takes many seconds. */
export const LOADING_MS = 120_000;

/**
 * What makes a start fail from outside: its time is over, or its signal aborts. Its time begins when code of the new isolate
 * runs. Until then Deno loads that, in a time of its own, which begins when the start's turn to load has come.
 */
export class StartDeadline {
  /** Rejects when either happens. */
  readonly failed: Promise<never>;
  #deadline: Deadline | undefined;
  readonly #load: () => void;
  readonly #begin: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #aborted: () => void;
  #passed = false;
  #over = false;

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
    const late = () => notReady(action, startTimeoutMs);
    const notLoaded = () => {
      const why = "with deno test or --check Deno first checks their types, which --no-check spares";
      const message = `Cannot ${action}: its modules were not loaded after ${loadingMs} ms (${why})`;
      return new TimeoutError(message, { timeoutMs: loadingMs });
    };
    const loadingMs = Math.max(startTimeoutMs, LOADING_MS);
    const limit = (ms: number, error: () => TimeoutError) => {
      this.#deadline?.cancel();
      if (ms !== Infinity) this.#deadline = wheel.after(ms, () => reject(error()));
    };
    this.#load = () => limit(loadingMs, notLoaded);
    this.#begin = () => limit(startTimeoutMs, late);
  }

  /** Deno loads the new isolate's first modules. */
  loads(): void {
    this.#load();
  }

  /** Code of the new isolate runs. */
  begun(): void {
    if (!this.#over) this.#begin();
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
    this.#over = true;
    this.#deadline?.cancel();
    this.#signal?.removeEventListener("abort", this.#aborted);
  }
}

/** To be called before anything is started: throws if it is too late for that. */
export function assertInTime(action: string, { startTimeoutMs, signal }: StartPlan): void {
  signal?.throwIfAborted();
  if (startTimeoutMs <= 0) throw notReady(action, startTimeoutMs);
}

function notReady(action: string, timeoutMs: number): TimeoutError {
  return new TimeoutError(`Cannot ${action}: it was not ready after ${timeoutMs} ms`, { timeoutMs });
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
