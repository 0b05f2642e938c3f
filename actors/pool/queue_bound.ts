import { FullError, PoolClosedError } from "../../channels/errors.ts";
import { oneLine } from "../../channels/kernel/escape.ts";
import { logger } from "../../channels/kernel/log.ts";
import type { Request } from "../../channels/kernel/request.ts";
import type { Crew } from "./crew.ts";
import { nameOf, type TaskName } from "./task_name.ts";

/** When so many calls wait, the log tells, once until none waited. */
const MANY_CALLS = 65_536;

type Bounded = Pick<Crew, "name" | "maxQueue" | "overflow">;

/** How many calls may wait for a worker, and those who wait until one more may. */
export class QueueBound {
  /** Fewer calls than that need no look at all. */
  readonly least: number;
  readonly #crew: Bounded;
  readonly #waiting = new Set<Request>();
  #told = false;

  constructor(crew: Bounded) {
    this.#crew = crew;
    this.least = Math.min(crew.maxQueue, MANY_CALLS);
  }

  /** Whether anybody waits for room. */
  get awaited(): boolean {
    return this.#waiting.size > 0;
  }

  /**
   * For one more call, when so many wait: the error if it is not taken.
   *
   * @param free how many workers have nothing to do, or can be started
   */
  check(calls: number, free: number, task: TaskName): FullError | undefined {
    const { maxQueue, overflow, name } = this.#crew;
    if (overflow === "reject" && calls >= maxQueue + free) {
      const what = `Cannot run ${
        oneLine(nameOf(task))
      }: as many calls wait for a worker of ${name} as its maxQueue allows: ${maxQueue}`;
      return new FullError(what, { timeoutMs: 0 });
    }
    if (calls >= MANY_CALLS && !this.#told) {
      this.#told = true;
      const message = `${name} has ${calls} calls waiting, whose arguments it keeps: maxQueue bounds that`;
      logger.log({ level: "warn", event: "queue-filling", message });
    }
    return undefined;
  }

  /** Whether another call would find room. */
  hasRoom(calls: number, free: number): boolean {
    return calls < this.#crew.maxQueue + free;
  }

  /** Somebody waits for room. */
  wait(request: Request): void {
    this.#waiting.add(request);
    request.onCancel = () => void this.#waiting.delete(request);
  }

  /** Tells as many of those who wait as there is room for. */
  admit(calls: number, free: number): void {
    let room = this.#crew.maxQueue + free - calls;
    for (const request of this.#waiting) {
      if (room-- <= 0) return;
      this.#waiting.delete(request);
      request.reply();
    }
  }

  /** No call waits. */
  empty(): void {
    this.#told = false;
  }

  /** There will be no room any more. */
  close(): void {
    for (const request of this.#waiting) request.throw(this.closed());
    this.#waiting.clear();
  }

  closed(): PoolClosedError {
    return new PoolClosedError(`Cannot wait for room in ${this.#crew.name}: it is closed`);
  }
}
