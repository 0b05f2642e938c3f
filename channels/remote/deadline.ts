/** Ends something that takes too long. It keeps no program alive. */
export class Deadline {
  passed = false;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(ms: number, late: () => void) {
    this.#timer = setTimeout(() => {
      this.passed = true;
      late();
    }, ms);
    Deno.unrefTimer(this.#timer);
  }

  /** It was in time. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
