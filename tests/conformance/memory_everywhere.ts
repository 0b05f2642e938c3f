import { assertNothingLeft } from "../../actors/testing.ts";
import { type PlacementName, type Ref, spawn } from "../../mod.ts";
import { Hand } from "./fixtures/hand.ts";
import { Place, PLACEMENTS, within } from "./queue_everywhere.ts";

/** A whole test lasts no longer than this. */
const TEST_MS = 30_000;

/** Somebody in each kind of place, who makes and uses memory as told. */
export interface Hands {
  /** Who makes what is shared. */
  readonly home: Ref<Hand>;
  /** All, the maker among them. */
  readonly all: readonly Ref<Hand>[];
}

/**
 * Registers a case for what is shared, made in each kind of place in turn and used from all of them. Nothing may be left
 * after it, and it may not hang.
 */
export function shared(
  name: string,
  body: (hands: Hands, home: PlacementName) => Promise<void>,
  homes: readonly PlacementName[] = PLACEMENTS,
): void {
  const inTurn = async () => {
    const all: Ref<Hand>[] = [];
    for (const where of homes) {
      for (const [index, placement] of PLACEMENTS.entries()) {
        if (!all[index]?.alive) all[index] = await spawn(Hand, [], { placement });
      }
      await body({ home: all[PLACEMENTS.indexOf(where)], all }, where);
    }
  };
  Deno.test(name, async () => {
    try {
      await within(TEST_MS, inTurn());
    } finally {
      await within(TEST_MS, new Place("inline").end());
    }
    assertNothingLeft();
  });
}

/** Whether memory made in one place is shared with the hand in another. */
export function isDirect(home: PlacementName, user: PlacementName): boolean {
  // What a subprocess makes is shared within it.
  return (home === "process") === (user === "process");
}
