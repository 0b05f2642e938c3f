// A child puts a list on a queue; the parent takes and prints it, and waits for the child to end.
// Threads:       deno run --allow-read=. examples/01_queue.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/01_queue.ts process
import { Process, Queue, task } from "@troupe/troupe";

async function fill(queue: Queue<unknown>): Promise<void> {
  await queue.put([42, null, "hello"]);
}
task(import.meta.url, fill);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const queue = new Queue();
  const p = new Process(fill, [queue], { placement });
  await p.start();
  console.log(await queue.get());
  await p.join();
}

// Prints:
// [ 42, null, "hello" ]
