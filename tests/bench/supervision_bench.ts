/**
 * Supervision: how soon a killed child answers again, beside starting one by hand; what a supervised child costs, beside
 * one that nobody supervises; and whether that depends on how many there are.
 *
 * @module
 */

import { child, logger, type PlacementName, type Ref, spawn, supervise } from "../../mod.ts";
import { Echo } from "./echo.ts";
import { type Alternative, compare, oneByOne, printMachine, quick } from "./harness.ts";

const NO_LIMIT = { maxRestarts: Infinity };

/** Kills an actor and waits until it answers again. */
function restarting(placement: PlacementName): Alternative {
  return {
    name: `supervised, ${placement}`,
    async run(count) {
      const app = await supervise({ echo: child(Echo, [], { placement }) }, NO_LIMIT);
      const { echo } = app.refs;
      await echo.call.echo(0);
      await oneByOne(count, async () => {
        await echo.kill();
        await echo.call.echo(0);
      });
      return () => app.stop();
    },
  };
}

/** The same by hand. */
function respawning(placement: PlacementName): Alternative {
  return {
    name: `kill and spawn, ${placement}`,
    async run(count) {
      let echo: Ref<typeof Echo> = await spawn(Echo, [], { placement });
      await echo.call.echo(0);
      await oneByOne(count, async () => {
        await echo.kill();
        echo = await spawn(Echo, [], { placement });
        await echo.call.echo(0);
      });
      return () => echo.stop();
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
    async run(count) {
      const apps: { stop(): Promise<unknown> }[] = [];
      for (let left = count; left > 0; left -= size) apps.push(await supervise(named(Math.min(size, left)), NO_LIMIT));
      return () => Promise.all(apps.map((app) => app.stop()));
    },
  };
}

/** Restarts one of so many. */
function restartingOneOf(size: number): Alternative {
  return {
    name: `one of ${size.toLocaleString("en")}`,
    async run(count) {
      const app = await supervise(named(size), NO_LIMIT);
      const refs = Object.values(app.refs);
      // Starting them is not counted.
      const began = performance.now();
      await oneByOne(count, async (i) => {
        const ref = refs[i % size];
        await ref.kill();
        await ref.call.echo(0);
      });
      const tookMs = performance.now() - began;
      await app.stop();
      return 1000 * tookMs;
    },
  };
}

const spawning: Alternative = {
  name: "spawned",
  async run(count) {
    const refs: Ref<typeof Echo>[] = [];
    for (let i = 0; i < count; i++) refs.push(await spawn(Echo, [], { placement: "inline" }));
    return () => Promise.all(refs.map((ref) => ref.stop()));
  },
};

function calling(name: string, open: () => Promise<{ ref: Ref<typeof Echo>; end(): Promise<unknown> }>): Alternative {
  return {
    name,
    async run(count) {
      const { ref, end } = await open();
      await oneByOne(count, () => ref.call.echo(0));
      return end;
    },
  };
}

/** Bytes of heap that each of `count` takes: one reading, since nothing here can ask for a collection. */
async function heapOfEach(count: number, make: () => Promise<() => Promise<unknown>>): Promise<number> {
  const before = Deno.memoryUsage().heapUsed;
  const end = await make();
  const bytes = (Deno.memoryUsage().heapUsed - before) / count;
  await end();
  return bytes;
}

// Each restart would be a line.
logger.level = "error";
printMachine();
const roundMs = quick ? 40 : 200;
for (const placement of ["inline", "thread", "process"] as const) {
  await compare({
    title: `Killed, and answers again (${placement})`,
    show: "time",
    roundMs: placement === "inline" ? undefined : roundMs,
    alternatives: [respawning(placement), restarting(placement)],
  });
}
const sizes = quick ? [1, 100] : [1, 100, 10_000];
await compare({
  title: "Start one inline child",
  show: "time",
  roundMs,
  alternatives: [spawning, ...sizes.map(starting)],
});
await compare({
  title: "Restart one inline child",
  show: "time",
  roundMs,
  alternatives: sizes.map(restartingOneOf),
});
await compare({
  title: "Call an inline child",
  show: "time",
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

const count = quick ? 1000 : 10_000;
const supervised = await heapOfEach(count, async () => {
  const app = await supervise(named(count), NO_LIMIT);
  return () => app.stop();
});
const spawned = await heapOfEach(count, () => spawning.run(count) as Promise<() => Promise<unknown>>);
console.log(
  `\nHeap of each of ${count.toLocaleString("en")} inline actors: ${spawned.toFixed(0)} bytes spawned, ` +
    `${supervised.toFixed(0)} bytes supervised (with its description and what is not collected yet)`,
);
