import { MAIN_SLOT } from "./address.ts";
import { type Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { singleton } from "./singleton.ts";

let alone: Holder | undefined;

/**
 * On whose behalf the running code asks for things. Without actors there is one holder, the isolate itself; who brings
 * actors replaces `holder`.
 */
export const whoActs: { holder: () => Holder } = singleton("who-acts", () => ({
  holder: () => alone ??= holders.adopt(isolate.id, MAIN_SLOT),
}));
