// Two processes that never end by themselves print something every second; one Ctrl-C stops the program in order.
// Threads:       deno run --allow-read=. examples/08_ctrl_c.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/08_ctrl_c.ts process
import { current, Process, task } from "@troupe/troupe";

async function clock(word: string, everyMs: number): Promise<void> {
  const { signal } = current(); // Aborts when this process is asked to stop, as Ctrl-C does.
  while (!signal.aborted) {
    console.log(word);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  console.log(word, "stops");
}
task(import.meta.url, clock);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const processes = ["tick", "tock"].map((word) => new Process(clock, [word, 1000], { placement }));
  for (const p of processes) await p.start();
  for (const p of processes) await p.join();
}

// Prints, once a second in either order:
// tick
// tock
// And after Ctrl-C, in either order; the program's exit code is 130:
// tick stops
// tock stops
