/** A signal that is made when somebody asks for it, which is seldom, and then knows what has aborted it before. */
export class LateSignal {
  #controller: AbortController | undefined;
  #reason: DOMException | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** The first reason counts. */
  abort(why: string): void {
    this.#reason ??= new DOMException(why, "AbortError");
    this.#controller?.abort(this.#reason);
  }
}
