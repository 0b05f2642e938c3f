import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorExitedError, type Exit, type PlacementName, Queue, type Ref, spawn } from "../../mod.ts";
import type { Ending } from "./fixtures/life_ends.ts";
import { EVERYWHERE, leavesNothing, ORPHANS_MS, soon } from "./fixtures/life_places.ts";
import { type Account, type Death, Guardian, Holding, Witness } from "./fixtures/life_witnesses.ts";

/** What the contract allows from a death until every call is settled. */
const SETTLED_MS = 1000;
const KILLED: Exit = { code: -9, signal: "SIGKILL", reason: "killed" };
const PARENT_GONE: Exit = { code: -9, signal: "SIGKILL", reason: "parent-gone" };

const deaths: readonly [Death, readonly PlacementName[], (exit: Exit) => void][] = [
  ["kill", EVERYWHERE, (exit) => assertEquals(exit, KILLED)],
  ["signal", ["process"], (exit) => assertEquals(exit, KILLED)],
  ["exit", EVERYWHERE, (exit) => assertEquals(exit, { code: 5, reason: "error" })],
  ["denoExit", ["thread", "process"], (exit) => assertEquals(exit, { code: 5, reason: "error" })],
  ["throwLater", EVERYWHERE, assertCrashed],
  ["rejectUnheard", EVERYWHERE, assertCrashed],
  ["throwAtOnce", EVERYWHERE, assertCrashed],
];

function assertCrashed({ code, reason, error }: Exit): void {
  assertEquals([code, reason], [1, "error"]);
  assert(error instanceof RangeError, Deno.inspect(error));
}

/** Those who look on: here, in a thread, in a subprocess, and in the children of those. */
async function gather(): Promise<Record<string, Ref<Witness>> & AsyncDisposable> {
  const here = await spawn(Witness, [], { placement: "inline" });
  const thread = await spawn(Witness, [], { placement: "thread" });
  const process = await spawn(Witness, [], { placement: "process" });
  const witnesses = {
    "here": here,
    "in a thread": thread,
    "in a subprocess": process,
    "in the subprocess of a thread": await thread.call.further("process"),
    "in the thread of a subprocess": await process.call.further("thread"),
    "inline in a subprocess": await process.call.further("inline"),
  };
  return Object.defineProperty(witnesses, Symbol.asyncDispose, {
    value: () => Promise.all([here.stop(), thread.stop(), process.stop()]).then(() => {}),
  }) as unknown as Record<string, Ref<Witness>> & AsyncDisposable;
}

/** How many there are. */
const WITNESSES = 6;

/**
 * Lets all watch somebody, with calls in flight and queued, lets that one die, and gives what each has seen.
 *
 * @param victim who takes one call more at a time than there are witnesses
 */
async function accounts(
  witnesses: Record<string, Ref<Witness>>,
  victim: Ref<Holding>,
  die: (trigger: Queue<Ending>) => unknown,
): Promise<[string, Account][]> {
  const all = Object.entries(witnesses);
  assertEquals(all.length, WITNESSES);
  await soon(Promise.all(all.map(async ([, witness]) => await witness.call.watch(victim))));
  for (let holding = 0; holding < all.length;) holding = await soon(victim.call.holding());
  const trigger = new Queue<Ending>();
  victim.cast.arm(trigger);
  await soon(Promise.all(all.map(async ([, witness]) => await witness.call.queue())));
  const diedAt = Date.now();
  await die(trigger);
  const told = await soon(Promise.all(all.map(async ([where, witness]): Promise<[string, Account]> => {
    return [where, await witness.with({ timeoutMs: 10_000 }).call.account()];
  })));
  for (const [where, { inFlight, queued, exitedAt }] of told) {
    const late = Math.max(exitedAt, ...[inFlight, ...queued].map(({ at }) => at)) - diedAt;
    assert(late < SETTLED_MS, `${where} knew only after ${late} ms`);
  }
  return told;
}

function assertAllSaw(told: [string, Account][], assertExit: (exit: Exit) => void): void {
  for (const [where, { inFlight, queued, exited, later, alive }] of told) {
    try {
      assertExit(exited);
      for (const { error, exit } of [inFlight, ...queued, later]) {
        assertEquals(error, "ActorExitedError");
        assertExit(exit!);
      }
      assertEquals(alive, false);
    } catch (error) {
      throw new Error(`What was seen ${where} is wrong: ${Deno.inspect({ inFlight, queued, exited, later, alive })}`, {
        cause: error,
      });
    }
  }
}

type Witnesses = Awaited<ReturnType<typeof gather>>;

