import { type Exit, PARENT_GONE } from "../exit.ts";
import { type IsolateId, LONGEST_NAME, parentOf, strangerOf } from "./address.ts";
import { encode } from "./codec/encode.ts";
import { brief } from "./show.ts";

/** How many dead isolates are remembered, so that messages to them fail here and now. */
const KNOWN_DEAD = 10_000;
/** How many of them within a stranger that lives: it can make up any number. */
const KNOWN_WITHIN = 256;
/** Of a longer exit of a stranger the error is remembered in words. */
const LONG_BYTES = 4096;

/** The isolates that are known to be dead, and how each ended. */
export class DeadIsolates {
  readonly #exits = new Map<IsolateId, Exit>();
  /** Those within each stranger that lives, the oldest first. */
  readonly #within = new Map<IsolateId, Set<IsolateId>>();

  /** How an isolate ended, or undefined while it is not known to have ended. Those below one that is gone are gone too. */
  exitOf(id: IsolateId): Exit | undefined {
    if (this.#exits.size === 0 || id.length > LONGEST_NAME) return undefined;
    const exit = this.#exits.get(id);
    if (exit !== undefined) return exit;
    for (let above = parentOf(id); above !== ""; above = parentOf(above)) {
      if (this.#exits.has(above)) return PARENT_GONE;
    }
    return undefined;
  }

  /** Notes one, as it is seen from `here`. */
  add(id: IsolateId, exit: Exit, here: IsolateId): void {
    const stranger = strangerOf(id, here);
    if (stranger !== undefined && stranger !== id) return this.#addWithin(stranger, id, exit);
    this.#exits.set(id, stranger === undefined ? exit : briefExit(exit));
    // Those within it are gone with it, and need not be remembered.
    for (const within of this.#within.get(id) ?? []) this.#exits.delete(within);
    this.#within.delete(id);
    if (this.#exits.size > KNOWN_DEAD) this.#exits.delete(this.#exits.keys().next().value!);
  }

  /** A stranger is to displace none but its own. */
  #addWithin(stranger: IsolateId, id: IsolateId, exit: Exit): void {
    this.#exits.set(id, briefExit(exit));
    let within = this.#within.get(stranger);
    if (within === undefined) this.#within.set(stranger, within = new Set());
    within.add(id);
    if (within.size <= KNOWN_WITHIN) return;
    const [oldest] = within;
    within.delete(oldest);
    this.#exits.delete(oldest);
  }
}

/** The exit of a stranger, or of one within it, as it is remembered and passed on: a long error is told in words. */
export function briefExit(exit: Exit): Exit {
  try {
    if (encode(exit, "exit").length <= LONG_BYTES) return exit;
  } catch {
    // It is told to those who wait, and to nobody later.
  }
  const { code, reason } = exit;
  return { code, reason, ...("error" in exit && { error: new Error(brief(exit.error)) }) };
}
