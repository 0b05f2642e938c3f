import { singleton } from "../../channels/kernel/singleton.ts";
import type { Contact } from "../contact.ts";

const restarts: WeakMap<object, number> = singleton("restarts", () => new WeakMap());

/** Notes, for whoever inspects, how often a child has been started again. */
export function noteRestarts(child: Contact, count: number): void {
  restarts.set(child.keeper, count);
}

/** How often whoever this keeper answers for has been started again. */
export function restartsOf(keeper: object): number {
  return restarts.get(keeper) ?? 0;
}
