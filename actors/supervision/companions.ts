import { type IsolateId, isWithin, MAIN_SLOT } from "../../channels/kernel/address.ts";
import { addressOf } from "../../channels/kernel/cell.ts";
import type { Holder } from "../../channels/kernel/holder.ts";
import type { Contact } from "../contact.ts";

/** A child that is restarted together with others, by where it lives. Plain data. */
export type Companion = readonly [isolate: IsolateId, slot: number];

/** The present life of a child as one of a group. */
export function companionOf({ actor }: Contact): Companion {
  const { isolate, slot } = addressOf(actor);
  return [isolate, slot];
}

/** @throws {TypeError} If what came in a message is no list of companions. */
export function companionsFrom(value: unknown): readonly Companion[] {
  if (Array.isArray(value) && value.every(isCompanion)) return value;
  throw new TypeError("Cannot part children: a list of where they live is needed");
}

function isCompanion(value: unknown): value is Companion {
  return Array.isArray(value) && typeof value[0] === "string" && typeof value[1] === "number";
}

/** Whether somebody is one of a group, or lives in an isolate that ends with one. */
export function isAmong(companions: readonly Companion[], { isolate, slot }: Holder): boolean {
  return companions.some(([home, place]) =>
    place === MAIN_SLOT ? isWithin(isolate, home) : isolate === home && slot === place
  );
}
