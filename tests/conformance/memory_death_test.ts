/** Users of shared memory and of `select`, killed at random: the others go on, and nothing is left. */

import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import {
  type Connection,
  EventFlag,
  pipe,
  type PlacementName,
  Process,
  Queue,
  ShareableList,
  SharedArray,
  SharedMemory,
  SharedValue,
} from "../../mod.ts";
import { assertNothingLeft } from "../../actors/testing.ts";
import { firstSeed, rounds } from "../soak.ts";
import { type Common, REGION, segmentName, type Told, useEverything, waitForStop } from "./fixtures/memory_victim.ts";
import { killChildren, until, within } from "./bounded.ts";
import { PLACEMENTS } from "./place.ts";

const KILLS = rounds(6, 100);
const SEED = firstSeed(20_261_120);
const USERS = 4;
/** The contract says 1 s, of a machine that has nothing else to do. */
const GOES_ON_MS = 10_000;

const WAYS = ["kill", "terminate", "kill -9", "throw", "exit", "spin"] as const;

/** A user, and what is seen of it here. */
interface User {
  readonly number: number;
  readonly placement: PlacementName;
  readonly process: Process<never>;
  /** Settles when the pipe to it has ended. */
  readonly disconnected: Promise<void>;
}

Deno.test(`${KILLS} users of memory and select killed at random (seed ${SEED}): the others go on, and nothing is left`, async () => {
  try {
    await within(60_000 + KILLS * 5000, killUsers());
  } finally {
    await killChildren();
  }
  assertNothingLeft();
});

async function killUsers(): Promise<void> {
  const random = seeded(SEED);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const common: Common = {
    value: new SharedValue("int32"),
    halves: new SharedArray("float64", KILLS + USERS + 1),
    list: new ShareableList(new Array(USERS).fill("")),
    memory: await SharedMemory.create(256 * REGION),
    jobs: new Queue<number>({ maxSize: 8 }),
    done: new Queue<number>(),
    rounds: new SharedArray("int32", KILLS + USERS),
  };
  let started = 0;
  const start = async (placement: PlacementName): Promise<User> => {
    const number = started++;
    const [here, there] = pipe<number>();
    const process = new Process(useEverything, [common, number, there], { placement, handleSignals: false });
    process.result.catch(() => {});
    await process.start();
    return { number, placement, process, disconnected: drain(here) };
  };
  const feeding = feed(common.jobs);
  const [never, stop] = [new Queue<number>(), new EventFlag()];
  const patient = await Promise.all(PLACEMENTS.map(async (placement) => {
    const [here, there] = pipe<number>();
    const process = new Process(waitForStop, [never, there, stop], { placement, handleSignals: false });
    await process.start();
    return { here, process };
  }));
  const users: User[] = await Promise.all(Array.from({ length: USERS }, (_, index) => start(PLACEMENTS[index % 3])));
  const goesOn = async (user: User, rounds: number, after: string) => {
    const from = common.rounds.getSync(user.number);
    const on = () => {
      if (!user.process.alive) throw new Error(`${nameOf(user)} has ended by itself`);
      return common.rounds.getSync(user.number) >= from + rounds;
    };
    await until(on, `${nameOf(user)} goes on ${after}`, GOES_ON_MS);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    const index = Math.floor(random() * USERS);
    const victim = users[index];
    const way = pick(WAYS);
    await goesOn(victim, 1 + Math.floor(random() * 4), "before it is killed");
    await within(GOES_ON_MS, end(victim, way));
    const after = `after ${nameOf(victim)} came to its end (${way})`;
    await within(GOES_ON_MS, victim.disconnected);
    users[index] = await start(pick(PLACEMENTS));
    await Promise.all(users.map((user) => goesOn(user, 2, after)));
    assertEquals(patient.map(({ process }) => process.alive), [true, true, true]);
  }
  await stop.set();
  assertEquals(await within(GOES_ON_MS, Promise.all(patient.map(({ process }) => process.result))), [
    "stop",
    "stop",
    "stop",
  ]);
  for (const user of users) await within(GOES_ON_MS, end(user, "kill"));
  await common.jobs.close();
  await checkRemains(common, started, await within(GOES_ON_MS, feeding));
}

/** What must be so when everybody is dead. */
async function checkRemains(common: Common, users: number, fed: number): Promise<void> {
  const rounds = await common.rounds.slice();
  const sum = rounds.reduce((sum, of) => sum + of, 0);
  // Of each user's last round nobody knows how far it came.
  for (const total of [await common.value.get(), 2 * await common.halves.get(-1)]) {
    assertGreaterOrEqual(total, sum);
    assertLessOrEqual(total, sum + users);
  }
  for (const [user, of] of rounds.entries()) assert([of, of + 1].includes(2 * await common.halves.get(user)));
  await common.done.close();
  const done = await Array.fromAsync(common.done);
  for await (const job of common.jobs) done.push(job);
  assertEquals(new Set(done).size, done.length, "no job is done twice");
  assertGreaterOrEqual(done.length, fed - users, "nobody takes more than one job to the grave");
  for (const [user, last] of rounds.entries()) {
    for (const round of [last - 1, last, last + 1]) {
      await until(() => isGone(segmentName(user, round)), `${segmentName(user, round)} is gone`);
    }
  }
  const { name } = common.memory;
  common.memory[Symbol.dispose]();
  await until(() => isGone(name), "the common memory is gone");
}

async function isGone(name: string): Promise<boolean> {
  try {
    using _there = await SharedMemory.attach(name);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

async function end({ placement, process }: User, way: typeof WAYS[number]): Promise<void> {
  if (way === "kill -9" && placement === "process") Deno.kill(process.pid!, "SIGKILL");
  else if (way === "terminate") await process.terminate();
  else if (way === "kill" || way === "kill -9" || way === "spin") {
    // What spins is killed without ever having turned its event loop again.
    if (way === "spin") await process.send("spin" satisfies Told);
    await process.kill();
  } else await process.send(way satisfies Told);
  const { code } = await process.exited;
  assert(code !== 0);
}

/** Puts jobs until nobody takes any more, and says how many. */
async function feed(jobs: Queue<number>): Promise<number> {
  for (let job = 0;; job++) {
    try {
      await jobs.put(job);
    } catch {
      return job;
    }
  }
}

async function drain(end: Connection<number>): Promise<void> {
  let last = -1;
  for await (const round of end) {
    assert(round > last, "messages come in order");
    last = round;
  }
}

function nameOf({ number, placement }: User): string {
  return `user ${number} (${placement})`;
}

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
