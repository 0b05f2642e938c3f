import { abortable } from "./abortable.ts";

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait early, with its reason. */
  signal?: AbortSignal;
}

/** The promise, or a rejection with a `TimeoutError` DOMException after `ms`. */
export async function deadline<T>(p: Promise<T>, ms: number, options: DeadlineOptions = {}): Promise<T> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new DOMException("Signal timed out.", "TimeoutError")), ms);
  try {
    return await abortable(p, options.signal ? AbortSignal.any([timeout.signal, options.signal]) : timeout.signal);
  } finally {
    clearTimeout(timer);
  }
}
