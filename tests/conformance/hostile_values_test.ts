/** A user's code may give any value: it costs the call that asked for it, and nobody else. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  ActorExitedError,
  child,
  current,
  type Exit,
  logger,
  type PlacementName,
  Pool,
  Process,
  type Ref,
  spawn,
  StartError,
  supervise,
} from "../../mod.ts";
import {
  Failing,
  Giver,
  Guarded,
  isAlive,
  Odd,
  rejectsIt,
  resolvesIt,
  returnsIt,
  throwsIt,
} from "./fixtures/hostile_users.ts";
import { BOMBS, FEW, HOSTILE, TRAPS } from "./fixtures/hostile_values.ts";
import { assertLawfulExit, assertLogged, assertShown, outcomeOf } from "./lawful.ts";
import { bounded, PLACEMENTS } from "./process_everywhere.ts";

const ALL = Object.keys(HOSTILE);
const TASKS = [returnsIt, resolvesIt, throwsIt, rejectsIt];

/** All where it costs no thread or subprocess each, else a few of each kind. */
function namesFor(placement: PlacementName): readonly string[] {
  return placement === "inline" ? ALL : FEW;
}

/** Runs a test, and looks at what is logged meanwhile; what other isolates log is only kept off the terminal. */
async function quietly(test: () => Promise<void>): Promise<void> {
  const { level } = logger;
  const { error } = console;
  const written: unknown[][] = [];
  console.error = (...args) => void written.push(args);
  try {
    await test();
  } finally {
    console.error = error;
    logger.level = level;
  }
  for (const args of written) assertLogged(args);
}

/** The bound of a test of hundreds of steps, each of which has a bound of its own. */
const ALL_STEPS_MS = 120_000;

/** The same in each placement: in a thread and in a subprocess nothing is logged. */
function everywhereQuietly(name: string, test: (placement: PlacementName) => Promise<void>): void {
  for (const placement of PLACEMENTS) {
    const steps = () => {
      if (placement !== "inline") logger.level = "silent";
      return test(placement);
    };
    bounded(`${name} (${placement})`, () => quietly(steps), ALL_STEPS_MS);
  }
}

/** Checks that an actor that failed has, and that whoever asks it anything is told so in words. */
async function assertFailed(giver: Ref<{ alive(): string }>, what: string): Promise<void> {
  const { value: exit } = await outcomeOf(`the exit after ${what}`, giver.exited);
  assertLawfulExit(exit as Exit, what);
  assertEquals([(exit as Exit).code, (exit as Exit).reason], [1, "error"], what);
  const { value: error } = await outcomeOf(`a call after ${what}`, giver.call.alive());
  assertInstanceOf(error, ActorExitedError, what);
  assertLawfulExit(error.exit, what);
  assertShown(Deno.inspect(giver), what);
}

everywhereQuietly("a hostile value that a method gives costs its own call, and no other", async (placement) => {
  await using giver = await spawn(Giver, [], { placement });
  for (const name of ALL) {
    for (const way of ["returns", "resolves", "throws", "rejects", "yields", "throwsAfter", "iterates"] as const) {
      const call = giver.call[way](name) as Promise<unknown> & AsyncIterable<unknown>;
      const streams = way === "yields" || way === "throwsAfter" || way === "iterates";
      const { thrown } = await outcomeOf(`${way} ${name}`, streams ? Array.fromAsync(take(call, 3)) : call);
      const fails = way === "throws" || way === "rejects" || way === "throwsAfter";
      assert(thrown || !fails, `${way} ${name} was not told`);
      assertEquals(await giver.call.alive(), "yes", `after ${way} ${name}`);
    }
  }
});

everywhereQuietly(
  "a value that cannot be looked at rejects the call that returns it, as one that cannot travel does",
  async (placement) => {
    await using giver = await spawn(Giver, [], { placement });
    await assertRejects(() => giver.call.returns("a strict proxy") as Promise<unknown>, Error, "is not for you");
    await assertRejects(() => giver.call.returns("a getter `then`") as Promise<unknown>, Error, "then is not for you");
    await assertRejects(() => giver.call.resolves("a getter `then`"), Error, "then is not for you");
    await assertRejects(() => giver.call.returns("a revoked proxy") as Promise<unknown>, TypeError, "revoked");
  },
);

