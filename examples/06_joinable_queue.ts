// A worker takes jobs until it finds the sentinel, and says when each is done; the parent waits for all of them.
// Threads:       deno run --allow-read=. examples/06_joinable_queue.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/06_joinable_queue.ts process
import { JoinableQueue, Process, task } from "@troupe/troupe";

async function work(jobs: JoinableQueue<number | null>): Promise<void> {
  while (true) {
    const n = await jobs.get();
    if (n !== null) console.log(`${n} squared is ${n * n}`);
    await jobs.taskDone();
    if (n === null) return;
  }
}
task(import.meta.url, work);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const jobs = new JoinableQueue<number | null>();
  const p = new Process(work, [jobs], { placement });
  await p.start();
  for (const n of [1, 2, 3, 4, null]) await jobs.put(n);
  await jobs.join();
  console.log("every job is done");
  await p.join();
  console.log("the worker ended with", p.exitCode);
}

// Prints:
// 1 squared is 1
// 2 squared is 4
// 3 squared is 9
// 4 squared is 16
// every job is done
// the worker ended with 0
