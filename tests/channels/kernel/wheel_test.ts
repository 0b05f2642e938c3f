import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { deadline, delay } from "@std/async";
import { MAX_DELAY_MS, Wheel } from "../../../channels/kernel/wheel.ts";

/** What should come soon has come by then, on a busy machine too. */
const SOON_MS = 5000;

function fires(wheel: Wheel, ms: number, then: () => void = () => {}): Promise<void> {
  return new Promise((resolve) => {
    wheel.after(ms, () => {
      then();
      resolve();
    });
  });
}

Deno.test("Wheel.after() fires no earlier than asked, and in the order of the deadlines", async () => {
  const wheel = new Wheel();
  const order: number[] = [];
  const start = performance.now();
  await Promise.all([60, 20, 40, 0, 20].map((ms) =>
    fires(wheel, ms, () => {
      assertGreaterOrEqual(performance.now() - start, ms);
      order.push(ms);
    })
  ));
  assertEquals(order, [0, 20, 20, 40, 60]);
  assertEquals(wheel.size, 0);
});

Deno.test("a deadline that was cancelled does not fire; cancelling twice, or too late, is fine", async () => {
  const wheel = new Wheel();
  const fired: string[] = [];
  const cancelled = wheel.after(10, () => fired.push("cancelled"));
  const kept = wheel.after(10, () => fired.push("kept"));
  const other = wheel.after(10, () => {
    fired.push("other");
    last.cancel();
  });
  const last = wheel.after(10, () => fired.push("last"));
  cancelled.cancel();
  cancelled.cancel();
  await fires(wheel, 30);
  kept.cancel();
  other.cancel();
  assertEquals(fired, ["kept", "other"]);
  assertEquals(wheel.size, 0);
});

Deno.test("a deadline that is set while another fires is not put off by a later one", async () => {
  const wheel = new Wheel();
  const far = wheel.after(60_000, () => {});
  const near = Promise.withResolvers<void>();
  wheel.after(5, () => void wheel.after(20, near.resolve));
  await deadline(near.promise, SOON_MS).finally(() => far.cancel());
});

Deno.test("a sooner deadline is not put off by a later one that was set before", async () => {
  const wheel = new Wheel();
  const far = wheel.after(60_000, () => {});
  await deadline(fires(wheel, 10), SOON_MS).finally(() => far.cancel());
});

Deno.test("the longest delay there is does not fire at once, nor make the event loop turn all the time", async () => {
  const delays: number[] = [];
  const { timeout } = AbortSignal;
  let fired = false;
  AbortSignal.timeout = (ms) => {
    delays.push(ms);
    return timeout.call(AbortSignal, ms);
  };
  try {
    const deadline = new Wheel().after(MAX_DELAY_MS, () => fired = true);
    await delay(50);
    deadline.cancel();
  } finally {
    AbortSignal.timeout = timeout;
  }
  assertEquals([fired, delays.filter((ms) => ms > MAX_DELAY_MS), delays.length], [false, [], 1]);
});

Deno.test("an idle wheel starts again, be its last alarm to come or over", async () => {
  const wheel = new Wheel();
  for (let round = 0; round < 3; round++) {
    wheel.after(60_000, () => {}).cancel();
    await deadline(fires(wheel, 1), SOON_MS);
    wheel.after(1, () => {}).cancel();
    await delay(20);
  }
});

Deno.test("deadlines that come and go in any order fire once each, unless they were cancelled", async () => {
  const wheel = new Wheel();
  const fired: number[] = [];
  const waiting: Promise<void>[] = [];
  for (let n = 0; n < 500; n++) {
    const ms = n * 7919 % 90;
    if (n % 3 === 0) wheel.after(ms, () => fired.push(-1)).cancel();
    else waiting.push(fires(wheel, ms, () => fired.push(n)));
    if (n % 50 === 0) await delay(ms / 9);
    // Nothing is left, and the next begins anew.
    if (n % 125 === 124) await deadline(Promise.all(waiting), SOON_MS);
  }
  await deadline(Promise.all(waiting), SOON_MS);
  assertEquals(fired.toSorted((a, b) => a - b), Array.from({ length: 500 }, (_, n) => n).filter((n) => n % 3 !== 0));
  assertEquals(wheel.size, 0);
});

Deno.test("a thousand deadlines fire once each", async () => {
  const wheel = new Wheel();
  const counts = new Array<number>(1000).fill(0);
  await Promise.all(counts.map((_, at) => fires(wheel, at % 50, () => counts[at]++)));
  assertEquals(counts.every((count) => count === 1), true);
});
