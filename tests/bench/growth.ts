/**
 * How cost grows: of a call, with the calls that are outstanding beside it and with the actors of its thread and the
 * threads of its program; of a queue, with the items in it; of memory, with the actors of each placement.
 *
 * @module
 */

import { logger, type PlacementName, Queue, type Ref, spawn } from "../../mod.ts";
import { Echo, Host } from "./echo.ts";
import { format } from "./goal.ts";
import { atATime, cost, heapBytes, oneByOne, printMachine, quick, readings } from "./harness.ts";
import { report } from "./report.ts";

type Line = (readonly [number, number])[];

/** The sizes from one to the largest. In a hurry the steps are longer. */
function upTo(most: number, step: number): number[] {
  const factor = quick ? step * step : step;
  const numbers: number[] = [];
  for (let n = 1; n < most; n *= factor) numbers.push(n);
  return [...numbers, most];
}

// A mailbox that fills would be a line.
logger.level = "error";
printMachine();
await grows("A call", "calls outstanding", async (line) => {
  for (const placement of ["inline", "thread", "process"] as const) {
    await using ref = await spawn(Echo, [], { placement });
    for (const n of upTo(1024, 4)) await line(placement, n, (count) => atATime(n, count, (i) => ref.call.echo(i)));
  }
});

await grows("A call, 16 outstanding", "actors", async (line) => {
  for (const placement of ["inline", "thread", "process"] as const) {
    await using host = await spawn(Host, [], { placement });
    const refs: Ref<Echo>[] = [];
    for (const n of upTo(1000, 10)) {
      refs.push(...await host.with({ timeoutMs: Infinity }).call.grow(n - refs.length));
      await line(`in one ${placement}`, n, (count) => atATime(16, count, (i) => refs[i % n].call.echo(i)));
    }
  }
});

await grows("A call, 64 outstanding", "threads", async (line) => {
  await using threads = new AsyncDisposableStack();
  const refs: Ref<Echo>[] = [];
  for (const n of upTo(64, 2)) {
    while (refs.length < n) refs.push(threads.use(await spawn(Echo, [], { placement: "thread" })));
    await line("thread", n, (count) => atATime(64, count, (i) => refs[i % n].call.echo(i)));
  }
});

await grows("A put and a get", "items in the queue", async (line) => {
  const queue = new Queue<number>();
  let size = 0;
  for (const n of upTo(1_000_000, 10)) {
    for (; size < n; size++) await queue.put(size);
    await line("here", n, (count) =>
      oneByOne(count, async (i) => {
        await queue.put(i);
        await queue.get();
      }));
  }
});

const weights = new Map<string, number>();
await weigh("inline", quick ? 10_000 : 100_000, () => heapBytes());
await weigh("thread", quick ? 4 : 16, () => residentBytes());
await weigh("process", quick ? 4 : 16, () => residentBytes(true));
readings("Memory of an actor, by placement", "KiB", weights);

/** Measures what one actor more takes. */
async function weigh(placement: PlacementName, count: number, bytes: () => number): Promise<void> {
  const refs: AsyncDisposable[] = [];
  const before = bytes();
  for (let i = 0; i < count; i++) refs.push(await spawn(Echo, [], { placement }));
  weights.set(`${placement}, of ${count}`, (bytes() - before) / count / 1024);
  await Promise.all(refs.map((ref) => ref[Symbol.asyncDispose]()));
}

/** Resident memory of this program, or of its subprocesses alone; pages that they share count for each. */
function residentBytes(ofChildren = false): number {
  if (!ofChildren) return Deno.memoryUsage().rss;
  const kib = [...Deno.readDirSync("/proc")].filter(({ name }) => /^\d+$/.test(name)).map(({ name }) => {
    try {
      const status = Deno.readTextFileSync(`/proc/${name}/status`);
      return status.includes(`\nPPid:\t${Deno.pid}\n`) ? Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) : 0;
    } catch {
      return 0;
    }
  });
  return kib.reduce((sum, n) => sum + n, 0) * 1024;
}

/** Measures a cost at several sizes, prints and notes it. */
async function grows(
  title: string,
  of: string,
  measure: (
    line: (name: PlacementName | string, n: number, run: (count: number) => Promise<void>) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  console.log(`\n${title} (µs each), with ${of}`);
  const lines: Record<string, Line> = {};
  await measure(async (name, n, run) => {
    const us = await cost({ name, run });
    (lines[name] ??= []).push([n, us]);
    console.log(`  ${name.padEnd(20)}${String(n).padStart(10)}${format(us).padStart(12)}`);
  });
  report({ title, unit: "µs", figures: {}, goals: [], growth: { of, lines } });
}
