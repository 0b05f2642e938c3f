import { checkMs } from "../channels/argument.ts";
import { checkOptions } from "../channels/kernel/wait.ts";

/** How long an actor that was asked to stop may take, unless the caller says otherwise. */
export const GRACE_MS = 5000;

/**
 * Checks the grace of a `stop`.
 *
 * @throws {TypeError} If it is no number.
 */
export function graceOf(action: string, options: { readonly graceMs?: number | undefined } | undefined): number {
  const { graceMs = GRACE_MS } = checkOptions(action, options ?? {});
  return checkMs(action, "graceMs", graceMs);
}
