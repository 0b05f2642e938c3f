import type { LockReport, Party, QueueReport } from "../../channels/kernel/listed.ts";
import type { PlacementName } from "../contact.ts";

export type { LockReport, Party, QueueReport };

/** An actor, as it was a moment ago, and those below it. */
export interface ActorReport {
  /** How people read it. */
  readonly name: string;
  /** Where it lives. */
  readonly address: string;
  /** What kind of place that is. */
  readonly placement: PlacementName;
  /** `"busy"`: its isolate did not answer in time, so that the numbers, and who is below, are not known. */
  readonly state: "starting" | "running" | "stopping" | "busy";
  /** How many messages wait. */
  readonly mailbox: number;
  /** How many messages it has handled in this life. */
  readonly handled: number;
  /** How many of these have failed. */
  readonly failed: number;
  /** How often its supervisor has started it again. */
  readonly restarts: number;
  /** Milliseconds that its handlers took, waits included; some short ones are measured for all. */
  readonly busyMs: number;
  /** Whom it has started, in that order. */
  readonly children: readonly ActorReport[];
}

/** A call that has no answer yet. */
export interface CallReport {
  /** Who waits. */
  readonly from: Party;
  /** Who was asked. */
  readonly to: Party;
  /** What for. */
  readonly method: string;
  /** Since how many milliseconds. */
  readonly ageMs: number;
}

/** Actors that wait for each other's locks for ever: each for the lock of the same place, which the next one has. */
export interface LockCycle {
  /** Who waits, each for the next. */
  readonly actors: readonly Party[];
  /** The addresses of the locks. */
  readonly locks: readonly string[];
}

/** What there is in isolates, each within itself. */
export interface Findings {
  /** The queues that anybody has. */
  readonly queues: readonly QueueReport[];
  /** The locks and semaphores that anybody has. */
  readonly locks: readonly LockReport[];
  /** The calls that somebody waits for. */
  readonly calls: readonly CallReport[];
}

/** The program, as it was a moment ago. Plain data. */
export interface Inspection extends Findings {
  /** The program itself, and all below it. */
  readonly tree: ActorReport;
  /** Who waits for whom in a circle of locks. */
  readonly lockCycles: readonly LockCycle[];
}

/** What one isolate tells of itself and those below it. */
export interface Part extends Findings {
  /** Where supervised children are found, by their names. */
  readonly places: readonly Party[];
  readonly tree: ActorReport;
}
