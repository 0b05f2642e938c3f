import { Cell } from "../channels/kernel/cell.ts";
import { deadLetters } from "../channels/kernel/dead_letters.ts";
import { releaseAll } from "../channels/kernel/handle.ts";
import { holderOf } from "../channels/kernel/relay.ts";
import type { Request } from "../channels/kernel/request.ts";
import { whenDone } from "../channels/settling.ts";
import type { Contact } from "./contact.ts";

/** All that a sandbox can reach of its parent: this cell tells how the parent ends, and refuses everything else. */
export class ParentWatch extends Cell {
  readonly #parent: Contact;

  constructor(parent: Contact) {
    super();
    this.#parent = parent;
  }

  receive(request: Request): void {
    const { verb, detail, asker, body } = request;
    if (verb === "exited") {
      request.onCancel = whenDone(this.#parent.exited, (exit) => request.reply(exit));
      return;
    }
    if (verb === "look") return void this.#parent.look().then((exit) => request.reply(exit));
    releaseAll(body.passages, holderOf(this));
    if (asker === undefined) return deadLetters.add(this.#parent.name, detail || verb);
    const action = verb === "call" ? `call ${this.#parent.name}.${detail}` : `${verb} ${this.#parent.name}`;
    request.throw(
      new TypeError(`Cannot ${action}: a subprocess with fewer permissions than its parent can only watch the parent`),
    );
  }
}
