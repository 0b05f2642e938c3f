// Four children count into one number and one array. No increment is lost; what takes two steps is done under a lock.
// Threads:       deno run --allow-read=. examples/12_shared_numbers.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/12_shared_numbers.ts process
import { Lock, Process, SharedArray, SharedValue, task } from "@troupe/troupe";

async function count(
  hits: SharedValue<"int32">,
  totals: SharedArray<"float64">,
  balance: SharedArray<"int32">,
  lock: Lock,
): Promise<void> {
  for (let i = 0; i < 250; i++) {
    await hits.add(1);
    await totals.add(i % 3, 0.5);
  }
  for (let i = 0; i < 25; i++) {
    using _held = await lock.acquire();
    // Two numbers that belong together: nobody sees one changed and not the other.
    await balance.set(0, await balance.get(0) - 1);
    await balance.set(1, await balance.get(1) + 1);
  }
}
task(import.meta.url, count);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const hits = new SharedValue("int32");
  const totals = new SharedArray("float64", 3);
  const balance = new SharedArray("int32", [100, 0]);
  const lock = new Lock();
  const children = Array.from({ length: 4 }, () => new Process(count, [hits, totals, balance, lock], { placement }));
  for (const child of children) await child.start();
  for (const child of children) await child.join();
  console.log("hits:", await hits.get());
  console.log("totals:", await totals.slice());
  console.log("balance:", await balance.slice());
}

// Prints:
// hits: 1000
// totals: [ 168, 166, 166 ]
// balance: [ 0, 100 ]
