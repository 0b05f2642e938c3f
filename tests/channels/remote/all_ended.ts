import { deadline, delay } from "@std/async";
import { leftovers } from "../../../actors/testing.ts";

/** Waits until nothing is left: the other side of a connection that was closed here hears of it a little later. */
export async function allEnded(): Promise<void> {
  let left = leftovers();
  const ended = async () => {
    while ((left = leftovers()).length > 0) await delay(1);
  };
  await deadline(ended(), 5000).catch(() => {
    throw new Error(`Something is left: ${left.join("; ")}`);
  });
}
