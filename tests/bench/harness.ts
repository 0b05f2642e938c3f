/**
 * Measures alternatives against each other in one run: a round of each in turn, many rounds, medians and ratios. A
 * figure alone says little on a machine that others use too; a ratio of two that took turns says more.
 *
 * Beside the time that passed stands the processor time of this program, all its threads together and without its
 * subprocesses: what others do on the machine changes it least.
 *
 * @module
 */

import process from "node:process";
import { type Reached, report } from "./report.ts";

/** One way to do a thing. */
export interface Alternative {
  readonly name: string;
  /** Does it `count` times and resolves when all of it is done; with what clears up after it, if that takes no part. */
  run(count: number): Promise<void | (() => Promise<unknown>)>;
}

/** What is measured. */
export interface Comparison {
  readonly title: string;
  /** Milliseconds each round of each alternative should take. */
  readonly roundMs?: number;
  /** Whether to show the time that one takes, or how many are done in a second. */
  readonly show: "time" | "rate";
  /** The first one is what the others are compared with. */
  readonly alternatives: readonly Alternative[];
  /** What some of them are to reach. */
  readonly goals?: readonly Goal[];
}

/** One alternative is to be so many times as fast as another of the same comparison. */
export interface Goal {
  readonly of: string;
  readonly than: string;
  readonly times: number;
}

/** Whether the whole is to take less than a minute. */
export const quick: boolean = Deno.args.includes("--quick");

const ROUNDS = quick ? 7 : 31;
const COST_ROUNDS = quick ? 3 : 9;
const ROUND_MS = quick ? 20 : 60;
/** How long each is warmed up: what is measured is compiled code. */
const WARM_MS = quick ? 250 : 1000;

/** Prints what the figures below are figures of. */
export function printMachine(): void {
  const { deno, v8, typescript } = Deno.version;
  const load = Deno.loadavg().map((load) => load.toFixed(1)).join(" ");
  console.log(
    `Deno ${deno} (V8 ${v8}, TypeScript ${typescript}), ${Deno.build.target}, ` +
      `${navigator.hardwareConcurrency} cores${cpuModel()}, load ${load}; ` +
      `medians of ${ROUNDS} rounds, the alternatives taking turns`,
  );
}

/** Measures, and prints a table. */
export async function compare(comparison: Comparison): Promise<void> {
  const { title, show, alternatives, goals = [], roundMs = ROUND_MS } = comparison;
  const counts: number[] = [];
  for (const alternative of alternatives) counts.push(await calibrate(alternative, roundMs));
  const samples: Sample[][] = alternatives.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < alternatives.length; turn++) {
      // Each round begins with another one, so that none always follows the same.
      const i = (round + turn) % alternatives.length;
      const { wallUs, cpuUs } = await measure(alternatives[i], counts[i]);
      samples[i].push({ wallUs: wallUs / counts[i], cpuUs: cpuUs / counts[i] });
    }
  }
  print(title, show, alternatives, samples);
  const medians = new Map(
    alternatives.map(({ name }, i) => [name, quantile(samples[i].map(({ wallUs }) => wallUs), 0.5)]),
  );
  const reached = goals.map((goal) => reach(title, goal, medians));
  for (const { said } of reached) console.log(`  ${said}`);
  report({ title, medianUs: Object.fromEntries(medians), goals: reached });
}

function reach(title: string, { of, than, times }: Goal, medians: ReadonlyMap<string, number>): Reached {
  const [fast, slow] = [of, than].map((name) => medians.get(name));
  if (fast === undefined || slow === undefined) throw new Error(`${title}: a goal is about ${of} and ${than}`);
  const ratio = slow / fast;
  const met = ratio >= times;
  const said = `${met ? "met" : "MISSED"}: ${of} is ${format(ratio)}x as fast as ${than}; the goal is ${
    format(times)
  }x`;
  return { of, than, times, ratio, met, said };
}

/** Microseconds that one takes: the median of a few rounds, with no other to compare it with. */
export async function cost(alternative: Alternative): Promise<number> {
  const count = await calibrate(alternative, ROUND_MS);
  const rounds: number[] = [];
  for (let round = 0; round < COST_ROUNDS; round++) rounds.push((await measure(alternative, count)).wallUs / count);
  return quantile(rounds, 0.5);
}

/** Warms it up, and says how many times to do it in a round. */
async function calibrate(alternative: Alternative, roundMs: number): Promise<number> {
  const warm = performance.now() + WARM_MS;
  for (let count = 1;;) {
    const { wallUs } = await measure(alternative, count);
    if (wallUs < roundMs * 500) count *= 2;
    else if (performance.now() > warm) return Math.max(1, Math.round(count * roundMs * 1000 / wallUs));
  }
}

interface Sample {
  readonly wallUs: number;
  readonly cpuUs: number;
}

async function measure(alternative: Alternative, count: number): Promise<Sample> {
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  const clear = await alternative.run(count);
  const wallUs = (performance.now() - began) * 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await clear?.();
  return { wallUs, cpuUs: user + system };
}

function print(
  title: string,
  show: Comparison["show"],
  alternatives: readonly Alternative[],
  samples: readonly (readonly Sample[])[],
): void {
  const unit = show === "time" ? "µs each" : "thousand a second";
  console.log(`\n${title} (${unit})`);
  printRow("", ["median", "fastest", "slowest", "as fast", "cpu µs each"]);
  const wall = samples.map((of) => of.map(({ wallUs }) => wallUs));
  const base = quantile(wall[0], 0.5);
  for (const [i, { name }] of alternatives.entries()) {
    const [median, fastest, slowest] = [0.5, 0, 1].map((q) => quantile(wall[i], q));
    const shown = [median, fastest, slowest].map((us) => format(show === "time" ? us : 1000 / us));
    const cpu = quantile(samples[i].map(({ cpuUs }) => cpuUs), 0.5);
    printRow(name, [...shown, `${format(base / median)}x`, format(cpu)]);
  }
}

function printRow(name: string, cells: readonly string[]): void {
  console.log(`  ${name.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join("")}`);
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))];
}

/** A figure with no more digits than it deserves. */
export function format(n: number): string {
  return n >= 1000 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2);
}

function cpuModel(): string {
  try {
    const model = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
    return model === undefined ? "" : ` (${model})`;
  } catch {
    // Not Linux.
    return "";
  }
}

/** Does `count` things one after another. */
export async function oneByOne(count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await one(i);
}

/** Does `count` things, so many at a time. */
export async function atATime(outstanding: number, count: number, one: (i: number) => Promise<unknown>): Promise<void> {
  let begun = 0;
  const lane = async () => {
    while (begun < count) await one(begun++);
  };
  await Promise.all(Array.from({ length: Math.min(outstanding, count) }, lane));
}
