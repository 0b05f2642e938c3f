import { AsyncLocalStorage } from "node:async_hooks";
import type { Holder } from "../channels/kernel/holder.ts";

import { singleton } from "../channels/kernel/singleton.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import type { Actor } from "./actor.ts";

/** One call that is being handled. */
export interface CallContext {
  /** Aborts when the caller has given up, or is gone. */
  readonly signal: AbortSignal;
}

/** On whose behalf code runs. */
export interface Frame {
  readonly actor: Actor;
  readonly call: CallContext | undefined;
  /** What `current().signal` is taken from, if not from the actor: each task of a pool is ended by itself. */
  readonly task?: CallContext | undefined;
}

interface State {
  readonly frames: AsyncLocalStorage<Frame>;
  main: Actor | undefined;
}

const state: State = singleton("context", () => ({ frames: new AsyncLocalStorage<Frame>(), main: undefined }));

/** Makes `actor` the one that acts wherever no other is known to: the isolate's main actor. */
export function setMainActor(actor: Actor): void {
  state.main = actor;
}

/** Whether the isolate has a main actor yet. */
export function hasMainActor(): boolean {
  return state.main !== undefined;
}

/** The isolate's main actor. */
export function mainActor(): Actor {
  return state.main!;
}

/** On whose behalf the running code runs. */
export function currentFrame(): Frame {
  return state.frames.getStore() ?? { actor: state.main!, call: undefined };
}

/** The actor on whose behalf the running code runs. */
export function currentActor(): Actor {
  return state.frames.getStore()?.actor ?? state.main!;
}

/** Runs `body`, and all that it starts, on behalf of `actor`. */
export function runAs<T>(actor: Actor, call: CallContext | undefined, body: () => T, task?: CallContext): T {
  // Storing a frame costs a quarter of a microsecond; the main actor of an isolate mostly needs none.
  if (call === undefined && state.frames.getStore() === undefined && actor === state.main) return body();
  return state.frames.run({ actor, call, task }, body);
}

whoActs.holder = (): Holder => currentActor().holder;
