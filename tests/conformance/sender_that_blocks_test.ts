/** A message reaches a thread also when its sender blocks until it has, without letting its event loop turn. */

import { assert } from "@std/assert";
import { type Ref, SharedArray, SharedValue, spawn } from "../../mod.ts";
import { bounded } from "./bounded.ts";
import { Taker } from "./fixtures/sender_that_blocks.ts";

const BYTES = 2 ** 20;
const BOUND_MS = 10_000;

const VALUES: Record<string, (to: Ref<Taker>, taken: SharedValue<"int32">) => void> = {
  "a small value": (to, taken) => to.cast.take(1, taken),
  "bytes that are copied": (to, taken) => to.cast.take(new Uint8Array(BYTES), taken),
  "a buffer that moves"(to, taken) {
    const buffer = new ArrayBuffer(BYTES);
    to.with({ transfer: [buffer] }).cast.take(buffer, taken);
  },
  "shared memory": (to, taken) => to.cast.take(new SharedArray("uint8", BYTES), taken),
};

/** Blocks this thread until the value is so much. Returns whether it came to that. */
function spinUntil(value: SharedValue<"int32">, expected: number): boolean {
  for (const end = performance.now() + BOUND_MS; value.getSync() !== expected;) {
    if (performance.now() > end) return false;
  }
  return true;
}

for (const [what, send] of Object.entries(VALUES)) {
  for (const state of ["sleeps", "computes"]) {
    bounded(`${what} reaches a thread that ${state} though its sender blocks for it at once`, async () => {
      await using to = await spawn(Taker, [], { placement: "thread" });
      const taken = new SharedValue("int32", 0);
      if (state === "computes") {
        const begun = new SharedValue("int32", 0);
        to.cast.compute(50, begun);
        await Promise.resolve();
        assert(spinUntil(begun, 1));
      }
      send(to, taken);
      // A cast leaves with the microtasks.
      await Promise.resolve();
      assert(spinUntil(taken, 1));
    }, 2 * BOUND_MS + 5000);
  }
}

bounded("the sender of shared memory goes on while the thread computes, and can kill it", async () => {
  await using to = await spawn(Taker, [], { placement: "thread" });
  const [begun, done, taken] = [0, 0, 0].map((start) => new SharedValue("int32", start));
  to.cast.compute(5000, begun, done);
  await Promise.resolve();
  assert(spinUntil(begun, 1));
  VALUES["shared memory"](to, taken);
  await Promise.resolve();
  assert(done.getSync() === 0);
  await to.kill();
}, 2 * BOUND_MS);
