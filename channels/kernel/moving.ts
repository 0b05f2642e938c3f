import type { Movable } from "./packet.ts";
import { singleton } from "./singleton.ts";

/** The objects that move with a result, by the result; undefined until `transfer` is first used. */
const moving: { with: WeakMap<object, readonly Movable[]> | undefined } = singleton(
  "moving",
  () => ({ with: undefined }),
);

/** Has these objects move, and not be copied, when `result` is sent as one the next time. */
export function moveWith(result: object, transfer: readonly Movable[]): void {
  (moving.with ??= new WeakMap()).set(result, transfer);
}

/** The objects that move with a result which is about to be sent or dropped. */
export function movesWith(result: unknown): readonly Movable[] | undefined {
  if (moving.with === undefined || typeof result !== "object" || result === null) return undefined;
  const transfer = moving.with.get(result);
  moving.with.delete(result);
  return transfer;
}

/** The same for each of some results; undefined if nothing moves with any. */
export function movesWithEach(results: readonly unknown[]): (readonly Movable[] | undefined)[] | undefined {
  return moving.with === undefined ? undefined : results.map(movesWith);
}

/** Ends what had moved to somebody who does not take it: whoever is at its other end hears of that. */
export function endMoved(moved: readonly Movable[]): void {
  for (const object of moved) {
    if (object instanceof MessagePort) object.close();
    else if (object instanceof ReadableStream) void object.cancel().catch(() => {});
    else if (object instanceof WritableStream) void object.abort().catch(() => {});
    else if (object instanceof TransformStream) endMoved([object.readable, object.writable]);
  }
}
