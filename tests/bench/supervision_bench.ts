/**
 * Supervision: how soon a killed child answers again, beside starting one by hand; what a supervised child costs, beside
 * one that nobody supervises; and whether that depends on how many there are.
 *
 * @module
 */

import { child, logger, type PlacementName, type Ref, spawn, supervise } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, oneByOne, quick } from "./harness.ts";
import { suite } from "./suite.ts";

const NO_LIMIT = { maxRestarts: Infinity };

/** Kills an actor and waits until it answers again. */
function restarting(placement: PlacementName): Alternative {
  return {
    name: `supervised, ${placement}`,
    async run(count, clock) {
      await using app = await supervise({ echo: child(Echo, [], { placement }) }, NO_LIMIT);
      const { echo } = app.refs;
      await echo.call.echo(0);
      clock.start();
      await oneByOne(count, async () => {
        await echo.kill();
        await echo.call.echo(0);
      });
      clock.end();
    },
  };
}

/** The same by hand. */
function respawning(placement: PlacementName): Alternative {
  return {
    name: `kill and spawn, ${placement}`,
    async run(count, clock) {
      let echo: Ref<typeof Echo> = await spawn(Echo, [], { placement });
      await echo.call.echo(0);
      clock.start();
      await oneByOne(count, async () => {
        await echo.kill();
        echo = await spawn(Echo, [], { placement });
        await echo.call.echo(0);
      });
      clock.end();
      await echo.stop();
    },
  };
}

function named(count: number): Record<string, ReturnType<typeof child<typeof Echo>>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`c${n}`, child(Echo, [], { placement: "inline" })]),
  );
}

/** Starts `size` children at a time; each counts. */
function starting(size: number): Alternative {
  return {
    name: `one of ${size.toLocaleString("en")} supervised`,
    async run(count, clock) {
      const apps: { stop(): Promise<unknown> }[] = [];
      clock.start();
      for (let left = count; left > 0; left -= size) apps.push(await supervise(named(Math.min(size, left)), NO_LIMIT));
      clock.end();
      await Promise.all(apps.map((app) => app.stop()));
    },
  };
}

/** Restarts one of so many. */
function restartingOneOf(size: number): Alternative {
  return {
    name: `one of ${size.toLocaleString("en")}`,
    async run(count, clock) {
      await using app = await supervise(named(size), NO_LIMIT);
      const refs = Object.values(app.refs);
      clock.start();
      await oneByOne(count, async (i) => {
        const ref = refs[i % size];
        await ref.kill();
        await ref.call.echo(0);
      });
      clock.end();
    },
  };
}

const spawning: Alternative = {
  name: "spawned",
  async run(count, clock) {
    const refs: Ref<typeof Echo>[] = [];
    clock.start();
    for (let i = 0; i < count; i++) refs.push(await spawn(Echo, [], { placement: "inline" }));
    clock.end();
    await Promise.all(refs.map((ref) => ref.stop()));
  },
};

function calling(name: string, open: () => Promise<{ ref: Ref<typeof Echo>; end(): Promise<unknown> }>): Alternative {
  return {
    name,
    async run(count, clock) {
      const { ref, end } = await open();
      clock.start();
      await oneByOne(count, () => ref.call.echo(0));
      clock.end();
      await end();
    },
  };
}

// Each restart would be a line.
logger.level = "error";
await suite(import.meta.main, async ({ compare }) => {
  const roundMs = quick ? 40 : 200;
  for (const placement of ["inline", "thread", "process"] as const) {
    await compare({
      title: `Killed, and answers again (${placement})`,
      show: "time",
      batch: placement === "inline" ? 100 : 1,
      roundMs: placement === "inline" ? undefined : roundMs,
      alternatives: [respawning(placement), restarting(placement)],
    });
  }
  const sizes = quick ? [1, 100] : [1, 100, 1000];
  await compare({
    title: "Start one inline child",
    show: "time",
    // All children of the largest supervisor.
    batch: sizes.at(-1),
    roundMs,
    alternatives: [spawning, ...sizes.map(starting)],
  });
  await compare({
    title: "Restart one inline child",
    show: "time",
    batch: 100,
    roundMs,
    alternatives: (quick ? [1, 100] : [1, 100, 10_000]).map(restartingOneOf),
  });
  await compare({
    title: "Call an inline child",
    show: "time",
    batch: 1000,
    alternatives: [
      calling("spawned", async () => {
        const ref = await spawn(Echo, [], { placement: "inline" });
        return { ref, end: () => ref.stop() };
      }),
      calling("supervised", async () => {
        const app = await supervise({ echo: child(Echo, [], { placement: "inline" }) });
        return { ref: app.refs.echo, end: () => app.stop() };
      }),
    ],
  });
});
