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
  if (typeof graceMs !== "number" || Number.isNaN(graceMs)) {
    throw new TypeError(`Cannot ${action}: graceMs must be a number of milliseconds, not ${String(graceMs)}`);
  }
  return graceMs;
}
