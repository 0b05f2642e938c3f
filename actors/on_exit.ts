import { checkNumber } from "../channels/argument.ts";
import { checkOptions } from "../channels/kernel/options.ts";
import { currentActor } from "./context.ts";
import { EXIT_HOOK_OPTIONS, type ExitHookOptions } from "./exit_hooks.ts";
import { watchProgram } from "./program.ts";

/**
 * Runs a function at the end of the actor that calls this, or of the program when the program itself does.
 *
 * - **Order**: higher priority first; among equals the last registered first. (Python's `util.Finalize`.)
 * - **When**: after an orderly end, an uncaught error in an actor, or `current().exit()`; promises are waited for. At
 *   `Deno.exit()` in the program only what runs at once still happens. Ctrl-C, SIGTERM and SIGHUP end a program in
 *   order where they are handled: once a {@linkcode Process} was started, or with `signals: true` of
 *   {@linkcode supervise}. Not when killed. (Python's `atexit` does not run at SIGTERM.)
 *
 * - **In a program that a signal ends**, `current().signal` of the program aborts first; at the same moment all children and
 *   pools are asked to stop, and a second Ctrl-C or SIGTERM ends everything at once. What a child or a pool's worker is doing it
 *   may finish within 5 s, after which it is killed; nothing new is started. Then the functions of the program run: they find
 *   no child and no pool at work. What has to happen before that, as to take no more requests, is for a listener to
 *   `current().signal`. A program that needs longer does without `signals: true` (and with `handleSignals: false` of each
 *   process), has a `Deno.addSignalListener` of its own, and closes and joins its pools itself. Such a listener
 *   runs beside ours otherwise.
 *
 * @param run the function; what it throws is told on standard error and stops no other
 * @returns disposing takes the function back
 * @throws {TypeError} If `run` is no function or the priority no number.
 *
 * @example Clean up at the end of a task
 * ```ts
 * import { onExit, Process, Queue, task } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * function work(log: Queue<string>): void {
 *   onExit(() => log.put("later"));
 *   onExit(() => log.put("earlier"), { priority: 10 });
 * }
 * task(import.meta.url, work);
 *
 * const log = new Queue<string>();
 * const p = new Process(work, [log], { placement: "inline" });
 * await p.start();
 * await p.join();
 * assertEquals([await log.get(), await log.get()], ["earlier", "later"]);
 * ```
 *
 * @example Clean up when a container is stopped, by SIGTERM
 * ```ts
 * import { onExit, supervise } from "@troupe/troupe";
 *
 * await using _app = await supervise({}, { signals: true });
 * using _goodbye = onExit(() => console.log("stopped, in order"));
 * ```
 */
export function onExit(run: () => unknown, options: ExitHookOptions = {}): Disposable {
  if (typeof run !== "function") throw new TypeError(`Cannot register an exit function: it is ${typeof run}`);
  const { priority = 0 } = checkOptions("register an exit function", options, EXIT_HOOK_OPTIONS);
  checkNumber("register an exit function", "priority", priority);
  watchProgram();
  return currentActor().exitHooks.add(run, priority);
}
