/**
 * For tests of programs that use Troupe: proof that nothing is left.
 *
 * Deno's own sanitizers do not see a worker that goes on, nor a subprocess that nobody refers to.
 *
 * @example At the end of a test
 * ```ts
 * import { assertNothingLeft } from "@troupe/troupe/testing";
 * import { actor, spawn } from "@troupe/troupe";
 *
 * class Quiet {}
 * actor(import.meta.url, Quiet);
 *
 * {
 *   await using _quiet = await spawn(Quiet, [], { placement: "inline" });
 * }
 * assertNothingLeft();
 * ```
 *
 * @module
 */

import { unanswered } from "../channels/kernel/ask.ts";
import { listening } from "../channels/remote/listener.ts";
import { connected } from "../channels/remote/peer.ts";
import { currentActor } from "./context.ts";
import { seated } from "./isolate_keeper.ts";
import { meetingPlace } from "./placement/meeting_place.ts";
import { spareThreads } from "./placement/spare_threads.ts";
import "./program.ts";

/** What of the caller's is still there, in words; empty when nothing is. */
export function leftovers(): string[] {
  const left: string[] = [];
  for (const child of currentActor().children) left.push(`${child.name} is running`);
  for (const [child, parent] of seated) {
    if (parent.exit !== undefined) left.push(`${child.name} is running, though ${parent.name}, its parent, has ended`);
  }
  const asked = unanswered();
  if (asked > 0) {
    left.push(`${asked} ${asked === 1 ? "call is" : "calls are"} waiting for an answer from another isolate`);
  }
  for (const listener of listening) left.push(`${listener} is open`);
  for (const connection of connected.values()) left.push(`${connection} is open`);
  if (meetingPlace.awaited > 0) left.push("a subprocess is starting");
  const { count } = spareThreads;
  if (count > 0) left.push(`${count} spare ${count === 1 ? "thread waits" : "threads wait"}`);
  return left;
}

/**
 * Checks that every actor, process, call, listener and connection of the caller's has ended.
 *
 * @throws {Error} If one has not; the message names each.
 */
export function assertNothingLeft(): void {
  const left = leftovers();
  if (left.length > 0) throw new Error(`Something is left: ${left.join("; ")}`);
}
