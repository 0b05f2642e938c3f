import { checkMs } from "../argument.ts";
import { MAX_DELAY_MS } from "../kernel/wheel.ts";

/**
 * Checks a time that a timer is to take.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is not more than zero, or longer than a timer can take.
 */
export function checkDelay(action: string, name: string, ms: number): number {
  if (checkMs(action, name, ms) > 0 && ms <= MAX_DELAY_MS) return ms;
  throw new RangeError(`Cannot ${action}: ${name} must be more than 0 and at most ${MAX_DELAY_MS}, not ${ms}`);
}

/** More frequent heartbeats would cost a program more than all its other work. */
const LEAST_HEARTBEAT_MS = 10;

/** Why there cannot be so much time between heartbeats, if there cannot. */
export function whyNoHeartbeat(ms: number): string | undefined {
  if (ms >= LEAST_HEARTBEAT_MS && ms <= MAX_DELAY_MS) return undefined;
  return `heartbeatMs must be at least ${LEAST_HEARTBEAT_MS} and at most ${MAX_DELAY_MS}, not ${ms}`;
}
