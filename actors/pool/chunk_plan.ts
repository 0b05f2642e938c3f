import { hasMoreTokens } from "../../channels/kernel/codec/tokens.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import type { Packet } from "../../channels/kernel/packet.ts";
import type { TaskName } from "./task_name.ts";

/** What is asked of a pool: one call, or some items of a map. */
export interface ChunkPlan {
  readonly task: TaskName;
  /** The asker's number for all that belongs together; 0 for a single call. */
  readonly job: number;
  /** The asker's number for a call that it may take back; 0 for any other. */
  readonly call: number;
  /** The index of its first item. */
  readonly first: number;
  readonly count: number;
  /** How many of them belong together: where one such piece ends, the rest may be given back to the asker. */
  readonly piece: number;
  readonly priority: number;
  /** How often a call, or each item, is run again elsewhere after the death of a worker that had begun it. */
  readonly retries: number;
  /** How many items belong to its job, which the pool does also when it is closed meanwhile; 0 if that is not known. */
  readonly total: number;
  /** `SPREAD`, `STOPS`, `STOPS_JOB` and `ONE_BY_ONE`. */
  readonly mode: number;
}

/** Items are lists of arguments. */
export const SPREAD = 1;
/** Nothing more of a chunk is run after a failure. */
export const STOPS = 2;
/** Nor is anything more of its job begun. */
export const STOPS_JOB = 4;

/** Only one item is in hand at a time, however quick its task is. */
export const ONE_BY_ONE = 8;

/** More pieces are not given together. */
const MOST_PIECES = 1024;

/** A call that has no options. */
export function planOfRun(task: TaskName): ChunkPlan {
  return { task, job: 0, call: 0, first: 0, count: 1, piece: 1, mode: 0, priority: 0, retries: 0, total: 0 };
}

/** A call with options, which stand before the task; undefined if they make no sense. */
export function planOfRunWith(detail: string): ChunkPlan | undefined {
  const [[priority, retries, call], task] = split(detail, 3);
  if (Number.isNaN(priority) || !(retries >= 0) || !Number.isSafeInteger(call)) return undefined;
  return { ...planOfRun(task), priority, retries, call };
}

/** Some items of a map; undefined if the numbers make no sense, which may come from another program. */
export function planOfChunk(detail: string, { bytes }: Packet): ChunkPlan | undefined {
  const [[job, first, count, piece, mode, retries, total], task] = split(detail, 7);
  const isSound =
    [job, first, count, piece, mode, total].every((number) => Number.isSafeInteger(number) && number >= 0) &&
    retries >= 0 && job > 0 && count > 0 && piece > 0 && count <= piece * MOST_PIECES &&
    // Each item is a value at least, beside the list itself: nothing is done for more items than were sent.
    hasMoreTokens(bytes, count);
  if (!isSound) return undefined;
  return { task, job, call: 0, first, count, piece, mode, priority: 0, retries, total };
}

/** How many pieces have an item from `at` on. */
export function piecesFrom({ count, piece }: Pick<ChunkPlan, "count" | "piece">, at: number): number {
  return Math.ceil(count / piece) - Math.floor(at / piece);
}

/** What names a job at the pool's home. */
export function jobOf({ isolate, slot }: Holder, job: number): string {
  return `${isolate}#${slot} ${job}`;
}

/** The numbers at the head of a detail, and what follows. */
function split(detail: string, count: number): [numbers: number[], rest: string] {
  const words = detail.split(" ", count);
  return [words.map(Number), detail.slice(words.join(" ").length + 1)];
}
