import { retry, RetryError } from "@std/async/retry";
import type { DatabaseSync } from "node:sqlite";
import { dirname, resolve } from "node:path";
import { Journal } from "./journal.ts";

/** "Trpe": what the file is, among all that SQLite is used for. */
const APPLICATION = 0x54727065;
/** How it is laid out within. */
const FORMAT = 1;
/** A thread that was just ended may have the file a second longer. */
const LOOKS = { maxAttempts: 50, minTimeout: 20, multiplier: 1, jitter: 0 };

const LAYOUT = `
  CREATE TABLE objects (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, args BLOB NOT NULL);
  CREATE TABLE rows (
    id INTEGER PRIMARY KEY, object INTEGER NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, UNIQUE (object, name)
  );
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${FORMAT};
`;

/**
 * Opens the store of a manager, and makes it if there is none. It is an SQLite database, which nobody else can use
 * meanwhile.
 *
 * A write that was answered survives the end of the program, by `kill -9` too, and of the machine: `synchronous = FULL`
 * waits for the disk at each commit. (`NORMAL` would be 100 times faster for one writer alone, and lose the last writes
 * with the power. Many writers share the wait.)
 *
 * @param failed told when something could not be written
 * @throws {Error} If the file is used by another manager, is no store, or one of a newer format.
 */
export async function openStore(path: string, failed: (error: unknown) => void): Promise<Journal> {
  const file = resolve(path);
  const { DatabaseSync } = await import("node:sqlite");
  const open = (): Journal => {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file);
      // In this mode the lock that the first transaction takes is kept.
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; COMMIT");
      prepare(database);
      return new Journal(database, failed);
    } catch (error) {
      database?.close();
      throw error;
    }
  };
  try {
    return await retry(open, { ...LOOKS, isRetriable: (error) => (error as Error).message.includes("locked") });
  } catch (error) {
    if (!(error instanceof RetryError)) {
      if (isMissing(dirname(file))) throw new Error(`Cannot open the store ${file}: its folder does not exist`);
      throw new Error(`Cannot open the store ${file}: ${(error as Error).message}`, { cause: error });
    }
    throw new Error(`Cannot open the store ${file}: another manager is using it`, { cause: error.cause });
  }
}

/** Whether a path is known to lead nowhere. */
function isMissing(path: string): boolean {
  try {
    Deno.statSync(path);
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
  return false;
}

function prepare(database: DatabaseSync): void {
  const ask = (question: string) => Object.values(database.prepare(question).get() as Record<string, number>)[0];
  const application = ask("PRAGMA application_id");
  const format = ask("PRAGMA user_version");
  const isNew = application === 0 && ask("SELECT count(*) FROM sqlite_master") === 0;
  if (!isNew && application !== APPLICATION) throw new Error("it is a database of something else");
  if (format > FORMAT) throw new Error(`it has format ${format}, and this version knows formats up to ${FORMAT}`);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  if (isNew) database.exec(`BEGIN; ${LAYOUT} COMMIT`);
}
