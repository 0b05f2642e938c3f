import {
  type ActorClass,
  type Calls,
  type Connection,
  pipe,
  type PipeOptions,
  type PlacementName,
  type Ref,
  type SpawnOptions,
  type StartArgs,
} from "../../mod.ts";
import { BOUND_MS, boundedWithChildren } from "./bounded.ts";
import { EndUser } from "./fixtures/end_user.ts";
import { Place, PLACEMENTS } from "./place.ts";

export { boundedWithChildren as bounded, range, rejection, turns, until } from "./bounded.ts";
export { ELSEWHERE, PLACEMENTS } from "./place.ts";

/** A connection, as far as what somebody elsewhere does with one can be asked for. */
export type Far = Calls<EndUser>;

/** A test's children in one place, and pipes whose home is here or there. All that is started ends with the test. */
export class World extends Place {
  constructor(placement: PlacementName, readonly home: "here" | "there" = "here") {
    super(placement);
  }

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

  override spawn<C extends ActorClass>(
    Class: C,
    args: StartArgs<C>,
    options?: SpawnOptions,
  ): Promise<Ref<InstanceType<C>>> {
    return super.spawn(Class, args, { concurrency: 100, ...options });
  }

  #home: Promise<Far> | undefined;

  #homeUser(): Promise<Far> {
    return this.#home ??= this.user();
  }
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
      boundedWithChildren(`${name} (${where})`, () => test(new World(placement, home)), boundMs);
    }
  }
}

/** What a promise has come to so far. */
export function watched<T>(promise: Promise<T>): { readonly state: "pending" | "fulfilled" | "rejected" } {
  const watch = { state: "pending" as "pending" | "fulfilled" | "rejected" };
  promise.then(() => watch.state = "fulfilled", () => watch.state = "rejected");
  return watch;
}
