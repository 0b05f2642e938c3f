import { type IsolateId, isWithin, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { addressOf } from "../../channels/kernel/cell.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import { expected, isNumber, isText, listOf, startsWith } from "../../channels/kernel/shape.ts";
import type { Contact } from "../contact.ts";

/** A child that is restarted together with others, by where it lives. Plain data. */
export type Companion = readonly [isolate: IsolateId, slot: number];

/** The present life of a child as one of a group. */
export function companionOf({ actor }: Contact): Companion {
  const { isolate, slot } = addressOf(actor);
  return [isolate, slot];
}

/**
 * Those of a group, as a message has named them.
 *
 * @throws {ProtocolError} If it has not.
 */
export function companionsFrom(value: unknown): readonly Companion[] {
  return expected("who is restarted together", value, listOf<Companion>(startsWith(isText, isNumber)));
}

/** Whether somebody is one of a group, or lives in an isolate that ends with one. */
export function isAmong(companions: readonly Companion[], { isolate, slot }: Holder): boolean {
  return companions.some(([home, place]) =>
    place === MAIN_SLOT ? isWithin(isolate, home) : isolate === home && slot === place
  );
}
