// A child squares what comes on one queue and puts the results on another. The first program of the README.
// Threads:       deno run --allow-read=. examples/00_hello.ts
import { Queue, spawn, task } from "@troupe/troupe";

async function square(jobs: Queue<number>, squares: Queue<number>): Promise<void> {
  for await (const n of jobs) await squares.put(n * n);
}
task(import.meta.url, square);
if (import.meta.main) {
  const [jobs, squares] = [new Queue<number>(), new Queue<number>()];
  const squarer = await spawn(square, [jobs, squares]); // in a worker thread
  squarer.exited.then(() => squares.close()); // whatever its end is
  for (const n of [1, 2, 3]) await jobs.put(n);
  await jobs.close();
  for await (const n of squares) console.log(n);
  await squarer.result; // throws what it threw
}

// Prints:
// 1
// 4
// 9
