/** A program that connects, sends a ref to an echo and a queue of its own, and sends back what it is sent. */

import { connect, Queue, type SocketAddress, spawn } from "../../mod.ts";
import { Echo, sendBack } from "./echo.ts";

if (import.meta.main) {
  const [address, authKey] = Deno.args;
  const connection = await connect<unknown>(JSON.parse(address) as SocketAddress, { authKey });
  await connection.send({ echo: await spawn(Echo, [], { placement: "inline" }), queue: new Queue<number>() });
  await sendBack(connection as Parameters<typeof sendBack>[0]);
  Deno.exit(0);
}
