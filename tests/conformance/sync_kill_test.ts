/**
 * Random users of everything that one can wait for, of whom some are killed at random moments. Each seed is a schedule
 * with primitives of its own, on which those go on who survived the last one; `TROUPE_SOAK=1` runs 500 of them.
 */

import { assertEquals } from "@std/assert";
import { delay } from "@std/async";
import {
  ActorExitedError,
  Barrier,
  BoundedSemaphore,
  Condition,
  EventFlag,
  Lock,
  type PlacementName,
  type Ref,
  RLock,
  Semaphore,
  SharedValue,
  spawn,
} from "../../mod.ts";
import { firstSeed, rounds } from "../soak.ts";
import { type Random, random } from "./fixtures/random.ts";
import { type Deeds, type Primitives, SyncSurvivor } from "./fixtures/sync_survivor.ts";
import { bounded, later, PLACEMENTS, SECOND_MS, soon, until } from "./sync_everywhere.ts";

const SEEDS = rounds(30, 500);
const FIRST_SEED = firstSeed(1);
const USERS = 4;
/** How long each seed may take altogether. */
const SEED_MS = 20_000;

interface User {
  readonly ref: Ref<SyncSurvivor>;
  readonly placement: PlacementName;
  readonly pid: number;
}

async function spawnUser(placement: PlacementName): Promise<User> {
  const ref = await spawn(SyncSurvivor, [], { placement, concurrency: 8 });
  return { ref, placement, pid: await ref.call.pid() };
}

function make(): Primitives {
  return {
    lock: new Lock(),
    rlock: new RLock(),
    semaphore: new Semaphore(2),
    bounded: new BoundedSemaphore(2),
    condition: new Condition(),
    flag: new EventFlag(),
    barrier: new Barrier(2),
    owner: new SharedValue("int32"),
  };
}

/** Brings about, again and again, what the others wait for; nobody who is dead may keep it from that. */
async function bringAbout({ condition, flag, barrier }: Primitives, ended: () => boolean): Promise<void> {
  for (let round = 0; !ended(); round++) {
    {
      using _held = await condition.lock.acquire();
      await condition.notifyAll();
    }
    await flag.set();
    await delay(1);
    await flag.clear();
    // The others may be waiting for something else, and so for ever not for this.
    if (await barrier.broken() || (round % 4 === 3 && await barrier.waiting() > 0)) await barrier.reset();
  }
}

/** Ends somebody in one of the ways in which one can end. */
function end({ ref, placement, pid }: User, chance: Random): void {
  const way = chance(placement === "process" ? 4 : 3);
  if (way === 0) ref.cast.throw();
  else if (way === 1) ref.cast.leave();
  else if (way === 2) void ref.kill();
  else Deno.kill(pid, "SIGKILL");
}

async function schedule(users: User[], seed: number): Promise<number> {
  const chance = random(seed);
  const primitives = make();
  let ended = false;
  const helping = later(bringAbout(primitives, () => ended));
  // Without the help nobody can go on.
  const goesWrong = new Promise<never>((_, reject) => void helping.catch(reject));
  goesWrong.catch(() => {});
  const runs = users.map(({ ref }, id) =>
    later<Deeds>(ref.with({ timeoutMs: Infinity }).call.run(primitives, id + 1, chance(2 ** 30)))
  );
  const victims = new Set<number>();
  for (let deaths = 1 + Number(chance(4) === 0); deaths > 0; deaths--) {
    await delay(chance(25));
    const victim = chance(users.length);
    victims.add(victim);
    if (users[victim].ref.alive) end(users[victim], chance);
    await within(users[victim].ref.exited, () => `${who(users[victim])} ends`, primitives);
    await Promise.all(users.map(async (user, index) => {
      // A run that ends by now has failed, and says why.
      if (!victims.has(index)) await Promise.race([progress(user, primitives), runs[index], goesWrong]);
    }));
  }
  for (const [index, { ref }] of users.entries()) if (!victims.has(index)) ref.cast.finish();
  let abandoned = 0;
  for (const [index, run] of runs.entries()) {
    const settled = run.catch((error) => {
      if (victims.has(index) && error instanceof ActorExitedError) return undefined;
      throw error;
    });
    const deeds = await within(settled, () => `${who(users[index])} finishes`, primitives);
    abandoned += deeds?.abandoned ?? 0;
  }
  ended = true;
  await within(helping, () => "the helper finishes", primitives);
  await assertFree(primitives);
  for (const victim of victims) users[victim] = await spawnUser(PLACEMENTS[chance(PLACEMENTS.length)]);
  return abandoned;
}

/** Waits until somebody has done something more. */
async function progress(user: User, primitives: Primitives): Promise<void> {
  const { steps } = user.ref.call;
  const goesOn = async () => {
    for (const before = await steps(); await steps() === before;) {
      await delay(2);
    }
  };
  await within(goesOn(), () => `${who(user)} goes on`, primitives);
}

/** What must come about within a second; else it is said how everything is. */
async function within<T>(promise: Promise<T>, what: () => string, primitives: Primitives): Promise<T> {
  try {
    return await soon(promise);
  } catch (cause) {
    throw new Error(`Not within ${SECOND_MS} ms: ${what()}: ${Deno.inspect(primitives)}`, { cause });
  }
}

function who({ ref, placement }: User): string {
  return `${ref.name} (${ref.address}, ${placement})`;
}

async function assertFree({ lock, rlock, semaphore, bounded, condition, flag, barrier }: Primitives): Promise<void> {
  const shown = () => [lock, rlock, semaphore, bounded, condition].map((each) => Deno.inspect(each));
  const free = [
    "Lock(free)",
    "RLock(free)",
    "Semaphore(2 free)",
    "BoundedSemaphore(2 free)",
    "Condition(RLock(free))",
  ];
  // What was released last may still be on its way.
  await until(() => shown().join() === free.join(), "everything is free", SECOND_MS).catch(() => {});
  assertEquals(shown(), free);
  await flag.set();
  assertEquals(await barrier.waiting(), 0);
}

bounded(
  `[pain-03] [pain-04] ${SEEDS} times somebody is killed: no waiter is left unsettled, and who survives goes on within a second`,
  async () => {
    const users = await Promise.all((["inline", "thread", "thread", "process"] as const).map(spawnUser));
    assertEquals(users.length, USERS);
    let abandoned = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        abandoned += await soon(schedule(users, seed), SEED_MS);
      } catch (error) {
        throw new Error(`Seed ${seed} failed`, { cause: error });
      }
    }
    if (SEEDS >= 100) assertEquals(abandoned > 0, true, "some died with something in their hands");
  },
  SEEDS * SEED_MS,
);
