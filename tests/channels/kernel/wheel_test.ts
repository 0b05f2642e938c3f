import { assertEquals } from "@std/assert";
import { MAX_DELAY_MS, Wheel } from "../../../channels/kernel/wheel.ts";

Deno.test("Wheel.after() asks the platform for no delay that it cannot keep", () => {
  const { setTimeout } = globalThis;
  const delays: number[] = [];
  globalThis.setTimeout = ((_run: () => void, ms: number) => delays.push(ms)) as unknown as typeof setTimeout;
  try {
    for (const ms of [MAX_DELAY_MS, MAX_DELAY_MS + 1, 2 ** 40]) new Wheel().after(ms, () => {});
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(delays, [MAX_DELAY_MS, MAX_DELAY_MS, MAX_DELAY_MS]);
});
