import { deadline } from "@std/async/deadline";
import type { PlacementName } from "../../mod.ts";
import { currentActor } from "../../actors/context.ts";
import { assertNothingLeft } from "../../actors/testing.ts";

/** Every place where a process can live. */
export const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];

/** No test here takes longer, on a loaded machine: a hang is a failure. */
export const BOUND_MS = 20_000;

/** Registers a test for each placement; it fails when it takes too long or leaves anything behind. */
export function everywhere(
  name: string,
  test: (placement: PlacementName) => Promise<void>,
  placements: readonly PlacementName[] = PLACEMENTS,
): void {
  for (const placement of placements) bounded(`${name} (${placement})`, () => test(placement));
}

/** Registers a test that fails when it takes too long or leaves anything behind. */
export function bounded(name: string, test: () => Promise<void>, boundMs: number = BOUND_MS): void {
  Deno.test(name, async () => {
    try {
      await deadline(test(), boundMs);
      assertNothingLeft();
    } finally {
      // What a failed test leaves must not fail the next one.
      const left = [...currentActor().children];
      for (const child of left) child.kill("SIGKILL");
      await Promise.all(left.map((child) => child.exited));
    }
  });
}

/** Waits for a fact that nobody announces. */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what: string,
  boundMs: number = BOUND_MS,
): Promise<void> {
  for (const end = Date.now() + boundMs; !await fact();) {
    if (Date.now() > end) throw new Error(`It did not come true within ${boundMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What came first: the promise, or `"pending"` if only turns of the event loop have passed. */
export async function peek<T>(promise: Promise<T>): Promise<T | "pending"> {
  const turns = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    return "pending" as const;
  };
  return await Promise.race([promise, turns()]);
}
