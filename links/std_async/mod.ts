/**
 * A stand-in for `@std/async`, used where JSR cannot be reached; it is no part of the published package.
 *
 * @module
 */
export { abortable } from "./abortable.ts";
export { deadline, type DeadlineOptions } from "./deadline.ts";
export { delay, type DelayOptions } from "./delay.ts";
export { retry, RetryError, type RetryOptions } from "./retry.ts";
