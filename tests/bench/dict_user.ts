import { actor, type SharedDict } from "../../mod.ts";

/** Uses a shared dict, so often; only the last answer travels. */
export class DictUser {
  async set(dict: SharedDict<string, number>, count: number): Promise<void> {
    for (let n = 0; n < count; n++) await dict.set("key", n);
  }

  async get(dict: SharedDict<string, number>, count: number): Promise<void> {
    for (let n = 0; n < count; n++) await dict.get("key");
  }

  async increment(dict: SharedDict<string, number>, count: number): Promise<void> {
    for (let n = 0; n < count; n++) await dict.increment("key");
  }

  async update(dict: SharedDict<string, number>, count: number): Promise<void> {
    for (let n = 0; n < count; n++) await dict.update("key", (old = 0) => old + 1);
  }

  /** The same, so many at a time. */
  async setMany(dict: SharedDict<string, number>, outstanding: number, count: number): Promise<void> {
    let begun = 0;
    const lane = async () => {
      while (begun < count) await dict.set("key", begun++);
    };
    await Promise.all(Array.from({ length: Math.min(outstanding, count) }, lane));
  }
}
actor(import.meta.url, DictUser);
