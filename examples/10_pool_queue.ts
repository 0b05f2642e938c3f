// The tasks of a pool share a manager's queue. In Python it must be a manager's; here `new Queue()` would do as well.
// Threads:       deno run --allow-read=. examples/10_pool_queue.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/10_pool_queue.ts process
import { manage, Pool, type Queue, task } from "@troupe/troupe";

async function findEven(numbers: number[], found: Queue<string>): Promise<number> {
  const even = numbers.filter((n) => n % 2 === 0);
  for (const n of even) await found.put(`${n} is even`);
  return even.length;
}
task(import.meta.url, findEven);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  await using manager = await manage({}, { placement });
  const found = await manager.queue<string>();
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
