import type { PlacementName, Process, Ref, SpawnOptions, TaskFunction } from "../../mod.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { BOUND_MS, boundedWithChildren, killChildren, until, within } from "./bounded.ts";
import { type Permits, SyncUser } from "./fixtures/sync_user.ts";
import { leaveOtherProgram } from "./other_program.ts";
import { EVERYWHERE, Place, PLACEMENTS, prepare, type Where } from "./place.ts";

export { boundedWithChildren as bounded, peek, until } from "./bounded.ts";
export { PLACEMENTS } from "./place.ts";

/** What must happen within a second has so long on a machine that others use too. */
export const SECOND_MS = 3000;

/** Every place, so that who is busy there keeps nobody else's program busy but this one's. */
export const MORTAL: readonly Where[] = [...PLACEMENTS, "remote thread"];

/** Registers a test for each place. */
export function everywhere(name: string, test: (where: Where) => Promise<void>): void {
  prepare(MORTAL);
  for (const where of MORTAL) boundedWithChildren(`${name} (${where})`, () => test(where));
}

/** What one user in each kind of place goes through. */
type Case = (where: Where, user: Ref<SyncUser>) => Promise<void>;

const cases = new Map<string, Case>();

/** Adds a case to those that `register` makes tests of: starting a user for each would take longer than they do. */
export function withUser(name: string, body: Case): void {
  cases.set(name, body);
}

/** Registers a test for each place, with a step for each case. */
export function register(title: string): void {
  prepare(EVERYWHERE);
  for (const where of EVERYWHERE) {
    Deno.test(`${title} (${where})`, async (test) => {
      const user = await spawnUser(where);
      for (const [name, body] of cases) {
        await test.step(name, async () => {
          await within(BOUND_MS, body(where, user));
          await killChildren(user.name);
        });
      }
      await killChildren();
      await leaveOtherProgram();
      assertNothingLeft();
    });
  }
}

/** Somebody who uses locks in a place. Ends with the test. */
export function spawnUser(where: Where, options: SpawnOptions = {}): Promise<Ref<SyncUser>> {
  return new Place(where).spawn(SyncUser, [], { concurrency: 64, ...options });
}

/** Starts a task in a place. Ends with the test. */
export function start<F extends TaskFunction>(
  where: Where,
  task: F,
  ...args: Parameters<F>
): Promise<Process<Awaited<ReturnType<F>>>> {
  return new Place(where).start(task, ...args);
}

/** One user in each kind of place. */
export async function oneOfEach(): Promise<Record<PlacementName, Ref<SyncUser>>> {
  const [inline, thread, process] = await Promise.all([spawnUser("inline"), spawnUser("thread"), spawnUser("process")]);
  return { inline, thread, process };
}

/** Waits until so many wait for a lock or semaphore whose home is here. */
export async function waitFor(count: number, permits: Permits): Promise<void> {
  await until(() => waitingFor(permits) === count, `${count} wait for ${Deno.inspect(permits)}`, 5000);
}

/** How many wait for a lock or semaphore whose home is here. */
function waitingFor(permits: Permits): number {
  return Number(/(\d+) waiting/.exec(Deno.inspect(permits))?.[1] ?? 0);
}

/** The promise, which must settle within a second or so. */
export function soon<T>(promise: Promise<T>, ms: number = SECOND_MS): Promise<T> {
  return within(ms, promise);
}

/** How long it takes until a promise has settled, whichever way. */
export async function timeOf(promise: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await promise.catch(() => {});
  return performance.now() - began;
}

/** What was asked for, to be awaited later: until then its failure is nobody's. */
export function later<T>(asked: PromiseLike<T>): Promise<T> {
  const promise = Promise.resolve(asked);
  promise.catch(() => {});
  return promise;
}
