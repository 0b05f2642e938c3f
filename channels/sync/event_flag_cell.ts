import { Cell } from "../kernel/cell.ts";
import { noSuchRequest, type Request } from "../kernel/request.ts";
import { FlagWords } from "./flag_words.ts";

/** The home of an event flag: the flag itself is in shared memory, and those who sleep until it is set are here. */
export class EventFlagCell extends Cell {
  readonly words: FlagWords = new FlagWords();
  /** With what each of them saw when it found the flag not set. */
  readonly #waiting = new Map<Request, number>();

  override takesCast(verb: string): boolean {
    return verb === "look";
  }

  receive(request: Request): void {
    const { words } = this;
    switch (request.verb) {
      case "set":
        words.set();
        this.look();
        return request.reply();
      case "clear":
        words.clear();
        return request.reply();
      case "isSet":
        return request.reply(words.isSet);
      case "wait":
        return this.#wait(request);
      case "look":
        this.look();
        return request.reply();
      default:
        request.throw(noSuchRequest("an event flag", request.verb));
    }
  }

  /** Somebody who set it may have died before it could say so. */
  override returned(): void {
    this.look();
  }

  /** The flag may have been set: those go on for whom it was, even if it has been cleared since. */
  look(): void {
    if (this.#waiting.size === 0) return;
    const { turns } = this.words;
    for (const [request, seen] of this.#waiting) {
      if (turns === seen) continue;
      this.#waiting.delete(request);
      request.reply(true);
    }
    if (this.#waiting.size === 0) this.words.watched = false;
  }

  #wait(request: Request): void {
    const { words } = this;
    // Only a thread of this process has seen the flag itself.
    const seen = request.detail === "" ? words.turns : Number(request.detail);
    if (words.isSet) return request.reply(true);
    this.#waiting.set(request, seen);
    request.onCancel = () => {
      this.#waiting.delete(request);
      if (this.#waiting.size === 0) words.watched = false;
    };
    words.watched = true;
    // It may have been set before anybody knew that it has to be told.
    this.look();
  }
}
