import type { BootConfig } from "./placement.ts";

/** What Deno's `navigator` has and its types lack. */
interface LockManager {
  request(name: string, held: () => unknown): Promise<unknown>;
}

const { locks } = navigator as unknown as { locks: LockManager };

/** Takes the lock by which others know that this thread lives. It is never given back. */
export function holdLife(config: BootConfig): Promise<void> {
  return new Promise((resolve) => {
    void locks.request(nameOf(config), () => {
      resolve();
      return new Promise<void>(() => {});
    });
  });
}

/** Resolves when a thread that held its lock is gone. */
export async function lifeIsOver(config: BootConfig): Promise<void> {
  await locks.request(nameOf(config), () => {});
}

function nameOf(config: BootConfig): string {
  return `troupe:${config.id}`;
}
