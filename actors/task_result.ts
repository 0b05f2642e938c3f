import type { Request } from "../channels/kernel/request.ts";
import type { Actor } from "./actor.ts";
import { runAs } from "./context.ts";
import { actorExited } from "./exited.ts";

/** What a task returned or threw. */
export type Outcome = { readonly value: unknown } | { readonly thrown: unknown };

/** The outcome of a task where that runs, and who waits for it. */
export class TaskResult {
  readonly #task: Actor;
  #outcome: Outcome | undefined;
  readonly #waiting = new Set<Request>();

  constructor(task: Actor) {
    this.#task = task;
  }

  /** It is known. The first one counts. */
  settle(outcome: Outcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.answerAll();
  }

  /** Answers those who wait: it is known now, or there will be none. */
  answerAll(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const request of waiting) this.answer(request);
  }

  /** Answers once it can. */
  answer(request: Request): void {
    const outcome = this.#outcome;
    const { name, address, exit } = this.#task;
    if (outcome !== undefined) {
      // The outcome's getters are the task's own code, and run on its behalf.
      runAs(this.#task, undefined, () => {
        if ("thrown" in outcome) request.throw(outcome.thrown);
        else request.replyValue(outcome.value, "result");
      });
    } else if (exit === undefined) {
      this.#waiting.add(request);
      request.onCancel = () => void this.#waiting.delete(request);
    } else request.throw(actorExited("read the result", name, address, exit));
  }
}
