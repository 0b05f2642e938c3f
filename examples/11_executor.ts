// An executor: one task is submitted and its result awaited; then many, as a list, and as they come.
// Threads:       deno run --allow-read=. examples/11_executor.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/11_executor.ts process
import { Pool, task } from "@troupe/troupe";

function fibonacci(n: number): number {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
task(import.meta.url, fibonacci);

function* numbers(): Generator<number> {
  for (let n = 0;; n += 5) yield n;
}

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  await using pool = new Pool({ placement });
  console.log(await pool.run(fibonacci, [20]));
  console.log(await pool.map(fibonacci, [1, 2, 3, 4, 5, 6, 7, 8]));
  // The source has no end: it is read no further than somebody wants to know.
  for await (const value of pool.imap(fibonacci, numbers())) {
    if (value > 10_000) break;
    console.log(value);
  }
  console.log(await pool.run(fibonacci, [50], { timeoutMs: 100 }).catch((error: Error) => error.message));
}

// Prints:
// 6765
// [
//   1, 1,  2,  3,
//   5, 8, 13, 21
// ]
// 0
// 5
// 55
// 610
// 6765
// Cannot run fibonacci: it was not done after 100 ms
