/**
 * How much of what can be repeated for ever is repeated: `deno task soak` repeats more than the bar has time for. What
 * comes of chance comes of a seed, which the test's failure names: `TROUPE_SEED` has it again.
 */

const soaking = Deno.env.get("TROUPE_SOAK") === "1";

/** How many rounds, seeds or messages a test takes, or which. */
export function rounds<T extends number | readonly string[]>(inTheBar: T, inTheSoak: T): T {
  return soaking ? inTheSoak : inTheBar;
}

/** The seed to begin with. */
export function firstSeed(fallback: number): number {
  return Number(Deno.env.get("TROUPE_SEED") ?? fallback);
}
