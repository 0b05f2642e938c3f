// The tasks of a pool share a queue, which in Python must be a manager's: a plain one fails there.
// Threads:       deno run --allow-read=. examples/10_pool_queue.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/10_pool_queue.ts process
import { Pool, Queue, task } from "@troupe/troupe";

async function findEven(numbers: number[], found: Queue<string>): Promise<number> {
  const even = numbers.filter((n) => n % 2 === 0);
  for (const n of even) await found.put(`${n} is even`);
  return even.length;
}
task(import.meta.url, findEven);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const found = new Queue<string>();
  {
    await using pool = new Pool({ size: 2, placement });
    console.log(await pool.starmap(findEven, [[[1, 2, 3, 4], found], [[5, 6, 7], found], [[9], found]]));
  }
  await found.close();
  const lines = await Array.fromAsync(found);
  console.log(lines.sort().join("\n"));
}

// Prints:
// [ 2, 1, 0 ]
// 2 is even
// 4 is even
// 6 is even
