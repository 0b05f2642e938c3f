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
  /** On whose behalf the code runs that `runAtOnce` was given, while it runs. */
  running: Frame | undefined;
}

const state: State = singleton("context", () => ({
  frames: new AsyncLocalStorage<Frame>(),
  main: undefined,
  running: undefined,
}));

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
  return state.running ?? state.frames.getStore() ?? { actor: state.main!, call: undefined };
}

/** The actor on whose behalf the running code runs. */
export function currentActor(): Actor {
  return (state.running ?? state.frames.getStore())?.actor ?? state.main!;
}

/** Runs `body`, and all that it starts, on behalf of `actor`. */
export function runAs<T>(actor: Actor, call: CallContext | undefined, body: () => T, task?: CallContext): T {
  if (call === undefined && task === undefined && isFallback(actor) && state.running === undefined) return body();
  return runWith(undefined, () => state.frames.run({ actor, call, task }, body));
}

/**
 * The same for a method that was seen to be done when it returns. Storing a frame for what goes on after that would cost
 * more than the rest of a call; the main actor of an isolate needs none for that.
 */
export function runAtOnce<T>(actor: Actor, call: CallContext | undefined, body: () => T): T {
  return isFallback(actor) ? runWith({ actor, call }, body) : runAs(actor, call, body);
}

/** Whether code that nothing is known of counts as this actor's, here and now. */
function isFallback(actor: Actor): boolean {
  return actor === state.main && state.frames.getStore() === undefined;
}

function runWith<T>(frame: Frame | undefined, body: () => T): T {
  const before = state.running;
  state.running = frame;
  try {
    return body();
  } finally {
    state.running = before;
  }
}

whoActs.holder = (): Holder => currentActor().holder;