everywhereQuietly("a hostile value that a cast's method returns changes nothing", async (placement) => {
  await using giver = await spawn(Giver, [], { placement });
  // A value that fails when it is awaited is a failure like one thrown: see below.
  for (const name of ALL.filter((name) => !name.startsWith("a `then`"))) {
    giver.cast.returns(name);
    giver.cast.yields(name);
  }
  assertEquals(await giver.call.alive(), "yes");
});

everywhereQuietly("an uncaught hostile value ends its actor at once, and no other", async (placement) => {
  await using other = await spawn(Giver, [], { placement });
  for (const name of namesFor(placement)) {
    for (const way of ["throws", "rejects", "inTimer", "inPromise"] as const) {
      // Deno shows it in full before it tells of it, and takes as long for that as it takes.
      if (way === "inTimer" && placement !== "inline" && name in BOMBS) continue;
      const giver = await spawn(Giver, [], { placement });
      giver.cast[way](name);
      await assertFailed(giver, `${way} ${name}`);
    }
  }
  assertEquals(await other.call.alive(), "yes");
});

everywhereQuietly(
  "a start that fails with a hostile value rejects with StartError, and nothing is left of it",
  async (placement) => {
    for (const name of namesFor(placement)) {
      for (const where of ["constructor", "start"] as const) {
        const { value } = await outcomeOf(`${where} ${name}`, spawn(Failing, [where, name], { placement }));
        assertInstanceOf(value, StartError, `${where} ${name}`);
        assertEquals(current().name, "main");
      }
    }
  },
);

everywhereQuietly(
  "a hostile value that a hook throws ends its actor, and those who wait for its end are told",
  async (placement) => {
    for (const name of namesFor(placement)) {
      const what = (hook: string) => `${name} thrown by ${hook}`;
      const stopping = await spawn(Failing, ["stop", name], { placement });
      assertLawfulExit((await outcomeOf(what("onStop"), stopping.stop())).value as Exit, what("onStop"));
      assertEquals((await stopping.exited).reason, "error", what("onStop"));

      const watching = await spawn(Failing, ["down", name], { placement });
      const watched = await spawn(Giver, [], { placement: "inline" });
      await watching.call.watches(watched);
      await watched.kill();
      assertLawfulExit((await outcomeOf(what("onDown"), watching.exited)).value as Exit, what("onDown"));

      const deciding = await spawn(Failing, ["error", name], { placement });
      assertEquals((await outcomeOf(what("onError"), deciding.call.fails())).thrown, true);
      assertLawfulExit((await outcomeOf(what("onError"), deciding.exited)).value as Exit, what("onError"));
    }
  },
);

everywhereQuietly("a hostile value that a hook returns does not matter, or is no decision", async (placement) => {
  for (const name of namesFor(placement)) {
    const { thrown, value } = await outcomeOf(`onStart returns ${name}`, spawn(Odd, [name], { placement }));
    // As an `await` has it: what cannot be looked at cannot be waited for.
    if (thrown) {
      assertInstanceOf(value, StartError, name);
      assert(name in TRAPS, name);
      continue;
    }
    const odd = value as Ref<Odd>;
    assertEquals(await odd.call.alive(), "yes", name);
    assertEquals((await outcomeOf(`onError returns ${name}`, odd.call.fails())).thrown, true, name);
    // Asked to stop or ended by its error, it ends.
    await odd.stop();
    assertLawfulExit((await outcomeOf(`onStop returns ${name}`, odd.exited)).value as Exit, name);
  }
});

everywhereQuietly("an actor that is itself a hostile object works, but for what it refuses", async (placement) => {
  for (const strict of [false, true]) {
    const { thrown, value } = await outcomeOf(`strict: ${strict}`, spawn(Guarded, [strict], { placement }));
    assertEquals(thrown, false, `strict: ${strict}: ${Deno.inspect(value)}`);
    const guarded = value as Ref<Guarded>;
    assertEquals(await guarded.call.alive(), "yes");
    // Its class has no `onError`: to look for one is refused, and that is a failure like one of `onError`.
    assertEquals((await outcomeOf("fails", guarded.call.fails())).thrown, true);
    assertEquals((await outcomeOf("its exit", guarded.exited)).thrown, false);
  }
});

