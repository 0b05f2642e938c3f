// Ten processes write their number into one shared dict and append it to one shared list; the parent prints both.
// Threads:       deno run --allow-read=. examples/07_manager.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/07_manager.ts process
import { manage, Process, type SharedDict, type SharedList, task } from "@troupe/troupe";

async function note(squares: SharedDict<number, number>, done: SharedList<number>, n: number): Promise<void> {
  await squares.set(n, n * n);
  await done.push(n);
}
task(import.meta.url, note);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  await using manager = await manage({}, { placement });
  const squares = await manager.dict<number, number>();
  const done = await manager.list<number>();
  const processes = Array.from({ length: 10 }, (_, n) => new Process(note, [squares, done, n], { placement }));
  for (const p of processes) await p.start();
  for (const p of processes) await p.join();

  // The processes are gone; what they wrote is not. They came in any order.
  await done.sort();
  console.log(await done.snapshot());
  console.log(
    (await squares.entries()).toSorted(([a], [b]) => a - b).map(([n, square]) => `${n}: ${square}`).join(", "),
  );
}

// Prints:
// [
//   0, 1, 2, 3, 4,
//   5, 6, 7, 8, 9
// ]
// 0: 0, 1: 1, 2: 4, 3: 9, 4: 16, 5: 25, 6: 36, 7: 49, 8: 64, 9: 81
