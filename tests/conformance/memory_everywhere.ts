import { type ActorClass, type PlacementName, type Ref, spawn } from "../../mod.ts";
import { Hand } from "./fixtures/hand.ts";
import { boundedWithChildren } from "./bounded.ts";
import { PLACEMENTS } from "./place.ts";

/** A whole test lasts no longer than this. */
const TEST_MS = 30_000;

/**
 * Registers a case for actors in each kind of place at once; `living` gives one in each, with another for any that was
 * killed. Nothing may be left after it, and it may not hang.
 */
export function inEachPlace<C extends ActorClass>(
  name: string,
  Class: C,
  body: (living: () => Promise<readonly Ref<InstanceType<C>>[]>) => Promise<void>,
): void {
  boundedWithChildren(name, async () => {
    let actors: readonly Ref<InstanceType<C>>[] = [];
    await body(async () =>
      actors = await Promise.all(
        PLACEMENTS.map(async (placement, index) =>
          actors[index]?.alive
            ? actors[index]
            : await spawn(Class as ActorClass, [], { placement }) as Ref<InstanceType<C>>
        ),
      )
    );
  }, TEST_MS);
}

/** Somebody in each kind of place, who makes and uses memory as told. */
export interface Hands {
  /** Who makes what is shared. */
  readonly home: Ref<Hand>;
  /** All, the maker among them. */
  readonly all: readonly Ref<Hand>[];
}

/** Registers a case for what is shared, made in each kind of place in turn and used from all of them. */
export function shared(
  name: string,
  body: (hands: Hands, home: PlacementName) => Promise<void>,
  homes: readonly PlacementName[] = PLACEMENTS,
): void {
  inEachPlace(name, Hand, async (living) => {
    for (const where of homes) {
      const all = await living();
      await body({ home: all[PLACEMENTS.indexOf(where)], all }, where);
    }
  });
}

/** Whether memory made in one place is shared with the hand in another. */
export function isDirect(home: PlacementName, user: PlacementName): boolean {
  // What a subprocess makes is shared within it.
  return (home === "process") === (user === "process");
}
