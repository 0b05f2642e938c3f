import { actor, type Connection, type Queue, type Ref, spawn, task } from "../../mod.ts";

/** Answers calls, and counts casts. */
export class Echo {
  #casts = 0;

  echo(n: number): number {
    return n;
  }

  async echoLater(n: number): Promise<number> {
    return await Promise.resolve(n);
  }

  count(_n: number): void {
    this.#casts++;
  }

  async countLater(_n: number): Promise<void> {
    await Promise.resolve();
    this.#casts++;
  }

  casts(): number {
    return this.#casts;
  }

  byteLength(buffer: ArrayBuffer): number {
    return buffer.byteLength;
  }

  echoBytes(bytes: Uint8Array): Uint8Array {
    return bytes;
  }
}
actor(import.meta.url, Echo);

/** Has actors beside itself. */
export class Host {
  /** Starts so many more. */
  grow(count: number): Promise<Ref<Echo>[]> {
    return Promise.all(Array.from({ length: count }, () => spawn(Echo, [], { placement: "inline" })));
  }
}
actor(import.meta.url, Host);

/** Puts into one queue what comes out of another. */
export async function moveItems(from: Queue<number>, to: Queue<number>): Promise<void> {
  for await (const item of from) await to.put(item);
}
task(import.meta.url, moveItems);

/** Takes items, and says so of every `n`th: what a reader costs that answers seldom. */
export async function takeItems(from: Queue<number>, done: Queue<number>): Promise<void> {
  for await (const item of from) if (item < 0) await done.put(item);
}
task(import.meta.url, takeItems);

/** Sends back what it receives. */
export async function sendBack(end: Connection<number>): Promise<void> {
  for await (const message of end) await end.send(message);
}
task(import.meta.url, sendBack);
