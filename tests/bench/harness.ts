/**
 * Measures alternatives against each other in one run: a round of each in turn, many rounds, medians and ratios. A
 * figure alone says little on a machine that others use too; a ratio of two that took turns says more.
 *
 * Beside the time that passed stands the processor time of this program, all its threads together and without its
 * subprocesses: what others do on the machine changes it least.
 *
 * @module
 */

// @ts-types="@types/d3-array"
import { extent, median } from "d3-array";
import { type Clock, PartClock } from "./clock.ts";
import { format, judge } from "./goal.ts";
import { GOALS } from "./goals.ts";
import { report } from "./report.ts";

/** One way to do a thing. */
export interface Alternative {
  readonly name: string;
  /**
   * Does it `count` times and resolves when all of it is done. Where only a part counts, that part starts and ends the
   * clock, once for each time; one in another language may give the microseconds that count instead.
   */
  run(count: number, clock: Clock): Promise<void | number>;
}

/** An alternative that cannot be measured here, and why. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

/** Alternatives that are measured beside each other. */
export interface Comparison {
  readonly title: string;
  /** Milliseconds each round of each alternative should take, where they take turns. */
  readonly roundMs?: number;
  /** How many make up one iteration of `deno bench`: enough for its timer. */
  readonly batch?: number;
  /** Whether to show the time that one takes, or how many are done in a second. */
  readonly show: "time" | "rate";
  /** The first one is what the others are compared with. */
  readonly alternatives: readonly (Alternative | Absent)[];
  /** Whether to leave it out in a hurry: it is of interest, and nobody's goal. */
  readonly unhurried?: boolean;
}

/** Whether the whole is to take two or three minutes. */
export const quick: boolean = Deno.args.includes("--quick") || Deno.env.get("DENO_BENCH_QUICK") === "1";

const ROUNDS = quick ? 5 : 31;
const COST_ROUNDS = quick ? 3 : 9;
const ROUND_MS = quick ? 20 : 60;
/** How long each is warmed up: what is measured is compiled code. */
const WARM_MS = quick ? 150 : 1000;
/** The same for one that has been measured already, at another size. */
const COST_WARM_MS = quick ? 50 : 500;

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

/** Measures a round of each in turn, many times, and prints a table. */
export async function takeTurns(comparison: Comparison): Promise<void> {
  const { title, show, roundMs = ROUND_MS } = comparison;
  if (quick && comparison.unhurried) return;
  const alternatives = comparison.alternatives.filter((one) => "run" in one);
  const absent = comparison.alternatives.filter((one) => "absent" in one);
  const counts: number[] = [];
  for (const alternative of alternatives) counts.push(await calibrate(alternative, roundMs));
  const samples: Sample[][] = alternatives.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < alternatives.length; turn++) {
      // Each round begins with another one, so that none always follows the same.
      const i = (round + turn) % alternatives.length;
      const { us, cpuUs } = await measure(alternatives[i], counts[i]);
      samples[i].push({ us: us / counts[i], cpuUs: cpuUs / counts[i] });
    }
  }
  print(title, show, alternatives, samples);
  for (const { name, absent: why } of absent) printRow(name, [`not here: ${why}`]);
  const figures = new Map(alternatives.map(({ name }, i) => [name, median(samples[i], ({ us }) => us)!]));
  const shown = show === "time" ? showUs : (us: number) => `${format(1000 / us)} thousand a second`;
  settle(title, "µs", figures, absent.map(({ name }) => name), shown);
}

/** Prints figures that were measured in another way, of which less is better. */
export function readings(
  title: string,
  unit: string,
  figures: ReadonlyMap<string, number>,
  absent: readonly Absent[] = [],
): void {
  console.log(`\n${title} (${unit})`);
  const [base] = figures.values();
  printRow("", ["", "as good"]);
  for (const [name, figure] of figures) printRow(name, [format(figure), `${format(base / figure)}x`]);
  for (const { name, absent: why } of absent) printRow(name, [`not here: ${why}`]);
  settle(title, unit, figures, absent.map(({ name }) => name), (figure) => `${format(figure)} ${unit}`);
}

function settle(
  title: string,
  unit: string,
  figures: ReadonlyMap<string, number>,
  absent: readonly string[],
  show: (figure: number) => string,
): void {
  const reached = judge(GOALS[title] ?? [], figures, new Set(absent), show);
  for (const { met, said } of reached) console.log(`  ${met ? "met" : "MISSED"}: ${said}`);
  report({ title, unit, figures: Object.fromEntries(figures), goals: reached });
}

/** Microseconds that one takes: the median of a few rounds, with no other to compare it with. */
export async function cost(alternative: Alternative): Promise<number> {
  const count = await calibrate(alternative, ROUND_MS, COST_WARM_MS);
  const rounds: number[] = [];
  for (let round = 0; round < COST_ROUNDS; round++) rounds.push((await measure(alternative, count)).us / count);
  return median(rounds)!;
}

/** Warms it up, and says how many times to do it in a round. */
async function calibrate(alternative: Alternative, roundMs: number, warmMs = WARM_MS): Promise<number> {
  const warm = performance.now() + warmMs;
  for (let count = 1;;) {
    const began = performance.now();
    await measure(alternative, count);
    const wallUs = (performance.now() - began) * 1000;
    if (wallUs < roundMs * 500) count *= 2;
    else if (performance.now() > warm) return Math.max(1, Math.round(count * roundMs * 1000 / wallUs));
  }
}

interface Sample {
  readonly us: number;
  readonly cpuUs: number;
}

async function measure(alternative: Alternative, count: number): Promise<Sample> {
  const clock = new PartClock();
  const said = await alternative.run(count, clock);
  const { us, cpuUs } = clock.read();
  return { us: said ?? us, cpuUs };
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
  const base = median(samples[0], ({ us }) => us)!;
  for (const [i, { name }] of alternatives.entries()) {
    const [fastest, slowest] = extent(samples[i], ({ us }) => us) as [number, number];
    const middle = median(samples[i], ({ us }) => us)!;
    const shown = [middle, fastest, slowest].map((us) => format(show === "time" ? us : 1000 / us));
    printRow(name, [...shown, `${format(base / middle)}x`, format(median(samples[i], ({ cpuUs }) => cpuUs)!)]);
  }
}

/** A line of a table. */
export function printRow(name: string, cells: readonly string[]): void {
  console.log(`  ${name.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join("")}`);
}

function showUs(us: number): string {
  return us < 1000 ? `${format(us)} µs` : `${format(us / 1000)} ms`;
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

/** An alternative that does one after another. */
export function repeating(name: string, one: (i: number) => Promise<unknown>): Alternative {
  return { name, run: (count) => oneByOne(count, one) };
}

/** An alternative that casts in bursts, each over when its fence is: no outbox takes any number of casts. */
export function casting(
  name: string,
  burst: number,
  cast: (i: number) => void,
  fence: () => Promise<unknown>,
): Alternative {
  return {
    name,
    async run(count) {
      for (let done = 0; done < count; await fence()) {
        for (const end = Math.min(count, done + burst); done < end; done++) cast(done);
      }
    },
  };
}

/** Bytes of objects in use, after a collection where the program can ask for one (`--expose-gc`). */
export function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().heapUsed;
}
