import { assertEquals } from "@std/assert";
import { KeepAlive } from "../../../channels/kernel/keep_alive.ts";

/** The intervals that are set while `body` runs and after it, as the event loop sees them. */
async function intervals(body: (open: () => number) => Promise<void>): Promise<void> {
  const { setInterval, clearInterval } = globalThis;
  const open = new Set<unknown>();
  globalThis.setInterval = ((...args: Parameters<typeof setInterval>) => {
    const timer = setInterval(...args);
    open.add(timer);
    return timer;
  }) as typeof globalThis.setInterval;
  globalThis.clearInterval = ((timer: number) => {
    open.delete(timer);
    clearInterval(timer);
  }) as typeof globalThis.clearInterval;
  try {
    await body(() => open.size);
  } finally {
    globalThis.setInterval = setInterval;
    globalThis.clearInterval = clearInterval;
  }
}

async function turn(): Promise<void> {
  for (let n = 0; n < 2; n++) await new Promise((resolve) => setImmediate(resolve));
}

Deno.test("KeepAlive keeps the event loop turning while somebody waits and there is a link", async () => {
  await intervals(async (open) => {
    const alive = new KeepAlive();
    alive.hold();
    assertEquals(open(), 0);
    alive.linked(1);
    assertEquals(open(), 1);
    alive.hold();
    alive.release();
    await turn();
    assertEquals(open(), 1);
    alive.release();
    await turn();
    assertEquals(open(), 0);
    alive.hold();
    assertEquals(open(), 1);
    alive.linked(-1);
    await turn();
    assertEquals(open(), 0);
    alive.release();
  });
});

Deno.test("KeepAlive keeps the event loop turning for what will certainly come, link or no link", async () => {
  await intervals(async (open) => {
    const alive = new KeepAlive();
    alive.hold(true);
    assertEquals(open(), 1);
    alive.hold();
    alive.release();
    await turn();
    assertEquals(open(), 1);
    alive.release(true);
    await turn();
    assertEquals(open(), 0);
  });
});

Deno.test("KeepAlive sets no new timer for holds that follow one another", async () => {
  await intervals(async (open) => {
    const alive = new KeepAlive();
    alive.linked(1);
    let most = 0;
    for (let n = 0; n < 10; n++) {
      alive.hold();
      most = Math.max(most, open());
      alive.release();
      await Promise.resolve();
    }
    assertEquals([most, open()], [1, 1]);
    await turn();
    assertEquals(open(), 0);
    alive.linked(-1);
  });
});
