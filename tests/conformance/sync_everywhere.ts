import { deadline } from "@std/async/deadline";
import { currentActor } from "../../actors/context.ts";
import { type PlacementName, type Ref, spawn, type SpawnOptions } from "../../mod.ts";
import { type Permits, SyncUser } from "./fixtures/sync_user.ts";
import * as tests from "./process_everywhere.ts";
import { PLACEMENTS, until } from "./process_everywhere.ts";

export { peek, PLACEMENTS, until } from "./process_everywhere.ts";

/** What must happen within a second has so long on a machine that others use too. */
export const SECOND_MS = 3000;

/** Registers a test that may not hang, nor leave anything once its children have been killed. */
export function bounded(name: string, test: () => Promise<void>, boundMs?: number): void {
  const killing = async () => {
    try {
      await test();
    } finally {
      const children = [...currentActor().children];
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => child.exited));
    }
  };
  tests.bounded(name, killing, boundMs);
}

/** Registers one for each placement. */
export function everywhere(name: string, test: (placement: PlacementName) => Promise<void>): void {
  for (const placement of PLACEMENTS) bounded(`${name} (${placement})`, () => test(placement));
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
