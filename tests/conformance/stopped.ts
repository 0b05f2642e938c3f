/** Shared by the suites about being asked to stop. */

import { type Exit, logger, type LogRecord } from "../../mod.ts";

/** The exit of one that has heeded. */
export const STOPPED: Exit = { code: 0, reason: "stopped" };
/** Nothing here is ever killed: a process that does not end by itself is a hang, and the test fails. */
export const PATIENTLY: { readonly graceMs: number } = { graceMs: Infinity };

/** The failures that are logged while `during` runs. */
export async function failures(during: () => Promise<void>): Promise<string[]> {
  const { write } = logger;
  const failed: string[] = [];
  logger.write = (record: LogRecord) => void (record.level === "error" && failed.push(record.message));
  try {
    await during();
  } finally {
    logger.write = write;
  }
  return failed;
}
