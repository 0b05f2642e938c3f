/** What the suites about being asked to stop have in common. */

import { type Exit, logger, type LogRecord } from "../../mod.ts";

/** The exit of one that has heeded. */
export const STOPPED: Exit = { code: 0, reason: "stopped" };
/** Nothing here is ever killed: what does not end by itself is a hang, and the test fails. */
export const PATIENTLY: { readonly graceMs: number } = { graceMs: Infinity };

/** What is logged as a failure while `during` runs. */
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
