// Parent and child send and receive by turns on one pipe. One receive too many ends in an error, not in a hang.
// Threads:       deno run --allow-read=. examples/03_duplex_pipe.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/03_duplex_pipe.ts process
import { type Connection, DisconnectedError, pipe, Process, task } from "@troupe/troupe";

async function measure(connection: Connection<number, string>): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const word = await connection.recv();
    await connection.send(word.length);
  }
}
task(import.meta.url, measure);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const [here, there] = pipe<string, number>();
  const p = new Process(measure, [there], { placement });
  await p.start();
  for (const word of ["one", "three", "eleven"]) {
    await here.send(word);
    console.log(word, await here.recv());
  }
  try {
    await here.recv(); // The child has ended, and with it its end of the pipe.
  } catch (error) {
    if (!(error instanceof DisconnectedError)) throw error;
    console.log(`${error.name}: ${error.message}`);
  }
  await p.join();
}

// Prints:
// one 3
// three 5
// eleven 6
// DisconnectedError: Cannot receive from a pipe: the peer is gone
