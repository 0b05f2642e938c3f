import { AsyncLocalStorage } from "node:async_hooks";
import { MAIN_SLOT } from "./address.ts";
import { type Holder, holders } from "./holder.ts";
import { isolate } from "./isolate.ts";
import { singleton } from "./singleton.ts";
import { Stop } from "./stop.ts";

interface WhoActs {
  /** On whose behalf the running code asks for things. */
  holder(): Holder;
  /** The next request to stop that ends what the running code begins. */
  stop(): Stop;
}

let alone: Holder | undefined;
const never = new Stop();

/** The party on whose behalf code runs. Without actors there is one holder, the isolate itself; `actors/` replaces this. */
export const whoActs: WhoActs = singleton("who-acts", () => ({
  holder: () => alone ??= holders.adopt(isolate.id, MAIN_SLOT),
  stop: () => never,
}));

/**
 * Runs code on behalf of nobody. Modules are imported by it: Deno keeps the frame in which a module was first evaluated, and
 * what it runs next would count as that actor's.
 */
export const outside: <R>(run: () => R) => R = AsyncLocalStorage.snapshot();
