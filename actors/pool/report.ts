import { ProtocolError } from "../../channels/errors.ts";
import type { Destination } from "../../channels/kernel/handle.ts";
import { movesWithEach } from "../../channels/kernel/moving.ts";
import { listOf } from "../../channels/kernel/shape.ts";
import { pack } from "../../channels/kernel/pack.ts";
import type { Movable, Packet } from "../../channels/kernel/packet.ts";
import { asItArrives } from "../exited.ts";

/**
 * What became of some items of a chunk, in order: the results, of which those at the indexes in the second place were
 * thrown; whether the chunk is over, its further items, if any, never to be run; how many items of this task the asker
 * may give together; and from which item of the chunk on it has them back, to give them anew.
 */
export type Report = readonly [
  values: readonly unknown[],
  thrown: readonly number[] | null,
  over: boolean,
  together?: number,
  back?: number,
];

/** Says in a report's header that a chunk is over, and that the asker has the rest of it back. */
export const GIVEN_BACK = 2;

/** Nothing became of anything, and nothing more will. */
export const OVER: Report = [[], null, true];

/**
 * What a pool has answered, as a report on the items from `done` on, before `end`.
 *
 * @throws {ProtocolError} If it is none: a worker in a sandbox can say anything.
 */
export function checkReport(answer: unknown, done: number, end: number): Report {
  const [values, thrown, over, together = 1, back = end] = Array.isArray(answer) ? answer : [];
  const isAmong = (number: unknown, from: number, to: number) =>
    Number.isSafeInteger(number) && (number as number) >= from && (number as number) <= to;
  const areIndexes = listOf((at): at is number => isAmong(at, 0, values.length - 1));
  const isSound = Array.isArray(values) && values.length <= end - done && typeof over === "boolean" &&
    (thrown === null || (areIndexes(thrown) && thrown.length <= values.length)) &&
    typeof together === "number" && isAmong(back, done + values.length, end);
  if (isSound) return answer as Report;
  throw new ProtocolError("Cannot read what became of a pool's items: it makes no sense");
}

/** A report, and what its header says of it. */
export interface PackedReport {
  readonly count: number;
  readonly failed: number;
  readonly over: boolean;
  readonly body: Packet;
}

/** Packs what became of some items; a result that cannot travel is that item's failure, and no other's. */
export function packReports(
  values: unknown[],
  thrown: number[],
  over: boolean,
  together: number,
  back: number | undefined,
  to: Destination,
): PackedReport[] {
  const moves = movesWithEach(values);
  const one = (values: unknown[], thrown: number[], over: boolean, transfer?: readonly Movable[]): PackedReport => {
    const report: Report = back === undefined || !over
      ? [values, thrown.length === 0 ? null : thrown, over, together]
      : [values, thrown.length === 0 ? null : thrown, over, together, back];
    return { count: values.length, failed: thrown.length, over, body: pack(report, "result", to, { transfer }) };
  };
  try {
    return [one(values, thrown, over, moves?.flatMap((some) => some ?? []))];
  } catch {
    return values.map((value, index) => {
      const last = over && index === values.length - 1;
      if (thrown.includes(index)) return one([value], [0], last);
      try {
        return one([value], [], last, moves?.[index]);
      } catch (error) {
        return one([whyNot(value, to, error, moves?.[index])], [0], last);
      }
    });
  }
}

/** The error of a value that cannot travel, with a path from the value on if it says the same twice. */
function whyNot(value: unknown, to: Destination, why: unknown, transfer: readonly Movable[] | undefined): unknown {
  try {
    pack(value, "result", to, { transfer });
  } catch (error) {
    return asItArrives(error);
  }
  return asItArrives(why);
}
