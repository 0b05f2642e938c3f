import type { Request } from "../channels/kernel/request.ts";
import { Settling } from "../channels/settling.ts";

/**
 * Answers a request when a promise has settled; `settle` is called with its value. Nothing is left of a request that is
 * given up, or that nobody waits for.
 */
export function answerLater<T>(request: Request, promise: Promise<T>, settle: (value: T) => void): void {
  // Also where nobody waits for an answer: nobody else may have heard of the promise, and it may reject.
  const settling = Settling.of(promise);
  if (request.asker === undefined) return;
  const answer = () => {
    const result = settling.result!;
    if (result.status === "rejected") request.throw(result.reason);
    else settle(result.value as T);
  };
  settling.add(answer);
  request.onCancel = () => settling.delete(answer);
}
