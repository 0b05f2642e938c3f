/** What every pool of the benchmark runs. */

import { task } from "../../mod.ts";

export function same(n: number): number {
  return n;
}
task(import.meta.url, same);

export function byteLength(bytes: Uint8Array): number {
  return bytes.byteLength;
}
task(import.meta.url, byteLength);

/** How many primes there are among 5000 numbers from `start` on: a few milliseconds of work. */
export function countPrimes(start: number): number {
  let count = 0;
  for (let n = Math.max(2, start); n < start + 5000; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) count++;
  }
  return count;
}
task(import.meta.url, countPrimes);
