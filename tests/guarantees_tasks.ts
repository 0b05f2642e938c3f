/** What the children of `guarantees_test.ts` run. */
import { actor, type Connection, type JoinableQueue, type Lock, type Queue, task } from "@troupe/troupe";

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

/** Says that it has the lock, and then computes for ever. */
export async function holdLock(lock: Lock, told: Connection<string>): Promise<void> {
  await lock.acquire();
  await told.send("mine");
  while (true);
}
task(import.meta.url, holdLock);

/** Tries what needs a permission, and tells what becomes of it. */
export async function tryThings(told: Queue<string>): Promise<void> {
  const attempts: readonly [string, () => unknown][] = [
    ["read", () => Deno.readDirSync(".")],
    ["write", () => Deno.makeTempFileSync()],
    ["net", () => Deno.listen({ port: 0 })],
    ["env", () => Deno.env.get("HOME")],
    ["run", () => new Deno.Command(Deno.execPath()).outputSync()],
    ["sys", () => Deno.hostname()],
    ["ffi", () => Deno.dlopen("libc.so.6", {})],
  ];
  for (const [what, attempt] of attempts) {
    try {
      attempt();
      await told.put(`${what}: allowed`);
    } catch (error) {
      await told.put(`${what}: ${(error as Error).name}`);
    }
  }
}
task(import.meta.url, tryThings);

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
