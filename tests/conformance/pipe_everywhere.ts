import { deadline } from "@std/async/deadline";
import { assertRejects } from "@std/assert";
import { currentActor } from "../../actors/context.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import {
  type ActorClass,
  type Calls,
  type Connection,
  pipe,
  type PipeOptions,
  type PlacementName,
  Process,
  type Ref,
  spawn,
  type StartArgs,
  type TaskFunction,
} from "../../mod.ts";
import { EndUser } from "./fixtures/end_user.ts";

/** Every kind of place that a user of a pipe can be in. */
export const PLACEMENTS: readonly PlacementName[] = ["inline", "thread", "process"];
/** The places whose inhabitants are really stopped by `kill`, at any instruction. */
export const ELSEWHERE: readonly PlacementName[] = ["thread", "process"];
/** A whole test takes no longer on a loaded machine: a hang is a failure. */
const BOUND_MS = 20_000;
/** The first thread of a module under `deno test` has its types checked, which takes seconds. */
const START_MS = 30_000;

/** A connection, as far as what somebody elsewhere does with one can be asked for. */
export type Far = Calls<EndUser>;

/** A test's children in one place, and pipes whose home is here or there. All that is started ends with the test. */
export class World {
  constructor(readonly placement: PlacementName, readonly home: "here" | "there" = "here") {}

  /** A pipe whose home is where this world says. The caller holds both ends. */
  async pipe<Out, In = Out>(options?: PipeOptions): Promise<[Connection<Out, In>, Connection<In, Out>]> {
    if (this.home === "here") return pipe<Out, In>(options);
    const user = await this.#homeUser();
    return await user.make(options) as unknown as [Connection<Out, In>, Connection<In, Out>];
  }

  /** One end of a pipe here, the other in use there. */
  async ends<Out = unknown, In = Out>(options?: PipeOptions): Promise<[Connection<Out, In>, Far]> {
    const [here, there] = await this.pipe<Out, In>(options);
    return [here, await this.use(there as unknown as Connection<unknown>)];
  }

  /** Gives an end to somebody there; nobody here has it any more. */
  async use(end: Connection<unknown>): Promise<Far> {
    const user = this.home === "there" ? await this.#homeUser() : await this.user();
    await user.take(end);
    await end.close();
    return user;
  }

  /** Somebody there who can use an end of a pipe. */
  async user(): Promise<Far> {
    return callsOf(await this.spawn(EndUser, []));
  }

  async spawn<C extends ActorClass>(
    Class: C,
    args: StartArgs<C>,
    options: { concurrency?: number } = { concurrency: 100 },
  ): Promise<Ref<InstanceType<C>>> {
    const where = { placement: this.placement, startTimeoutMs: START_MS };
    return await spawn<ActorClass>(Class, args, { ...options, ...where }) as Ref<InstanceType<C>>;
  }

  /** Starts a task in this place. */
  async start<F extends TaskFunction>(task: F, ...args: Parameters<F>): Promise<Process<Awaited<ReturnType<F>>>> {
    return await start(this.placement, task, ...args);
  }

  #home: Promise<Far> | undefined;

  #homeUser(): Promise<Far> {
    return this.#home ??= this.user();
  }
}

/** Starts a task in a place. */
export async function start<F extends TaskFunction>(
  placement: PlacementName,
  task: F,
  ...args: Parameters<F>
): Promise<Process<Awaited<ReturnType<F>>>> {
  const options = { placement, handleSignals: false, startTimeoutMs: START_MS };
  const process = new Process(task as TaskFunction, args, options);
  await process.start();
  return process as Process<Awaited<ReturnType<F>>>;
}

/** The calls of an actor, bounded by the test's bound alone. */
export function callsOf<T>(ref: Ref<T>): Ref<T>["call"] {
  return ref.with({ timeoutMs: BOUND_MS }).call;
}

/** Both places where a pipe between here and there can have its home. */
export const BOTH_HOMES: readonly ("here" | "there")[] = ["here", "there"];

export interface Where {
  readonly placements?: readonly PlacementName[];
  /** Where the pipe of the test is made: by the test, or by the one at the other end. */
  readonly homes?: readonly ("here" | "there")[];
  readonly boundMs?: number;
}

/** Registers a test for each placement of the one at the other end. Nothing may be left after it, and it may not hang. */
export function everywhere(
  name: string,
  test: (world: World) => Promise<void>,
  { placements = PLACEMENTS, homes = ["here"], boundMs }: Where = {},
): void {
  for (const placement of placements) {
    for (const home of homes) {
      const where = home === "here" ? placement : `${placement}, which made the pipe`;
      bounded(`${name} (${where})`, () => test(new World(placement, home)), boundMs);
    }
  }
}

/** Registers a test that fails when it takes too long or leaves anything but its children, which are ended. */
export function bounded(name: string, test: () => Promise<void>, boundMs: number = BOUND_MS): void {
  Deno.test(name, async () => {
    try {
      await deadline(test(), boundMs);
    } finally {
      const children = [...currentActor().children];
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => child.exited));
    }
    assertNothingLeft();
  });
}

/** What a promise has come to so far. */
export function watched<T>(promise: Promise<T>): { readonly state: "pending" | "fulfilled" | "rejected" } {
  const watch = { state: "pending" as "pending" | "fulfilled" | "rejected" };
  promise.then(() => watch.state = "fulfilled", () => watch.state = "rejected");
  return watch;
}

/** The error that a promise rejects with, expected from now on: it may reject before anybody waits for it. */
export async function rejection<E extends Error>(
  promise: Promise<unknown>,
  // deno-lint-ignore no-explicit-any -- of whatever arguments it is made
  Class: abstract new (...args: any[]) => E,
): Promise<E> {
  return await assertRejects(() => promise, Class);
}

/** Lets everything happen that does not wait for somebody elsewhere. */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for a fact that nobody announces. */
export async function until(
  fact: () => boolean | Promise<boolean>,
  what: string,
  boundMs: number = BOUND_MS,
): Promise<void> {
  for (const end = Date.now() + boundMs; !await fact();) {
    if (Date.now() > end) throw new Error(`It did not come true within ${boundMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The numbers from 0 up to, and without, `to`. */
export function range(to: number): number[] {
  return Array.from({ length: to }, (_, index) => index);
}
