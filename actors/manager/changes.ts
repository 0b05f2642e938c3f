import type { QuotaError } from "../../channels/errors.ts";
import { type Account, Charges } from "../../channels/kernel/account.ts";
import { whoActs } from "../../channels/kernel/acting.ts";
import { ask } from "../../channels/kernel/ask.ts";
import { Cell, type Target } from "../../channels/kernel/cell.ts";
import { enroll, handleKind, type Import } from "../../channels/kernel/handle.ts";
import type { Request } from "../../channels/kernel/request.ts";
import { expected, isText, listOf, startsWith } from "../../channels/kernel/shape.ts";
import type { Patience } from "../../channels/kernel/wait.ts";

/** The lease of one who follows a dict. */
const CHANGES = "shared-changes";

/** The text of a key, and its value if it has one now. */
export type ChangedEntry = readonly [key: string, ...value: [] | [unknown]];

const areChanges = listOf<ChangedEntry>(startsWith(isText));

/**
 * What one follower of a dict has not read yet. Of a key that changes often the follower sees the latest value, and so
 * there is no more to be kept for one who is slow than the keys. A key that came and went in between is not told of.
 */
export class ChangesCell extends Cell {
  /** The keys that have changed, each with whether the follower can know it. */
  readonly #unread = new Map<string, boolean>();
  readonly #account: Account | undefined;
  readonly #charges: Charges<string> | undefined;
  readonly #lookUp: (key: string) => [] | [unknown];
  readonly #left: () => void;
  #waiting: Request | undefined;
  /** Why a stranger follows no longer. */
  #error: QuotaError | undefined;

  /** @param account that of the follower */
  constructor(lookUp: (key: string) => [] | [unknown], left: () => void, account: Account | undefined) {
    super();
    this.#account = account;
    if (account !== undefined) this.#charges = new Charges(this);
    this.#lookUp = lookUp;
    this.#left = left;
  }

  /** The value of a key has changed: one that was there before, and is there now. */
  changed(key: string, before: boolean, now: boolean): void {
    const known = this.#unread.get(key);
    if (known === undefined) this.#add(key, before);
    else if (!known && !now) {
      this.#unread.delete(key);
      this.#charges?.end(key);
    }
    this.#answer();
  }

  #add(key: string, known: boolean): void {
    if (this.#account !== undefined && this.#waiting === undefined) {
      this.#error = this.#account.noRoom(key.length);
      if (this.#error !== undefined) return this.#end();
      this.#charges!.add(key, this.#account.charge(key.length));
    }
    this.#unread.set(key, known);
  }

  receive(request: Request): void {
    if (this.#error !== undefined) return request.throw(this.#error);
    this.#waiting = request;
    request.onCancel = () => this.#waiting = undefined;
    this.#answer();
  }

  override returned(): void {
    this.#end();
  }

  #end(): void {
    this.#left();
    this.#unread.clear();
    this.#charges?.endAll();
  }

  #answer(): void {
    const request = this.#waiting;
    if (request === undefined || this.#unread.size === 0) return;
    this.#waiting = undefined;
    request.onCancel = undefined;
    const changed = [...this.#unread.keys()].map((key) => [key, ...this.#lookUp(key)] satisfies ChangedEntry);
    this.#unread.clear();
    this.#charges?.endAll();
    request.replyValue(changed, "changes");
  }
}

/** A follower's handle. */
export class Changes {
  readonly #target: Target;
  readonly #imported: Import | undefined;

  constructor(target: Target, imported?: Import) {
    this.#target = target;
    this.#imported = imported;
    enroll(this, () => ({ kind: CHANGES, target, meta: null }));
  }

  /** What has changed since the last time, as soon as something has. */
  async next(wait: Patience, lost: () => Error): Promise<readonly ChangedEntry[]> {
    const changed = await ask(this.#target, { holder: whoActs.holder(), verb: "next", wait, lost });
    return expected("changes of a dict", changed, areChanges);
  }

  /** Follows no longer. */
  release(): void {
    this.#imported?.release();
  }
}

/** The handle to give to the follower. */
export function changesOf(cell: ChangesCell): Changes {
  return new Changes(cell);
}

handleKind(CHANGES, { leased: true, revive: ({ target }, imported) => new Changes(target, imported) });
