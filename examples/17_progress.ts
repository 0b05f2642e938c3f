// A long map on every core, with a bar that shows how far it has come.
// Threads:       deno run --allow-read=. examples/17_progress.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/17_progress.ts process
import { Pool, type PoolProgress, task } from "@troupe/troupe";

const STEP = 25_000;

/** How many primes there are from `start` on, before the next start. */
function countPrimes(start: number): number {
  let count = 0;
  for (let n = Math.max(2, start); n < start + STEP; n++) if (isPrime(n)) count++;
  return count;
}
task(import.meta.url, countPrimes);

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

function drawBar({ done, total }: PoolProgress): void {
  const bar = "#".repeat(done).padEnd(total);
  Deno.stdout.writeSync(new TextEncoder().encode(`\r[${bar}] ${done} of ${total}`));
}

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  await using pool = new Pool({ placement });
  const starts = Array.from({ length: 40 }, (_, i) => i * STEP);
  const counts = await pool.map(countPrimes, starts, { onProgress: drawBar });
  console.log(`\nprimes below a million: ${counts.reduce((sum, count) => sum + count)}`);
}

// Prints, when the bar is full:
// [########################################] 40 of 40
// primes below a million: 78498
