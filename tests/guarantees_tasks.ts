/** What the children of `guarantees_test.ts` run. */
import { actor, type Connection, type JoinableQueue, type Queue, task } from "@troupe/troupe";

export class Recorder {
  readonly #seen: number[] = [];
  note(n: number): void {
    this.#seen.push(n);
  }
  async noteSlowly(n: number): Promise<void> {
    await Promise.resolve();
    this.#seen.push(n);
  }
  seen(): number[] {
    return this.#seen;
  }
  fail(): never {
    throw Object.assign(new RangeError("out of stock", { cause: "a strike" }), { product: 7 });
  }
  hang(): never {
    while (true);
  }
}
actor(import.meta.url, Recorder);

/** Puts items. Says so and computes for ever, if there is somebody to say it to. */
export async function produce(
  items: Queue<Uint8Array>,
  count: number,
  bytes: number,
  told?: Connection<string>,
): Promise<void> {
  for (let i = 0; i < count; i++) await items.put(new Uint8Array(bytes).fill(i));
  await told?.send("all put");
  while (told !== undefined);
}
task(import.meta.url, produce);

/** Says that it has the end of a pipe, and then computes for ever. */
export async function holdEnd(end: Connection<string>): Promise<void> {
  await end.send("ready");
  while (true);
}
task(import.meta.url, holdEnd);

/** Works on jobs; computes for ever at the one that is named. */
export async function work(jobs: JoinableQueue<string>, done: Queue<string>, fatal: string): Promise<void> {
  for await (const job of jobs) {
    await done.put(`took ${job}`);
    while (job === fatal);
    await done.put(`did ${job}`);
    await jobs.taskDone();
  }
}
task(import.meta.url, work);

/** Hands on what comes, to whoever it names. */
export async function handOn(mail: Connection<never, { to: Queue<unknown>; what: unknown }>): Promise<void> {
  for await (const { to, what } of mail) await to.put(what);
}
task(import.meta.url, handOn);
