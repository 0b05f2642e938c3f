/**
 * Measures alternatives against each other in one run: a round of each in turn, many rounds, medians and ratios. A
 * figure alone says little on a machine that others use too; a ratio of two that took turns says more.
 *
 * @module
 */

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
}

/** Whether the whole is to take less than a minute. */
export const quick: boolean = Deno.args.includes("--quick");

const ROUNDS = quick ? 7 : 31;
const ROUND_MS = quick ? 20 : 60;

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
export async function compare({ title, show, alternatives, roundMs = ROUND_MS }: Comparison): Promise<void> {
  const counts: number[] = [];
  for (const alternative of alternatives) counts.push(await calibrate(alternative, roundMs));
  const samples: number[][] = alternatives.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < alternatives.length; turn++) {
      // Each round begins with another one, so that none always follows the same.
      const i = (round + turn) % alternatives.length;
      samples[i].push(await time(alternatives[i], counts[i]) * 1000 / counts[i]);
    }
  }
  print(title, show, alternatives, samples);
}

/** How many times to do it in a round. Also what warms it up. */
async function calibrate(alternative: Alternative, roundMs: number): Promise<number> {
  for (let count = 1;; count *= 2) {
    const took = await time(alternative, count);
    if (took >= roundMs / 2) return Math.max(1, Math.round(count * roundMs / took));
  }
}

async function time(alternative: Alternative, count: number): Promise<number> {
  const began = performance.now();
  const clear = await alternative.run(count);
  const took = performance.now() - began;
  await clear?.();
  return took;
}

function print(
  title: string,
  show: Comparison["show"],
  alternatives: readonly Alternative[],
  samples: readonly number[][],
): void {
  const unit = show === "time" ? "µs each" : "thousand a second";
  console.log(`\n${title} (${unit})`);
  console.log(
    `  ${"".padEnd(34)}${"median".padStart(10)}${"fastest".padStart(10)}${"slowest".padStart(10)}     as fast`,
  );
  const base = quantile(samples[0], 0.5);
  for (const [i, { name }] of alternatives.entries()) {
    const [median, fastest, slowest] = [0.5, 0, 1].map((q) => quantile(samples[i], q));
    const shown = [median, fastest, slowest].map((us) => format(show === "time" ? us : 1000 / us).padStart(10));
    console.log(`  ${name.padEnd(34)}${shown.join("")}${`${format(base / median)}x`.padStart(12)}`);
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round(q * (sorted.length - 1))];
}

function format(n: number): string {
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