everywhereQuietly("a hostile value that a task gives is its result, or the error in its place", async (placement) => {
  for (const name of namesFor(placement)) {
    for (const task of placement === "inline" ? TASKS : [returnsIt, rejectsIt]) {
      const what = `${task.name} ${name}`;
      const process = new Process(task, [name], { placement, handleSignals: false });
      await process.start();
      const { thrown } = await outcomeOf(what, process.result);
      const exit = (await process.join())!;
      assertLawfulExit(exit, what);
      assertShown(Deno.inspect(process), what);
      const fails = task === throwsIt || task === rejectsIt;
      assert(thrown || !fails, `${what} was not told`);
      if (fails) assertEquals([exit.code, exit.reason], [1, "error"], what);
    }
  }
});

everywhereQuietly(
  "a hostile value that a pool's task gives costs its own piece of work, and no other",
  async (placement) => {
    const pool = new Pool({ size: 1, placement });
    try {
      for (const name of placement === "inline" ? ALL : [...Object.keys(TRAPS), ...FEW]) {
        for (const task of TASKS) {
          const what = `${task.name} ${name}`;
          const fails = task === throwsIt || task === rejectsIt;
          const { thrown } = await outcomeOf(`run ${what}`, pool.run(task, [name]));
          assert(thrown || !fails, `run ${what} was not told`);
          if (!(name in TRAPS) && !FEW.includes(name)) continue;
          const map = await outcomeOf(`map ${what}`, pool.map(task, [name, name], { chunkSize: 2 }));
          const imap = await outcomeOf(`imap ${what}`, Array.fromAsync(pool.imap(task, [name])));
          const settled = await pool.mapSettled(task, [name, "undefined"]);
          const rejected = settled.map(({ status }) => status === "rejected");
          assertEquals([map.thrown, imap.thrown, ...rejected], [thrown, thrown, thrown, fails], what);
          assertEquals(await pool.run(isAlive, [name]), "yes", what);
        }
      }
      assertEquals((await pool.stats()).started, 1);
    } finally {
      await pool.terminate();
    }
  },
);

everywhereQuietly("a child that fails with a hostile value is started again, each time", async (placement) => {
  const names = namesFor(placement);
  const victim = child(Giver, [], { placement });
  const app = await supervise({ victim }, { maxRestarts: 2 * names.length });
  const ends = app.events[Symbol.asyncIterator]();
  for (const name of names) {
    app.refs.victim.cast.throws(name);
    for (let told = await ends.next();; told = await ends.next()) {
      if (told.value.type === "exited") assertLawfulExit(told.value.exit, name);
      if (told.value.type === "restarted") break;
    }
    assertEquals((await outcomeOf(`after ${name}`, app.refs.victim.call.alive())).value, "yes");
  }
  await app.stop();
});

everywhereQuietly("a supervisor that gives up over a hostile value says so", async (placement) => {
  for (const name of placement === "inline" ? ALL : FEW.slice(2)) {
    const app = await supervise({ victim: child(Giver, [], { placement }) }, { maxRestarts: 0 });
    app.refs.victim.cast.throws(name);
    const { value } = await outcomeOf(`the end after ${name}`, app.exited);
    assertLawfulExit(value as Exit, name);
    const { error } = value as Exit;
    assertEquals((error as Error).name, "RestartLimitError", name);
    assertShown((error as Error).message, name);
  }
});

bounded("an actor's thrown value can be shown by those who were told", () =>
  quietly(async () => {
    for (const name of ALL) {
      const giver = await spawn(Giver, [], { placement: "inline" });
      giver.cast.throws(name);
      await giver.exited;
      const { value: error } = await outcomeOf(name, giver.call.alive());
      for (const shown of [Deno.inspect(error), Deno.inspect({ error }), Deno.inspect(giver)]) {
        assertLogged([shown]);
      }
    }
  }), ALL_STEPS_MS);

/** The first items of an iterable. */
async function* take<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  if (count === 0) return;
  for await (const item of items) {
    yield item;
    if (--count === 0) return;
  }
}
