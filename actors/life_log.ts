import type { Exit } from "../channels/exit.ts";
import { logger } from "../channels/kernel/log.ts";
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

/** Tells what went wrong in an actor's code that no caller hears of. */
export function logFailed(what: string, error: unknown): void {
  logger.log({ level: "error", event: "failed", message: what, error });
}
