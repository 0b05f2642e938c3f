import type { Exit } from "../channels/exit.ts";
import type { OptionNames } from "../channels/kernel/options.ts";
import type { Movable } from "../channels/kernel/packet.ts";
import { WAIT_OPTIONS, type WaitOptions } from "../channels/kernel/wait.ts";
import type { PlacementName } from "./contact.ts";

/** The names of the methods with a meaning of their own. */
export type HookName = "onStart" | "onStop" | "onDown" | "onError";

/**
 * The names of the methods that can be called. Types do not tell a method from a property that holds a function (an
 * interface may write its methods as properties); to call such a property of a class is a `TypeError` that says so.
 */
export type Callable<T> = {
  [K in keyof T]: K extends HookName | "then" | "constructor" | `_${string}` | symbol | number ? never
    : T[K] extends (...a: never) => unknown ? K
    : never;
}[keyof T];

/** What a call gives for a method that returns `R`: a promise, or the items of a generator. */
export type Reply<R> = [R] extends [never] ? Promise<never>
  : [R] extends [Iterator<infer Y, unknown, never> | AsyncIterator<infer Y, unknown, never>] ? AsyncIterableIterator<Y>
  : Promise<Awaited<R>>;

/** A method as others call it. One that already returns a promise or async iterator is kept, overloads and all. */
export type Call<M> = M extends (...a: infer A) => infer R ? [R] extends [never] ? (...a: A) => Promise<never>
  : [R] extends [Promise<unknown>] | [AsyncIterableIterator<unknown>] ? M
  : (...a: A) => Reply<R>
  : never;

/** The methods of an actor, each giving a promise or an async iterator. */
export type Calls<T> = { readonly [K in Callable<T>]: Call<T[K]> };

/** The methods of an actor, sent one way. */
export type Casts<T> = {
  readonly [K in Callable<T>]: T[K] extends (...a: infer A) => unknown ? (...a: A) => void : never;
};

/** The instance type of a class; anything else stands for itself. */
export type Instance<D> = D extends abstract new (...a: never) => infer T ? T : D;

/** What `Ref.with` takes. */
export interface CallOptions extends WaitOptions {
  /** Milliseconds until `TimeoutError`, 5000 when left out; of a generator, the wait for each item when given. */
  readonly timeoutMs?: number | undefined;
  /** Objects in the arguments to move instead of copying. */
  readonly transfer?: readonly Movable[] | undefined;
  /**
   * How often to send the call again when the actor died before it answered, and lives again; 0 when left out. It may
   * then run more than once.
   */
  readonly retries?: number | undefined;
}

/** The names of `CallOptions`. */
export const CALL_OPTIONS: OptionNames<CallOptions> = { ...WAIT_OPTIONS, transfer: true, retries: true };

/** What `stop` takes. */
export interface StopOptions {
  /** Milliseconds until it is killed, 5000 when left out. */
  readonly graceMs?: number | undefined;
}

/** The names of `StopOptions`. */
export const STOP_OPTIONS: OptionNames<StopOptions> = { graceMs: true };

/**
 * A handle to an actor: how to talk to it, and how to end it.
 *
 * - **Order**: what one sender sends to one actor is handled in the order in which it was sent, calls and casts alike.
 * - **Settling**: every call settles: with the result, with what the handler threw, with `TimeoutError`, with the abort
 *   reason, or with `ActorExitedError`. A reply that comes later is dropped.
 * - **Delivery**: at most once, unless `retries` asks for more.
 * - **Errors**: what the handler of a call throws rejects that call, and the actor lives. What that of a cast throws ends
 *   the actor, unless its `onError` decides otherwise.
 * - **Cancellation**: when the caller has given up, the handler's `current().call.signal` aborts; it may go on.
 * - **Streams**: the call of a generator method is iterated, not awaited. The next item is made when it is asked for, and
 *   leaving the loop runs the generator's `finally`.
 * - **Travel**: a ref can be sent anywhere, and works there.
 * - **Disposal** stops the actor, if done by the actor that spawned it.
 *
 * @example Call, cast, and iterate
 * ```ts
 * import { actor, spawn } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Counter {
 *   #n = 0;
 *   add(by: number): number {
 *     return this.#n += by;
 *   }
 *   *countdown(): Generator<number> {
 *     for (let n = this.#n; n > 0; n--) yield n;
 *   }
 * }
 * actor(import.meta.url, Counter);
 *
 * await using counter = await spawn(Counter, [], { placement: "inline" });
 * counter.cast.add(1);
 * assertEquals(await counter.with({ timeoutMs: 1000 }).call.add(2), 3);
 * assertEquals(await Array.fromAsync(counter.call.countdown()), [3, 2, 1]);
 * ```
 */
export interface Ref<D = unknown> extends AsyncDisposable {
  /** Where the actor lives, as people read it; not enough to reach it. */
  readonly address: string;
  /** How people read it. */
  readonly name: string;
  /** What kind of place it lives in. */
  readonly placement: PlacementName;
  /** False once it is known to have ended. */
  readonly alive: boolean;
  /** How it ended, once it has. Never rejects. */
  readonly exited: Promise<Exit>;
  /**
   * Calls a method and gives its result; at most 5 s from now unless `with` says otherwise. Rejects with
   * `NotSerializableError` when an argument or the result cannot travel. (OTP's `gen_server:call`.)
   */
  readonly call: Calls<Instance<D>>;
  /**
   * Sends a message that nobody answers. To the dead it is a dead letter; what cannot travel throws, at once. (OTP's
   * `gen_server:cast`.)
   */
  readonly cast: Casts<Instance<D>>;
  /** The same with other options. */
  with(options: CallOptions): Pick<Ref<D>, "call" | "cast">;
  /** Resolves when a cast would not have to wait for room. Rejects with `ActorExitedError` when there will be none. */
  ready(options?: WaitOptions): Promise<void>;
  /**
   * Asks it to end: it takes nothing new, handles what is queued, stops its children, runs `onStop`. Kills it after the
   * grace. Its waits at channels and locks, those of its handlers too, then reject with the reason of `current().signal`; a
   * cast, or a loop of its own, that rejects with this reason has not failed. Queued messages may wait as always when
   * their turn comes, each for its share of the grace.
   */
  stop(options?: StopOptions): Promise<Exit>;
  /** Ends it at once, busy or not. */
  kill(): Promise<Exit>;
}
