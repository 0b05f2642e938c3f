import type { Exit } from "../channels/exit.ts";
import { Cell } from "../channels/kernel/cell.ts";
import { deadLetters } from "../channels/kernel/dead_letters.ts";
import { releaseAll } from "../channels/kernel/handle.ts";
import { holderOf } from "../channels/kernel/relay.ts";
import type { Request } from "../channels/kernel/request.ts";
import type { Contact } from "./contact.ts";
import { answerLater } from "./answer_later.ts";

/** All that a sandbox can reach of its parent: this cell tells how the parent ends, and refuses everything else. */
export class ParentWatch extends Cell {
  readonly #parent: Contact;

  constructor(parent: Contact) {
    super();
    this.#parent = parent;
  }

  /** It says itself what becomes of them. */
  override takesCast(): boolean {
    return true;
  }

  receive(request: Request): void {
    const { verb, detail, asker, body } = request;
    if (verb === "exited") return this.#answer(request, this.#parent.exited);
    if (verb === "look") return this.#answer(request, this.#parent.look());
    releaseAll(body.passages, holderOf(this));
    if (asker === undefined) return deadLetters.add(this.#parent.name, detail || verb);
    const action = verb === "call" ? `call ${this.#parent.name}.${detail}` : `${verb} ${this.#parent.name}`;
    request.throw(
      new TypeError(`Cannot ${action}: a subprocess with fewer permissions than its parent can only watch the parent`),
    );
  }

  #answer(request: Request, exit: Promise<Exit | undefined>): void {
    answerLater(request, exit, (exit) => request.reply(exit));
  }
}
