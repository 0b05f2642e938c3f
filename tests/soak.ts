/** How much of what can be repeated for ever is repeated: `deno task soak` repeats more than the bar has time for. */

const soaking = Deno.env.get("TROUPE_SOAK") === "1";

/** How many rounds, seeds or messages a test takes. */
export function rounds(inTheBar: number, inTheSoak: number): number {
  return soaking ? inTheSoak : inTheBar;
}
