import { assert, assertEquals, assertFalse } from "@std/assert";
import { Claims, following, isUpTo } from "../../channels/claims.ts";
import { within } from "../conformance/actor_contract.ts";

Deno.test("a piece that was taken back cannot be begun, one that has begun is not taken back", () => {
  const claims = new Claims();
  assert(claims.begin(1));
  assert(claims.begin(2));
  assertEquals(claims.takeBack(5), 2);
  for (const sequence of [3, 4, 5]) assertFalse(claims.begin(sequence));
  assertEquals(claims.last, 5);
  assert(claims.begin(6));
  assertEquals(claims.takeBack(6), 6);
});

Deno.test("numbers go on where words begin again", () => {
  const last = 2 ** 31 - 1;
  const claims = new Claims();
  claims.takeBack(last);
  const next = following(last, 1);
  assertEquals(next, -(2 ** 31));
  assert(isUpTo(last, next));
  assertFalse(isUpTo(next, last));
  assert(claims.begin(next));
  assertEquals(claims.last, next);
});

Deno.test("of a worker and a station that race each piece has exactly one, over and over", async () => {
  const [rounds, pieces] = [2000, 20];
  const claims = new Claims();
  // Pieces are given in lots; the worker says how many of each it began.
  const given = new Int32Array(new SharedArrayBuffer(4));
  const begun = new Int32Array(new SharedArrayBuffer(4 * (rounds + 1)));
  const worker = new Worker(new URL("./fixtures/claims_racer.ts", import.meta.url), { type: "module" });
  const over = new Promise<void>((resolve) => worker.onmessage = () => resolve());
  worker.postMessage({ memory: claims.memory, given, begun, rounds, pieces });
  let kept = 0;
  for (let round = 0; round < rounds; round++) {
    const last = (round + 1) * pieces;
    Atomics.store(given, 0, last);
    // The worker is somewhere in it, or has not seen it, or is through.
    if (round % 3 > 0) spinUntil(() => isUpTo(last - pieces + round % pieces, claims.last));
    const had = claims.takeBack(last) - (last - pieces);
    spinUntil(() => Atomics.load(begun, round) > 0);
    assertEquals(Atomics.load(begun, round) - 1, had);
    kept += had;
  }
  await within(over);
  worker.terminate();
  assert(kept > 0 && kept < rounds * pieces);
});

/** Waits without letting the event loop turn, 10 seconds at most. */
function spinUntil(condition: () => boolean): void {
  const end = performance.now() + 10_000;
  while (!condition()) if (performance.now() > end) throw new Error(`It did not come true: ${condition}`);
}
