// A sender pushes ten URLs down a pipe to a receiver in another child; the sender is joined, the receiver terminated.
// Threads:       deno run --allow-read=. examples/05_two_children.ts
// Subprocesses:  deno run --allow-read=deno.json --allow-run --allow-net=127.0.0.1:0 examples/05_two_children.ts process
import { type Connection, pipe, Process, task } from "@troupe/troupe";

async function send(connection: Connection<string>): Promise<void> {
  for (let page = 1; page <= 10; page++) {
    await connection.send(`https://cats.example/${page}`);
    await connection.recv(); // The receiver has printed it.
  }
}
task(import.meta.url, send);

async function receive(connection: Connection<string>): Promise<void> {
  for await (const url of connection) {
    console.log("received", url);
    await connection.send("thanks");
  }
  // The sender is gone, which ended the loop. This receiver goes on for ever all the same.
  await new Promise(() => {});
}
task(import.meta.url, receive);

if (import.meta.main) {
  const placement = Deno.args[0] === "process" ? "process" : "thread";
  const [left, right] = pipe<string>();
  const sender = new Process(send, [left], { placement });
  const receiver = new Process(receive, [right], { placement });
  await receiver.start();
  await sender.start();
  await sender.join();
  await receiver.terminate();
  console.log("the receiver ended with", receiver.exitCode);
}

// Prints:
// received https://cats.example/1
// received https://cats.example/2
// received https://cats.example/3
// received https://cats.example/4
// received https://cats.example/5
// received https://cats.example/6
// received https://cats.example/7
// received https://cats.example/8
// received https://cats.example/9
// received https://cats.example/10
// the receiver ended with -15
