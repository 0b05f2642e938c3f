import type { Exit } from "../channels/exit.ts";
import { Lease } from "../channels/kernel/holder.ts";
import { brief } from "../channels/kernel/show.ts";
import { whenDone } from "../channels/settling.ts";
import { currentActor } from "./context.ts";
import type { Down } from "./hooks.ts";
import type { Process } from "./process.ts";
import type { Ref } from "./ref.ts";
import type { Supervisor } from "./supervision/supervisor.ts";

/** What can be watched: a ref, a process, a supervisor. */
// deno-lint-ignore no-explicit-any -- a ref to any actor, whatever its methods
export type Watchable = Ref<any> | Process | Supervisor<any>;

/**
 * Tells of an actor's end, once, whatever it dies of. (Erlang's `monitor`.)
 *
 * - **Once**: the listener gets one {@linkcode Down}, when the actor has ended; at once (but not before this returns) if
 *   it is gone already. What it had sent to the watcher before has arrived by then.
 * - **Hook**: an actor's own `onDown`, if it has one, runs for everybody that the actor watches; then the listener may be
 *   left out. It takes its turn among the actor's messages.
 * - **Restarts**: a supervised actor has ended when it will not come back.
 * - **Watcher**: watching ends with the actor that watches, and keeps neither side alive. What the listener throws is an
 *   error that nobody caught: it ends the actor that watches, as it would in a timer.
 * - **Disposing** of the result ends it: then nothing is told any more.
 *
 * @param ref whom to watch
 * @param listener told of the end
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
 */
export function watch<R extends Watchable>(ref: R, listener?: (down: Down<R>) => void): Disposable {
  if (listener !== undefined && typeof listener !== "function") {
    throw new TypeError(`Cannot watch: the listener must be a function, not ${brief(listener)}`);
  }
  const exited = (ref as { readonly exited?: Promise<Exit> } | undefined)?.exited;
  if (!(exited instanceof Promise)) {
    throw new TypeError(`Cannot watch: a ref, a process or a supervisor is needed, not ${brief(ref)}`);
  }
  const actor = currentActor();
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
    listener?.(down);
  };
  void told();
  return { [Symbol.dispose]: unwatch };
}
