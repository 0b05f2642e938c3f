/**
 * A stand-in for `@std/async`, used where JSR cannot be reached; it is no part of the published package.
 *
 * @module
 */
export { deadline, type DeadlineOptions } from "./deadline.ts";
export { delay, type DelayOptions } from "./delay.ts";
