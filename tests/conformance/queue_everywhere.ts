import { deadline } from "@std/async";
import { currentActor } from "../../actors/context.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import {
  type JoinableQueue,
  type JoinableQueueOptions,
  type PlacementName,
  Process,
  type Queue,
  type QueueOptions,
  type Ref,
  spawn,
  type TaskFunction,
} from "../../mod.ts";
import { QueueHome } from "./fixtures/queue_home.ts";

/** Every kind of place that a queue, or those who use it, can be in. */
export const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];
/** The places whose inhabitants can be killed at any instruction. */
export const ELSEWHERE: readonly PlacementName[] = ["thread", "process"];

/** A whole test lasts no longer than this, unless it says so. */
const TEST_MS = 20_000;

/** One place of a test, and the means to use it. All that is started ends with the test. */
export class Place {
  #home: Promise<Ref<QueueHome>> | undefined;

  constructor(readonly placement: PlacementName) {}

  /** The one actor of the test that makes queues in this place. */
  home(): Promise<Ref<QueueHome>> {
    return this.#home ??= this.#spawnHome();
  }

  /** A queue whose home is in this place. */
  async queue<T>(options?: QueueOptions): Promise<Queue<T>> {
    return await (await this.home()).call.queue(options) as Queue<T>;
  }

  /** A joinable queue whose home is in this place. */
  async joinable<T>(options?: JoinableQueueOptions): Promise<JoinableQueue<T>> {
    return await (await this.home()).call.joinable(options) as JoinableQueue<T>;
  }

  /** Starts a task in this place. */
  async start<F extends TaskFunction>(task: F, ...args: Parameters<F>): Promise<Process<Awaited<ReturnType<F>>>> {
    const process = new Process(task as TaskFunction, args, { placement: this.placement, handleSignals: false });
    await process.start();
    return process as Process<Awaited<ReturnType<F>>>;
  }

  /** Ends whatever was started, in whatever state it is. */
  async end(): Promise<void> {
    const children = [...currentActor().children];
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => child.exited));
  }

  async #spawnHome(): Promise<Ref<QueueHome>> {
    return await spawn(QueueHome, [], { placement: this.placement });
  }
}

/** Registers a case for each placement. Nothing may be left after it, and it may not hang. */
export function everywhere(
  name: string,
  body: (place: Place) => Promise<void>,
  { placements = PLACEMENTS, testMs = TEST_MS }: { placements?: readonly PlacementName[]; testMs?: number } = {},
): void {
  for (const placement of placements) {
    Deno.test(`${name} (${placement})`, async () => {
      const place = new Place(placement);
      try {
        await within(testMs, body(place));
      } finally {
        await within(testMs, place.end());
      }
      assertNothingLeft();
    });
  }
}

/** The promise, which must settle in time. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return deadline(promise, ms);
}

/** Takes what is left in a closed queue. */
export async function rest<T>(queue: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

/** Waits until `holds`, and fails when it does not in time. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, ms: number = 5000): Promise<void> {
  const end = performance.now() + ms;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`After ${ms} ms it is not so that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The numbers from `from` up to, and without, `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
