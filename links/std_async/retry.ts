import { delay } from "./delay.ts";

/** The reason of {@linkcode retry} after the last attempt; its `cause` is what that attempt threw. */
export class RetryError extends Error {
  constructor(cause: unknown, attempts: number) {
    super(`Retrying exceeded the maxAttempts (${attempts}).`, { cause });
    this.name = "RetryError";
  }
}

/** Options of {@linkcode retry}. */
export interface RetryOptions {
  /** By how much each wait is longer than the one before. Default 2. */
  multiplier?: number;
  /** The longest wait in milliseconds. Default 60000. */
  maxTimeout?: number;
  /** How many attempts in all. Default 5. */
  maxAttempts?: number;
  /** The first wait in milliseconds. Default 1000. */
  minTimeout?: number;
  /** How much of each wait is left to chance, from 0 to 1. Default 1. */
  jitter?: number;
  /** Whether to try again after what was thrown; if not, that is thrown. It is, when left out. */
  isRetriable?: (err: unknown) => boolean;
}

/** Calls `fn` until it does not throw, waiting longer and longer in between. */
export async function retry<T>(fn: (() => Promise<T>) | (() => T), options: RetryOptions = {}): Promise<T> {
  const { multiplier = 2, maxTimeout = 60_000, maxAttempts = 5, minTimeout = 1000, jitter = 1 } = options;
  for (let attempt = 1;; attempt++) {
    try {
      return await fn();
    } catch (error) {
      if (options.isRetriable?.(error) === false) throw error;
      if (attempt >= maxAttempts) throw new RetryError(error, maxAttempts);
    }
    const longest = Math.min(maxTimeout, minTimeout * multiplier ** (attempt - 1));
    await delay(longest * (1 - jitter * Math.random()));
  }
}
