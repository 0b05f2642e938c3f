import { whoActs } from "./kernel/acting.ts";
import { enroll, handleKind, Import, releaseWith } from "./kernel/handle.ts";
import { inspectAs } from "./kernel/inspect.ts";
import { expected, isNumber } from "./kernel/shape.ts";
import type { WaitOptions } from "./kernel/wait.ts";
import { PRODUCER } from "./queue_cell.ts";
import { QueueClient } from "./queue_client.ts";

/**
 * A queue's face for one who puts. While any of a queue's producers is held by somebody who lives, the queue stays
 * open; it closes when the last was disposed of, or its holder died.
 */
export interface Producer<T> extends Disposable {
  /** As `Queue.put`. */
  put(item: T, options?: WaitOptions): Promise<void>;
  /** As `Queue.tryPut`. */
  tryPut(item: T): Promise<boolean>;
}

class QueueProducer implements Producer<unknown> {
  readonly #client: QueueClient;

  constructor(client: QueueClient) {
    this.#client = client;
    enroll(this, () => client.passage(PRODUCER));
  }

  put(item: unknown, options?: WaitOptions): Promise<void> {
    return this.#client.put(item, options);
  }

  tryPut(item: unknown): Promise<boolean> {
    return this.#client.tryPut(item);
  }

  [Symbol.dispose](): void {
    this.#client.release();
  }

  static {
    inspectAs(this, (producer) => `Producer(${producer.#client.describe()})`);
  }
}

/** Makes a producer for the caller. */
export async function makeProducer<T>(queue: QueueClient): Promise<Producer<T>> {
  const holder = whoActs.holder();
  await queue.request("produce", "make a producer of");
  const imported = new Import(queue.target, PRODUCER, holder);
  const producer = new QueueProducer(new QueueClient(queue.target, queue.maxSize, imported));
  releaseWith(producer, imported);
  return producer as Producer<T>;
}

handleKind(PRODUCER, {
  leased: true,
  revive: ({ target, meta }, imported) =>
    new QueueProducer(new QueueClient(target, expected("a handle to a producer", meta, isNumber), imported)),
});
