import { AsyncLocalStorage } from "node:async_hooks";
import type { Account } from "../channels/kernel/account.ts";
import type { Holder } from "../channels/kernel/holder.ts";
import { singleton } from "../channels/kernel/singleton.ts";
import type { Stop } from "../channels/kernel/stop.ts";
import { whoActs } from "../channels/kernel/acting.ts";
import type { Actor } from "./actor.ts";
import type { Callable } from "./callable.ts";

/** One call that is being handled. */
export interface CallContext {
  /** Aborts when the caller has given up, or is gone. */
  readonly signal: AbortSignal;
}

/** The same as this isolate knows it. */
export interface HandledCall extends CallContext {
  /** Of the stranger that has called, if one has. */
  readonly account?: Account | undefined;
  /** How many bytes the stranger has sent; 0 if none has called. */
  readonly strangeBytes?: number;
}

/** A task of a pool at its worker. */
export interface TaskContext extends CallContext {
  /** The next request to stop that ends what the task begins. */
  readonly nextStop: Stop;
}

/** On whose behalf code runs. */
export interface Frame {
  readonly actor: Actor;
  readonly call: HandledCall | undefined;
  /** What `current().signal` is taken from, if not from the actor: each task of a pool is ended by itself. */
  readonly task?: TaskContext | undefined;
}

interface State {
  readonly frames: AsyncLocalStorage<Frame>;
  main: Actor | undefined;
  /** Makes the main actor of an isolate that was not given one. */
  makeMain: () => Actor;
  /** On whose behalf the code runs that `runAtOnce` was given, while it runs. */
  running: Frame | undefined;
}

const state: State = singleton("context", () => ({
  frames: new AsyncLocalStorage<Frame>(),
  main: undefined,
  makeMain: () => {
    throw new Error("This isolate has no main actor");
  },
  running: undefined,
}));

/** Makes `actor` the one that acts wherever no other is known to: the isolate's main actor. */
export function setMainActor(actor: Actor): void {
  state.main = actor;
}

/** Says how to make the main actor of an isolate that is not given one before anybody acts in it. */
export function provideMainActor(make: () => Actor): void {
  state.makeMain = make;
}

/** Whether the isolate has a main actor yet. */
export function hasMainActor(): boolean {
  return state.main !== undefined;
}

/** Whether it is the isolate's main actor. */
export function isMain(actor: Actor): boolean {
  return actor === state.main;
}

/** The isolate's main actor. */
export function mainActor(): Actor {
  return state.main ??= state.makeMain();
}

/** On whose behalf the running code runs. */
export function currentFrame(): Frame {
  return state.running ?? state.frames.getStore() ?? mainActor();
}

/** The actor on whose behalf the running code runs. */
export function currentActor(): Actor {
  return (state.running ?? state.frames.getStore())?.actor ?? mainActor();
}

/** Runs `body`, and all that it starts, on behalf of `actor`. */
export function runAs<T>(actor: Actor, call: HandledCall | undefined, body: () => T, task?: TaskContext): T {
  if (call === undefined && task === undefined && isAtHome(actor) && state.running === undefined) return body();
  const frame = call === undefined && task === undefined ? actor : { actor, call, task };
  return runWith(undefined, () => state.frames.run(frame, body));
}

/**
 * The same for a method that was seen to be done when it returns. Storing a frame for what goes on after that would cost
 * more than the rest of a call, and an actor that is at home needs none for that.
 */
export function runAtOnce<T>(actor: Actor, call: HandledCall | undefined, body: () => T, task?: TaskContext): T {
  if (!isAtHome(actor)) return runAs(actor, call, body, task);
  return runWith(call === undefined && task === undefined ? actor : { actor, call, task }, body);
}

/** The same for a method that others may call. */
export function runMethod(frame: Frame, { method, atOnce }: Callable, instance: object, args: unknown[]): unknown {
  const { actor, call, task } = frame;
  if (!atOnce || !isAtHome(actor)) return runAs(actor, call, () => method.apply(instance, args), task);
  const before = state.running;
  state.running = frame;
  try {
    return method.apply(instance, args);
  } finally {
    state.running = before;
  }
}

/** Whether the running code, and what it starts, counts as this actor's, handling nothing, if nobody says otherwise. */
export function isAtHome(actor: Actor): boolean {
  const frame = state.frames.getStore();
  if (frame === undefined) return actor === state.main;
  return frame.actor === actor && frame.call === undefined && frame.task === undefined;
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
whoActs.stop = (): Stop => {
  const frame = state.running ?? state.frames.getStore();
  return (frame?.task ?? frame?.actor ?? mainActor()).nextStop;
};
