import type { Target } from "../../channels/kernel/cell.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";

/** The lease by which a worker and its station keep each other's cells. */
const LINE = "pool-line";

/** The way to a cell of a pool's own: from a worker to its station, and back. */
export class Line {
  /** @param claims memory by which both agree on what has begun; it does not reach another process */
  constructor(readonly target: Target, readonly claims: SharedArrayBuffer | undefined = undefined) {
    enroll(this, () => ({ kind: LINE, target, meta: null, memory: claims }));
  }
}

handleKind(LINE, { leased: true, revive: ({ target, memory }) => new Line(target, memory) });
