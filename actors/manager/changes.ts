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
 * there is no more to be kept for one who is slow than the keys.
 */
export class ChangesCell extends Cell {
  readonly #unread = new Set<string>();
  readonly #lookUp: (key: string) => [] | [unknown];
  readonly #left: () => void;
  #waiting: Request | undefined;

  constructor(lookUp: (key: string) => [] | [unknown], left: () => void) {
    super();
    this.#lookUp = lookUp;
    this.#left = left;
  }

  /** The value of a key has changed. */
  changed(key: string): void {
    this.#unread.add(key);
    this.#answer();
  }

  receive(request: Request): void {
    this.#waiting = request;
    request.onCancel = () => this.#waiting = undefined;
    this.#answer();
  }

  override returned(): void {
    this.#left();
  }

  #answer(): void {
    const request = this.#waiting;
    if (request === undefined || this.#unread.size === 0) return;
    this.#waiting = undefined;
    request.onCancel = undefined;
    const changed = [...this.#unread].map((key) => [key, ...this.#lookUp(key)] satisfies ChangedEntry);
    this.#unread.clear();
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
