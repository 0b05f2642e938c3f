import { deadline } from "@std/async/deadline";
import { currentActor } from "../../actors/context.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { type PlacementName, type Ref, spawn, type SpawnOptions } from "../../mod.ts";
import { type Permits, SyncUser } from "./fixtures/sync_user.ts";
import * as tests from "./process_everywhere.ts";
import { PLACEMENTS, until } from "./process_everywhere.ts";

export { peek, PLACEMENTS, until } from "./process_everywhere.ts";

/** What must happen within a second has so long on a machine that others use too. */
export const SECOND_MS = 3000;

async function killChildren(but?: string): Promise<void> {
  const children = [...currentActor().children].filter(({ name }) => name !== but);
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
}

/** Registers a test that may not hang, nor leave anything once its children have been killed. */
export function bounded(name: string, test: () => Promise<void>, boundMs?: number): void {
  const killing = async () => {
    try {
      await test();
    } finally {
      await killChildren();
    }
  };
  tests.bounded(name, killing, boundMs);
}

/** Registers one for each placement. */
export function everywhere(name: string, test: (placement: PlacementName) => Promise<void>): void {
  for (const placement of PLACEMENTS) bounded(`${name} (${placement})`, () => test(placement));
}

/** What one user in each kind of place goes through. */
type Case = (placement: PlacementName, user: Ref<SyncUser>) => Promise<void>;

const cases = new Map<string, Case>();

/** Adds a case to those that `register` makes tests of: starting a user for each would take longer than they do. */
export function withUser(name: string, body: Case): void {
  cases.set(name, body);
}

/** Registers a test for each placement, with a step for each case. */
export function register(title: string): void {
  for (const placement of PLACEMENTS) {
    Deno.test(`${title} (${placement})`, async (test) => {
      const user = await spawnUser(placement);
      for (const [name, body] of cases) {
        await test.step(name, async () => {
          await deadline(body(placement, user), tests.BOUND_MS);
          await killChildren(user.name);
        });
      }
      await killChildren();
      assertNothingLeft();
    });
  }
}

/** Somebody who uses locks in a place. Ends with the test. */
export function spawnUser(placement: PlacementName, options: SpawnOptions = {}): Promise<Ref<SyncUser>> {
  return spawn(SyncUser, [], { placement, concurrency: 64, ...options });
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
  return deadline(promise, ms);
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
