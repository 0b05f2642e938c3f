import { brief, show } from "./show.ts";
import { singleton } from "./singleton.ts";

/** How grave something is; as a logger's level, from where on it is told. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Something that whoever runs a program may want to know. */
export interface LogRecord {
  /** How grave it is. */
  readonly level: Exclude<LogLevel, "silent">;
  /** What kind of thing has happened, for programs. */
  readonly event:
    | "started"
    | "ended"
    | "failed"
    | "restarted"
    | "gave-up"
    | "dead-letter"
    | "mailbox-filling"
    | "queue-filling"
    | "queue-abandoned"
    | "outbox-filling"
    | "without-tls"
    | "quota";
  /** What has happened and to whom, with name and address, in one line for people. */
  readonly message: string;
  /** The thrown value, if there was one: as it is, so a logger that shows it should bound it. */
  readonly error?: unknown;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

/**
 * Says what happens to actors that nobody may be waiting for: on standard error, one line each, unless told otherwise.
 *
 * - **Levels.** `"error"`: an actor ended by an uncaught error, a supervisor gave up. `"warn"`, the default: a child's
 *   restart, a dead letter (of either the first ten, then the count at every power of ten), a mailbox more than half full,
 *   more than 65,536 messages or 64 MiB that wait in one isolate for one actor, a pool with 65,536 calls waiting, a `join()`,
 *   `get()` or `put()` at a queue that nobody else is left to end, the first connection to or listener for other machines
 *   without `tls`. `"debug"`: every start and end.
 * - **Children** start with the level of who starts them. What they say is written by themselves, at once, so that the
 *   last line before a crash arrives; `write` is of the isolate that sets it, and its inline actors.
 *
 * @example Hand records to what the service logs with
 * ```ts
 * import { type LogRecord, logger } from "@troupe/troupe";
 *
 * const records: LogRecord[] = [];
 * logger.level = "debug";
 * logger.write = (record) => void records.push(record);
 * ```
 */
export class Logger {
  #level: LogLevel = "warn";

  /** From where on things are told. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    if (!LEVELS.includes(level)) {
      throw new TypeError(
        `Cannot set the log level: it must be one of ${LEVELS.join(", ")}, not ${brief(level)}`,
      );
    }
    this.#level = level;
  }

  /** Writes a record that is to be told. If it throws, the record is on standard error. */
  write: (record: LogRecord) => void = writeError;

  /** Whether anything that grave is told. */
  tells(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.#level);
  }

  /** Tells something, if it is grave enough. */
  log(record: LogRecord): void {
    if (!this.tells(record.level)) return;
    try {
      this.write(record);
    } catch (error) {
      // Logging is often part of ending an actor, and that end must not fail with the logger.
      writeError({ ...record, message: `${record.message} (and the logger failed: ${brief(error)})` });
    }
  }
}

function writeError(record: LogRecord): void {
  complain("error" in record ? `${record.message}: ${show(record.error)}` : record.message);
}

/** Writes a line on standard error. If that was closed or takes no more, the line is lost, and nothing else is. */
export function complain(line: string): void {
  try {
    console.error(line);
  } catch {
    // The code of an actor can have closed it, and whoever waits for that actor is to hear of its end.
  }
}

/** Whether the event of that number gets a line, where there may be a million like it. */
export function isWorthALine(count: number): boolean {
  return count <= 10 || Number.isInteger(Math.log10(count));
}

/**
 * What this isolate says of its actors goes through this; {@linkcode Logger} says what, and how to have it elsewhere.
 *
 * @example Nothing but errors
 * ```ts
 * import { logger } from "@troupe/troupe";
 *
 * logger.level = "error";
 * ```
 */
export const logger: Logger = singleton("logger", () => new Logger());
