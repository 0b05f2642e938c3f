import type { JoinableQueue, JoinableQueueOptions, Queue, QueueOptions, Ref } from "../../mod.ts";
import { boundedWithChildren } from "./bounded.ts";
import { QueueHome } from "./fixtures/queue_home.ts";
import { EVERYWHERE, Place, prepare, type Where } from "./place.ts";

export { range, until, within } from "./bounded.ts";
export { ELSEWHERE, EVERYWHERE, KILLABLE, PLACEMENTS } from "./place.ts";

/** One place of a test, and the means to have a queue there. All that is started ends with the test. */
export class QueuePlace extends Place {
  #home: Promise<Ref<QueueHome>> | undefined;

  /** The one actor of the test that makes queues in this place. */
  home(): Promise<Ref<QueueHome>> {
    return this.#home ??= this.spawn(QueueHome, []);
  }

  /** A queue whose home is in this place. */
  async queue<T>(options?: QueueOptions): Promise<Queue<T>> {
    return await (await this.home()).call.queue(options) as Queue<T>;
  }

  /** A joinable queue whose home is in this place. */
  async joinable<T>(options?: JoinableQueueOptions): Promise<JoinableQueue<T>> {
    return await (await this.home()).call.joinable(options) as JoinableQueue<T>;
  }
}

/** Registers a case for each place. Nothing may be left after it, and it may not hang. */
export function everywhere(
  name: string,
  body: (place: QueuePlace) => Promise<void>,
  { placements = EVERYWHERE, testMs }: { placements?: readonly Where[]; testMs?: number } = {},
): void {
  prepare(placements);
  for (const where of placements) {
    boundedWithChildren(`${name} (${where})`, () => body(new QueuePlace(where)), testMs);
  }
}

/** Takes what is left in a closed queue. */
export async function rest<T>(queue: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(queue);
}
