// A child squares what comes on one queue and puts the results on another. The first program of the README.
// Threads:       deno run --allow-read=. examples/00_hello.ts
import { Process, Queue, task } from "@troupe/troupe";

async function square(jobs: Queue<number>, squares: Queue<number>): Promise<void> {
  for await (const n of jobs) await squares.put(n * n);
  await squares.close();
}
task(import.meta.url, square);

if (import.meta.main) {
  const [jobs, squares] = [new Queue<number>(), new Queue<number>()];
  await new Process(square, [jobs, squares]).start(); // in a worker thread
  for (const n of [1, 2, 3]) await jobs.put(n);
  await jobs.close();
  for await (const n of squares) console.log(n);
}

// Prints:
// 1
// 4
// 9
