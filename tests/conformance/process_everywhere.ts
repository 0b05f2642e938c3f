import type { PlacementName } from "../../mod.ts";
import { bounded } from "./bounded.ts";
import { PLACEMENTS } from "./place.ts";

export { BOUND_MS, bounded, peek, until } from "./bounded.ts";
export { PLACEMENTS } from "./place.ts";

/** Registers a test for each placement; it fails when it takes too long or leaves anything behind. */
export function everywhere(
  name: string,
  test: (placement: PlacementName) => Promise<void>,
  placements: readonly PlacementName[] = PLACEMENTS,
): void {
  for (const placement of placements) bounded(`${name} (${placement})`, () => test(placement));
}
