// Two programs talk over a socket. Both must have the key; then any handle that one sends works at the other.
// Threads:       deno run --allow-net=127.0.0.1 examples/13_two_programs.ts
// And meanwhile: deno run --allow-net=127.0.0.1 examples/13_two_programs.ts client
import { connect, DisconnectedError, listen, Queue } from "@troupe/troupe";

const address = { port: 7913 };

async function serve(): Promise<void> {
  await using listener = await listen<Queue<string>, string>(address, { authKey: "swordfish" });
  console.log("listening");
  using client = await listener.accept();
  const name = await client.recv();
  const greetings = new Queue<string>();
  await client.send(greetings); // The queue stays here.
  await greetings.put(`Hello, ${name}!`);
  await client.recv().catch((error) => {
    if (!(error instanceof DisconnectedError)) throw error;
  });
  console.log(`${name} has left, ${listener.refused} refused`);
}

async function call(): Promise<void> {
  await connect(address, { authKey: "guess" }).catch((error) => console.log(`${error.name}: ${error.message}`));
  using server = await connect<string, Queue<string>>(address, { authKey: "swordfish" });
  await server.send("Ada");
  const greetings = await server.recv();
  console.log(await greetings.get());
}

if (import.meta.main) await (Deno.args[0] === "client" ? call() : serve());

// Prints:
// listening
// Ada has left, 1 refused
// And after that, the client:
// AuthenticationError: Cannot connect to 127.0.0.1:7913: the other side does not accept the key
// Hello, Ada!
