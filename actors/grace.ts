import { checkMs } from "../channels/argument.ts";
import { checkOptions } from "../channels/kernel/options.ts";
import { STOP_OPTIONS, type StopOptions } from "./ref.ts";

/** How long an actor that was asked to stop may take, unless the caller says otherwise. */
export const GRACE_MS = 5000;

/**
 * Checks the options of a `stop`, and gives its grace.
 *
 * @throws {TypeError} If an option is unknown, or the grace is no number.
 */
export function graceOf(action: string, options: StopOptions = {}, fallbackMs: number = GRACE_MS): number {
  const { graceMs = fallbackMs } = checkOptions(action, options, STOP_OPTIONS);
  return checkMs(action, "graceMs", graceMs);
}
