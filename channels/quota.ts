import { checkSize } from "./argument.ts";
import { type Limits, USUAL_LIMITS } from "./kernel/account.ts";
import { checkOptions, type OptionNames } from "./kernel/options.ts";

/**
 * How much a subprocess with fewer permissions than its starter, or another program, may have others keep for it: each
 * thread and process of the program counts for itself. Everything below that subprocess or program counts with it.
 *
 * - **Beyond it** a request rejects with `QuotaError`, and a cast is a dead letter. A subprocess or program that holds, or
 *   gives back, a handle beyond it is hung up on, since nobody waits for an answer to that.
 * - **Others** are served as before, and keep what they have. Memory that was kept for it alone is given up when it ends.
 * - **What outlives it** (items of queues, names and values of a manager, children that it added) counts until it ends, and no
 *   more after that: a program that connects again has its whole quota again.
 */
export interface QuotaOptions {
  /** How many requests may be open, handles held and the like; 131,072 when left out. */
  readonly entries?: number | undefined;
  /**
   * How many bytes of its messages may lie in mailboxes, queues and shared objects, each counting 512 bytes more, with the
   * shared memory that it made, with its name, the numbers that managers made for it, and 16 KiB, or in a thread or
   * subprocess 16 MiB, for each child that it added to a supervisor; and how many bytes of answers may
   * wait that it has not read. 256 MiB when left out. A longer message of a subprocess rejects with `QuotaError` there.
   */
  readonly bytes?: number | undefined;
  /**
   * How many values a message may have that it sends: numbers, texts, keys, lists and the like, each of which takes up to a
   * microsecond to read; 1,000,000 when left out, and never more than a 32nd of `bytes`. Another program can send no more
   * than 2,097,152. The regular expressions of a message may name 64 classes of characters, such as `\p{L}`,
   * and it may have 64 resizable buffers.
   */
  readonly values?: number | undefined;
}

/** The names of `QuotaOptions`. */
export const QUOTA_OPTIONS: OptionNames<QuotaOptions> = { entries: true, bytes: true, values: true };

/**
 * Checks a quota, and completes it.
 *
 * @throws {TypeError} If a part of it is no number.
 * @throws {RangeError} If one is no whole number of at least 1.
 */
export function checkQuota(action: string, quota: QuotaOptions = {}): Limits {
  checkOptions(action, quota, QUOTA_OPTIONS, "quota");
  const { entries = USUAL_LIMITS.entries, bytes = USUAL_LIMITS.bytes, values = USUAL_LIMITS.values } = quota;
  return {
    entries: checkSize(action, "quota.entries", entries, 1),
    bytes: checkSize(action, "quota.bytes", bytes, 1),
    values: checkSize(action, "quota.values", values, 1),
  };
}
