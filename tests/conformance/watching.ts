/** A watcher, and reading what it tells. */

import { type PlacementName, Queue, type Ref, spawn } from "../../mod.ts";
import { within } from "./actor_contract.ts";
import { Watcher } from "./fixtures/watchers.ts";

/** Starts an actor that watches, and the queue to which it tells what it hears. */
export async function watcher(placement: PlacementName): Promise<{ log: Queue<string>; ref: Ref<Watcher> }> {
  const log = new Queue<string>();
  return { log, ref: await spawn(Watcher, [log], { placement, name: "watcher" }) };
}

/** The next lines that a watcher tells. */
export async function read(log: Queue<string>, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) lines.push(await within(log.get()));
  return lines;
}

/** All that a watcher has told by now: what it heard before this call. */
export async function rest(log: Queue<string>, ref: Ref<Watcher>): Promise<string[]> {
  ref.cast.hear("the end");
  const lines: string[] = [];
  for (let line = await within(log.get()); line !== "the end"; line = await within(log.get())) lines.push(line);
  return lines;
}
