import { assertRejects } from "@std/assert";
import { JoinableQueue, logger } from "../../mod.ts";
import { until } from "./bounded.ts";
import { takeAndFail } from "./fixtures/joinable_queue_tasks.ts";
import { Place } from "./place.ts";

/** Hears what the log says of queues that are abandoned, and leaves the log as it was. */
export class AbandonedLog implements Disposable {
  readonly told: string[] = [];
  /** What had been told when the log told of a queue of `waitAsLong`. */
  toldBefore: readonly string[] = [];
  readonly #write = logger.write;
  #asLong = 0;
  #begun = Promise.withResolvers<void>();

  constructor() {
    logger.write = (record) => {
      if (record.event !== "queue-abandoned") return this.#write.call(logger, record);
      if (/ waits for 1 item,/.test(record.message)) {
        this.#asLong++;
        this.toldBefore = [...this.told];
      } else this.told.push(record.message);
    };
  }

  /** Resolves when a queue of `waitAsLong` is abandoned. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Waits until the log tells of a queue of one item that is abandoned now. It tells of those before first. */
  async waitAsLong(): Promise<void> {
    const before = this.#asLong;
    const jobs = new JoinableQueue<unknown>();
    await jobs.put("one");
    const giving = new AbortController();
    const joined = assertRejects(() => jobs.join({ signal: giving.signal }), Error, "enough");
    await (await new Place("inline").start(takeAndFail, jobs)).join();
    await until(async () => await jobs.size() === 1, "its item is back");
    this.#begun.resolve();
    await until(() => this.#asLong > before, "the log tells of the other queue");
    giving.abort(new Error("enough"));
    await joined;
  }

  [Symbol.dispose](): void {
    logger.write = this.#write;
  }
}