/** Has the same witnesses see one death after another; afterwards nothing is left. */
function allSee(deaths: string, cases: Iterable<[name: string, see: (witnesses: Witnesses) => Promise<void>]>): void {
  Deno.test(deaths, (test) =>
    leavesNothing(async () => {
      await using witnesses = await gather();
      for (const [name, see] of cases) await test.step(name, () => see(witnesses));
    }, ORPHANS_MS)());
}

function* deathsOf(placement: PlacementName): Generator<[string, (witnesses: Witnesses) => Promise<void>]> {
  for (const [death, placements, assertExit] of deaths) {
    if (!placements.includes(placement)) continue;
    yield [`by ${death}`, async (witnesses) => {
      const victim = await spawn(Holding, [], { placement, concurrency: WITNESSES + 1 });
      const pid = await victim.call.pid();
      const told = await accounts(witnesses, victim, async (trigger) => {
        if (death === "kill") await soon(victim.kill());
        else if (death === "signal") Deno.kill(pid, "SIGKILL");
        else await trigger.put(death);
      });
      assertAllSaw(told, assertExit);
      assertExit(await soon(victim.exited));
    }];
  }
  yield ["by a kill() of somebody who was only given the ref", async (witnesses) => {
    const victim = await spawn(Holding, [], { placement, concurrency: WITNESSES + 1 });
    const told = await accounts(witnesses, victim, async () => {
      assertEquals(await soon(witnesses["in the thread of a subprocess"].call.kill()), KILLED);
    });
    assertAllSaw(told, (exit) => assertEquals(exit, KILLED));
  }];
  yield ["before those who are given a ref could learn of it", async (witnesses) => {
    const victim = await spawn(Holding, [], { placement });
    victim.cast.end("exit", 5);
    await soon(victim.exited);
    for (const [where, witness] of Object.entries(witnesses)) {
      await soon(witness.call.watch(victim));
      const { inFlight, exited, later, alive } = await soon(witness.call.account());
      const exit: Exit = { code: 5, reason: "error" };
      assertEquals([where, inFlight.exit, exited, later.exit, alive], [where, exit, exit, exit, false]);
    }
  }];
}

function* deathsWithParents(placement: PlacementName): Generator<[string, (witnesses: Witnesses) => Promise<void>]> {
  for (const parentPlacement of EVERYWHERE) {
    for (const death of ["kill", "throwLater", "exit"] as const) {
      yield [`by ${death} of a parent (${parentPlacement})`, async (witnesses) => {
        const guardian = await spawn(Guardian, [], { placement: parentPlacement });
        const victim = await guardian.call.start(placement, WITNESSES + 1);
        const told = await accounts(witnesses, victim, async () => {
          if (death === "kill") await soon(guardian.kill());
          else guardian.cast.end(death, 5);
        });
        assertAllSaw(told, (exit) => assertEquals(exit, PARENT_GONE));
      }];
    }
  }
  yield ["of two children by their parent's, to their friends and to each other", async (witnesses) => {
    const guardian = await spawn(Guardian, [], { placement: "process" });
    const first = await guardian.call.start(placement, WITNESSES + 2);
    const second = await guardian.call.start(placement, 1);
    // One of them waits for the other.
    first.cast.holdBy(second);
    const settled = assertRejects(() => second.with({ timeoutMs: Infinity }).call.hold(), ActorExitedError);
    const told = await accounts(witnesses, first, async () => void await soon(guardian.kill()));
    assertAllSaw(told, (exit) => assertEquals(exit, PARENT_GONE));
    assertEquals((await soon(settled)).exit, PARENT_GONE);
    assertEquals(await soon(second.exited), PARENT_GONE);
  }];
}

for (const placement of EVERYWHERE) {
  allSee(
    `a death settles calls in flight, queued and later within 1 s, everywhere, with the exit (${placement})`,
    deathsOf(placement),
  );
  allSee(`a child dies with its parent, and all see it: "parent-gone" (${placement})`, deathsWithParents(placement));

  for (const parentPlacement of EVERYWHERE) {
    Deno.test(
      `[${placement} in ${parentPlacement}] a parent that is stopped stops its child in order, and then ends`,
      leavesNothing(async () => {
        const guardian = await spawn(Guardian, [], { placement: parentPlacement });
        const child = await guardian.call.start(placement, 1);
        const order: string[] = [];
        void child.exited.then(() => order.push("child"));
        void guardian.exited.then(() => order.push("parent"));
        const stopped: Exit = { code: 0, reason: "stopped" };
        assertEquals(await soon(guardian.stop()), stopped);
        assertEquals(await soon(child.exited), stopped);
        assertEquals(order, ["child", "parent"]);
      }),
    );
  }
}
