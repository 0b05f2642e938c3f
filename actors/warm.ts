import { outside } from "../channels/kernel/acting.ts";
import { checkSize } from "../channels/argument.ts";
import { type Definition, registrationOf } from "./definition.ts";
import { startError } from "./start_deadline.ts";

/**
 * Keeps spare threads ready for a definition, so that starting it in a thread takes a few milliseconds instead of a
 * launch. Whatever starts it, be it `spawn`, a `Process` or a supervisor of the caller's isolate, takes a spare if one waits.
 *
 * - A spare has loaded what every thread needs, and nothing of yours: the definition's module is imported when an actor is
 *   started in it, as ever.
 * - One that is taken is replaced soon after its actor runs. If none waits, a start takes as long as without.
 * - Spares use no processor, do not keep the program alive, and end with it.
 *
 * Python's nearest is `set_forkserver_preload`.
 *
 * @param definition a class registered by `actor`, or a function registered by `task`
 * @param count how many to keep; 1 when left out
 * @returns resolves when they wait; ends them when disposed of, and no actor
 * @throws {TypeError} If the definition is not registered, or the count is no number.
 * @throws {StartError} If a thread could not be launched; then none is kept.
 * @throws {RangeError} If the count is not a whole number above 0.
 *
 * @example Keep one spare thread
 * ```ts
 * import { actor, warm } from "@troupe/troupe";
 *
 * class Resizer {}
 * actor(import.meta.url, Resizer);
 *
 * await using _spare = await warm(Resizer);
 * ```
 */
export async function warm(definition: Definition, count: number = 1): Promise<AsyncDisposable> {
  const { name, moduleUrl } = registrationOf("warm", definition);
  checkSize(`warm ${name}`, "count", count, 1);
  const imports = [moduleUrl];
  const { spareThreads } = await outside(() => import("./placement/spare_threads.ts"));
  await spareThreads.keep(imports, count).catch((error) => {
    throw startError(`warm ${name}`, error);
  });
  let given: Promise<void> | undefined;
  return { [Symbol.asyncDispose]: () => given ??= spareThreads.give(imports, count) };
}
