import type { Exit } from "../channels/exit.ts";
import { oneLine } from "../channels/kernel/escape.ts";
import { isWorthALine, logger } from "../channels/kernel/log.ts";
import { describeExit } from "./exited.ts";

interface Living {
  /** Name and address. */
  readonly title: string;
}

/** Tells that an actor is up. */
export function logStarted(who: Living): void {
  if (logger.tells("debug")) logger.log({ level: "debug", event: "started", message: `${who.title} has started` });
}

/** Tells how an actor ended. */
export function logEnded(who: Living, exit: Exit): void {
  if (!logger.tells("debug")) return;
  logger.log({ level: "debug", event: "ended", message: `${who.title} has ended (${describeExit(exit)})` });
}

/** Tells that a child of a supervisor lives again, for the so-many-th time. */
export function logRestarted(supervisor: Living, child: string, restarts: number, ended: Exit | undefined): void {
  if (!isWorthALine(restarts)) return;
  const often = restarts <= 10 ? "" : ` ${restarts} times, the last time`;
  const why = ended === undefined ? "" : ` (${describeExit(ended)})`;
  const message = `"${oneLine(child)}" of ${supervisor.title} has been started again${often}, for it had ended${why}`;
  logger.log({ level: "warn", event: "restarted", message });
}

/** Tells that a supervisor has given up. */
export function logGaveUp(supervisor: Living, error: Error): void {
  logger.log({ level: "error", event: "gave-up", message: `${supervisor.title} has given up: ${error.message}` });
}

/** Tells what went wrong in an actor's code that no caller hears of. */
export function logFailed(what: string, error: unknown): void {
  logger.log({ level: "error", event: "failed", message: what, error });
}
