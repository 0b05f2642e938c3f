// Two writers and an endless reader share a queue of URLs; when the reader has had all of them it is terminated.
// Threads:       deno run --allow-read=. examples/04_shared_queue.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/04_shared_queue.ts process
import { Process, Queue, task } from "@troupe/troupe";

async function write(urls: Queue<string>, site: string): Promise<void> {
  for (let page = 1; page <= 3; page++) {
    await pause();
    await urls.put(`https://${site}.example/${page}`);
  }
}
task(import.meta.url, write);

async function read(urls: Queue<string>, visited: Queue<string>): Promise<void> {
  while (true) {
    const url = await urls.get();
    await pause();
    await visited.put(url);
  }
}
task(import.meta.url, read);

/** Takes up to 30 ms. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
}

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const urls = new Queue<string>();
  const visited = new Queue<string>();
  const writers = ["cats", "dogs"].map((site) => new Process(write, [urls, site], { placement }));
  const reader = new Process(read, [urls, visited], { placement });
  for (const p of [...writers, reader]) await p.start();
  for (let i = 0; i < 6; i++) console.log("visited", await visited.get());
  for (const writer of writers) await writer.join();
  await reader.terminate();
  console.log("the reader ended with", reader.exitCode);
}

// Prints, with those of cats and those of dogs each in this order:
// visited https://cats.example/1
// visited https://dogs.example/1
// visited https://cats.example/2
// visited https://dogs.example/2
// visited https://cats.example/3
// visited https://dogs.example/3
// the reader ended with -15
