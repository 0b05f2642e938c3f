import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Packet, plainPacket } from "../../channels/kernel/packet.ts";
import type { ObjectKind } from "./object_kinds.ts";

/** What one object has on disk. */
export interface StoredObject {
  readonly journal: Journal;
  /** Its values as they were when the manager started, in the order of their names or of their first writing. */
  rows(order?: "name" | "age"): [name: string, value: Packet][];
  /** Writes a value. */
  put(row: string, value: Packet): void;
  /** Removes a value. */
  remove(row: string): void;
  /** Removes this value and all whose names come after it. */
  removeFrom(row: string): void;
}

/** An object as the store has it. */
export interface StoredName {
  readonly id: number;
  readonly name: string;
  readonly kind: ObjectKind;
  readonly args: Uint8Array;
}

/** So long a transaction stays open for more, while more comes. */
const OPEN_MS = 2;

/**
 * Writes to a database. What comes without a pause is one transaction, so that many writers share one wait for the disk;
 * no answer leaves before the transaction in which its write is.
 */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #failed: (error: unknown) => void;
  readonly #statements: Readonly<
    Record<"make" | "put" | "remove" | "removeFrom" | "rowsByName" | "rowsByAge", StatementSync>
  >;
  #waiting: (() => void)[] = [];
  #open = false;
  #writes = 0;
  #broken = false;

  /** @param failed told when something could not be written; nothing that waits is answered then */
  constructor(database: DatabaseSync, failed: (error: unknown) => void) {
    this.#database = database;
    this.#failed = failed;
    const rows = "SELECT name, value FROM rows WHERE object = ? ORDER BY";
    this.#statements = {
      make: database.prepare("INSERT INTO objects (name, kind, args) VALUES (?, ?, ?)"),
      put: database.prepare(
        "INSERT INTO rows (object, name, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      ),
      remove: database.prepare("DELETE FROM rows WHERE object = ? AND name = ?"),
      removeFrom: database.prepare("DELETE FROM rows WHERE object = ? AND name >= ?"),
      rowsByName: database.prepare(`${rows} name`),
      rowsByAge: database.prepare(`${rows} id`),
    };
  }

  /** All objects that the database has. */
  objects(): StoredName[] {
    const found = this.#database.prepare("SELECT id, name, kind, args FROM objects ORDER BY id").all();
    return (found as unknown as StoredName[]).map((object) => ({ ...object, name: textFromDisk(object.name) }));
  }

  /** Notes a new object. */
  make(name: string, kind: ObjectKind, args: Uint8Array): StoredObject {
    let id = 0;
    this.#write(() => id = Number(this.#statements.make.run(textOnDisk(name), kind, args).lastInsertRowid));
    return this.object(id);
  }

  /** An object that the database has. */
  object(id: number): StoredObject {
    const { put, remove, removeFrom, rowsByName, rowsByAge } = this.#statements;
    return {
      journal: this,
      rows(order = "age") {
        const found = (order === "age" ? rowsByAge : rowsByName).all(id) as { name: string; value: Uint8Array }[];
        return found.map(({ name, value }) => [textFromDisk(name), plainPacket(value)]);
      },
      put: (row, { bytes }) => this.#write(() => put.run(id, textOnDisk(row), bytes)),
      remove: (row) => this.#write(() => remove.run(id, textOnDisk(row))),
      removeFrom: (row) => this.#write(() => removeFrom.run(id, textOnDisk(row))),
    };
  }

  /** Calls back when all that was written so far is on disk: now, if it is. */
  committed(then: () => void): void {
    if (this.#open || this.#broken) this.#waiting.push(then);
    else then();
  }

  /** Writes what is left, and closes the database. */
  close(): void {
    this.#commit();
    this.#broken = true;
    this.#database.close();
  }

  #write(write: () => void): void {
    if (this.#broken) return;
    try {
      if (!this.#open) {
        this.#database.exec("BEGIN");
        this.#open = true;
        this.#commitSoon(performance.now() + OPEN_MS);
      }
      this.#writes++;
      write();
    } catch (error) {
      this.#break(error);
    }
  }

  /** Commits after a turn of the event loop in which nothing more was written. */
  #commitSoon(latest: number): void {
    const before = this.#writes;
    setImmediate(() => {
      if (this.#writes === before || performance.now() >= latest) this.#commit();
      else this.#commitSoon(latest);
    });
  }

  #commit(): void {
    if (!this.#open || this.#broken) return;
    try {
      this.#database.exec("COMMIT");
    } catch (error) {
      return this.#break(error);
    }
    this.#open = false;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  /** What is in memory is no longer what is on disk: nothing more may be said of either. */
  #break(error: unknown): void {
    this.#broken = true;
    this.#failed(error);
  }
}

/** A name as text that any database keeps as it is, lone halves of characters and NUL included. */
export function textOnDisk(text: string): string {
  return JSON.stringify(text);
}

/** The name that was written so. */
export function textFromDisk(text: string): string {
  return JSON.parse(text);
}
