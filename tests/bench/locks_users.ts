import { actor, type Barrier, type EventFlag, type Lock } from "../../mod.ts";

/** Uses locks and the like so many times. */
export class LocksUser {
  lockSync(lock: Lock, count: number): void {
    for (let i = 0; i < count; i++) {
      lock.acquireSync();
      lock.releaseSync();
    }
  }

  async lock(lock: Lock, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await lock.acquire();
      await lock.release();
    }
  }

  async answer(ping: EventFlag, pong: EventFlag, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await ping.wait();
      await ping.clear();
      await pong.set();
    }
  }

  async meet(barrier: Barrier, count: number): Promise<void> {
    for (let i = 0; i < count; i++) await barrier.wait();
  }
}
actor(import.meta.url, LocksUser);
