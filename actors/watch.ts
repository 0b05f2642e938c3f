import type { Exit } from "../channels/exit.ts";
import { Lease } from "../channels/kernel/holder.ts";
import { brief } from "../channels/kernel/show.ts";
import { whenDone } from "../channels/settling.ts";
import { checkOptions, type OptionNames } from "../channels/kernel/options.ts";
import { behindFace } from "./contact.ts";
import { currentActor } from "./context.ts";
import type { Down } from "./hooks.ts";
import type { Process } from "./process.ts";
import type { Ref } from "./ref.ts";
import { watchLives } from "./supervision/lives.ts";
import type { Supervisor } from "./supervision/supervisor.ts";

/** What can be watched: a ref, a process, a supervisor. */
export type Watchable = Ref | Process | Supervisor;

/** What `watch` takes. */
export interface WatchOptions {
  /** Whether to tell of each life of a supervised actor, and not only of the last one's end; false when left out. */
  readonly restarts?: boolean | undefined;
}

const WATCH_OPTIONS: OptionNames<WatchOptions> = { restarts: true };

/** The news of one that is watched with `restarts`. */
export interface Life<R = Ref> {
  /** The ref, process or supervisor that was given to `watch`. */
  readonly ref: R;
  /** `"down"`: it has ended, and may come back. `"up"`: it is back. `"over"`: it will not come back. */
  readonly state: "down" | "up" | "over";
  /** How its last life ended. */
  readonly exit: Exit;
  /** How often it has come back so far. */
  readonly restarts: number;
}

/**
 * Tells of an actor's end, once, whatever it dies of. (Erlang's `monitor`.)
 *
 * - **Once**: the listener gets one {@linkcode Down}, when the actor has ended; at once (but not before this returns) if
 *   it is gone already. What it had sent to the watcher before has arrived by then.
 * - **Hook**: an actor's own `onDown`, if it has one, runs for everybody that the actor watches; then the listener may be
 *   left out. It takes its turn among the actor's messages.
 * - **Restarts**: a supervised actor has ended when it will not come back. With `restarts` the listener hears of each of
 *   its lives instead, and no hook does: {@linkcode Life} when it is down, when it is up again, and once, at last, that it is
 *   over. Of what happens faster than it can be told only the latest 16 are.
 * - **Watcher**: watching ends with the actor that watches, and keeps neither side alive. What the listener throws is an
 *   error that nobody caught: it ends the actor that watches, as it would in a timer.
 * - **Disposing** of the result ends it: then nothing is told any more.
 *
 * @param ref whom to watch
 * @param listener told of the end, or of each life
 * @param options whether it is told of each life
 * @throws {TypeError} If there is nothing to watch, or nobody to tell.
 *
 * @example Hear of a death
 * ```ts
 * import { actor, type Exit, spawn, watch } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Worker {}
 * actor(import.meta.url, Worker);
 *
 * const worker = await spawn(Worker, [], { placement: "inline" });
 * const ended = new Promise<Exit>((resolve) => watch(worker, (down) => resolve(down.exit)));
 * await worker.kill();
 * assertEquals((await ended).reason, "killed");
 * ```
 *
 * @example Hear of restarts
 * ```ts
 * import { actor, child, supervise, watch } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Worker {}
 * actor(import.meta.url, Worker);
 *
 * await using app = await supervise({ worker: child(Worker, [], { placement: "inline" }) });
 * const up = Promise.withResolvers<number>();
 * using _watching = watch(app.refs.worker, ({ state, restarts }) => {
 *   if (state === "up") up.resolve(restarts);
 * }, { restarts: true });
 * await app.refs.worker.kill();
 * assertEquals(await up.promise, 1);
 * ```
 */
export function watch<R extends Watchable>(
  ref: R,
  listener: (life: Life<R>) => void,
  options: WatchOptions & { readonly restarts: true },
): Disposable;
/** The same, of the end alone. */
export function watch<R extends Watchable>(
  ref: R,
  listener?: (down: Down<R>) => void,
  options?: WatchOptions & { readonly restarts?: false | undefined },
): Disposable;
export function watch<R extends Watchable>(
  ref: R,
  listener?: ((down: Down<R>) => void) | ((life: Life<R>) => void),
  options: WatchOptions = {},
): Disposable {
  const { restarts = false } = checkOptions("watch", options, WATCH_OPTIONS);
  if (typeof restarts !== "boolean") {
    throw new TypeError(`Cannot watch: restarts must be a boolean, not ${brief(restarts)}`);
  }
  if (listener !== undefined && typeof listener !== "function") {
    throw new TypeError(`Cannot watch: the listener must be a function, not ${brief(listener)}`);
  }
  const exited = (ref as { readonly exited?: Promise<Exit> } | undefined)?.exited;
  if (!(exited instanceof Promise)) {
    throw new TypeError(`Cannot watch: a ref, a process or a supervisor is needed, not ${brief(ref)}`);
  }
  const actor = currentActor();
  if (restarts) {
    if (listener === undefined) throw new TypeError("Cannot watch: to hear of restarts a listener is needed");
    const contact = behindFace(ref);
    if (contact === undefined) {
      throw new TypeError(`Cannot watch: a ref, a process or a supervisor is needed, not ${brief(ref)}`);
    }
    return watchLives(contact, ([state, exit, restarts]) => {
      (listener as (life: Life<R>) => void)({ ref, state, exit, restarts });
    });
  }
  if (listener === undefined && !actor.hasMethods) {
    throw new TypeError(`Cannot watch: without a listener somebody's onDown is needed, and ${actor.name} has none`);
  }
  const ended = Promise.withResolvers<Exit>();
  let watching = true;
  const unhear = whenDone(exited, ended.resolve);
  const unwatch = () => {
    watching = false;
    lease.end();
    unhear();
  };
  const lease = new Lease(actor.holder, unwatch);
  const told = async () => {
    const exit = await ended.promise;
    if (!watching) return;
    lease.end();
    const down: Down<R> = { ref, exit };
    actor.hearOf(down as Down);
    (listener as ((down: Down<R>) => void) | undefined)?.(down);
  };
  void told();
  return { [Symbol.dispose]: unwatch };
}
