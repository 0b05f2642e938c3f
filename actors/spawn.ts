import { checkOptions } from "../channels/kernel/options.ts";
import { makeRef } from "./actor_ref.ts";
import { currentActor } from "./context.ts";
import { type Definition, registrationOf, type TaskFunction } from "./definition.ts";
import { Process } from "./process.ts";
import type { Ref } from "./ref.ts";
import { checkArgs, planOf, SPAWN_OPTIONS, type SpawnOptions } from "./spawn_options.ts";
import { prepare } from "./start.ts";
import { assertMayStart } from "./start_guard.ts";

/** The arguments that a definition is started with. */
export type StartArgs<D> = D extends abstract new (...a: infer A) => unknown ? A
  : D extends (...a: infer A) => unknown ? A
  : never;

/** What one gets for starting a definition: a ref to an actor, or a process that runs a task. */
export type Handle<D> = D extends abstract new (...a: never) => infer T ? Ref<T>
  : D extends TaskFunction ? Process<Awaited<ReturnType<D>>>
  : never;

/** Arguments may be left out only where the definition needs none. */
export type ArgsThenOptions<A extends readonly unknown[], O> = [] extends A ? [args?: Readonly<A>, options?: O]
  : [args: Readonly<A>, options?: O];

/**
 * Starts an actor, or a task as a process, and resolves when it runs: its constructor and `onStart` are done.
 *
 * - **Placement**: a worker thread of this program when left out; `"process"` for a subprocess, `"inline"` for this
 *   isolate. Same types, same results, same errors.
 * - **Life**: it ends with the actor that spawned it. Being a daemon, it does not keep the program alive.
 * - **Failure** to start leaves nothing running.
 * - **Cancellation**: when `signal` aborts before it runs, the promise rejects with the signal's reason, and nothing is
 *   left running.
 *
 * @param definition a class registered by `actor`, or a function registered by `task`
 * @param rest the arguments of the constructor or function, as an array, and options
 * @returns a ref to the actor, which stops it when disposed of; for a task its process, started
 * @throws {TypeError} If the definition is not registered or an option has the wrong type.
 * @throws {NotSerializableError} If an argument cannot travel.
 * @throws {StartError} If it could not start; the `cause` is what was thrown. If the placement cannot enforce an option.
 *
 * @example Spawn an actor and call it
 * ```ts
 * import { actor, spawn } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * class Greeter {
 *   constructor(private greeting: string) {}
 *   greet(name: string): string {
 *     return `${this.greeting}, ${name}!`;
 *   }
 * }
 * actor(import.meta.url, Greeter);
 *
 * await using greeter = await spawn(Greeter, ["Hello"], { placement: "inline" });
 * assertEquals(await greeter.call.greet("world"), "Hello, world!");
 * ```
 */
export async function spawn<D extends Definition>(
  definition: D,
  ...rest: ArgsThenOptions<StartArgs<D>, SpawnOptions>
): Promise<Handle<D>> {
  const [args = [], options = {}] = rest as unknown as [unknown[]?, SpawnOptions?];
  const registration = registrationOf("spawn", definition);
  const action = `spawn ${registration.name}`;
  checkArgs(action, args);
  checkOptions(action, options, SPAWN_OPTIONS);
  if (registration.kind === "task") {
    const process = new Process(definition as TaskFunction, args as never[], { daemon: true, ...options });
    await process.start();
    return process as Handle<D>;
  }
  const parent = currentActor();
  const base = {
    registration,
    name: `${registration.name}-${parent.spawned + 1}`,
    path: parent.plan.path,
    daemon: true,
    holder: parent.holder,
  };
  const plan = planOf(action, base, options);
  assertMayStart(action);
  const prepared = prepare(plan, parent, options);
  parent.spawned++;
  const launching = prepared.launch(args);
  if (launching !== undefined) await launching;
  return makeRef(prepared.contact) as unknown as Handle<D>;
}
