// A child sends a list over a pipe and closes its end; the parent receives and prints it.
// Threads:       deno run --allow-read=. examples/02_pipe.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/02_pipe.ts process
import { type Connection, pipe, Process, task } from "@troupe/troupe";

async function say(connection: Connection<unknown>): Promise<void> {
  await connection.send([42, null, "hello"]);
  await connection.close();
}
task(import.meta.url, say);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const [here, there] = pipe();
  const p = new Process(say, [there], { placement });
  await p.start();
  console.log(await here.recv());
  await p.join();
}

// Prints:
// [ 42, null, "hello" ]
