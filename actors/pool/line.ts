import type { Target } from "../../channels/kernel/cell.ts";
import { enroll, handleKind } from "../../channels/kernel/handle.ts";

/** The lease by which a worker and its station keep each other's cells. */
const LINE = "pool-line";

/** The way to a cell of a pool's own: from a worker to its station, and back. */
export class Line {
  constructor(readonly target: Target) {
    enroll(this, () => ({ kind: LINE, target, meta: null }));
  }
}

handleKind(LINE, { leased: true, revive: ({ target }) => new Line(target) });
