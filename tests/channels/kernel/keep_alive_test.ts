import { assertEquals } from "@std/assert";
import { KeepAlive } from "../../../channels/kernel/keep_alive.ts";

/** How many alarms are held while `body` runs: for those the event loop waits. */
function heldAlarms(body: (held: () => number) => void): void {
  const { timeout } = AbortSignal;
  const held = new Set<AbortSignal>();
  AbortSignal.timeout = (ms) => {
    const signal = timeout.call(AbortSignal, ms);
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      held.add(signal);
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      held.delete(signal);
      remove(...args);
    };
    return signal;
  };
  try {
    body(() => held.size);
  } finally {
    AbortSignal.timeout = timeout;
  }
}

Deno.test("KeepAlive keeps the event loop turning while somebody waits and there is a link", () => {
  heldAlarms((held) => {
    const alive = new KeepAlive();
    alive.hold();
    assertEquals(held(), 0);
    alive.linked(1);
    assertEquals(held(), 1);
    alive.hold();
    alive.release();
    assertEquals(held(), 1);
    alive.release();
    assertEquals(held(), 0);
    alive.hold();
    assertEquals(held(), 1);
    alive.linked(-1);
    assertEquals(held(), 0);
    alive.release();
  });
});

Deno.test("KeepAlive keeps the event loop turning for what will certainly come, link or no link", () => {
  heldAlarms((held) => {
    const alive = new KeepAlive();
    alive.hold(true);
    assertEquals(held(), 1);
    alive.hold();
    alive.release();
    assertEquals(held(), 1);
    alive.release(true);
    assertEquals(held(), 0);
  });
});

Deno.test("KeepAlive waits for one alarm, for holds that follow one another", () => {
  heldAlarms((held) => {
    const alive = new KeepAlive();
    alive.linked(1);
    let most = 0;
    for (let n = 0; n < 10; n++) {
      alive.hold();
      most = Math.max(most, held());
      alive.release();
    }
    assertEquals([most, held()], [1, 0]);
    alive.linked(-1);
  });
});
