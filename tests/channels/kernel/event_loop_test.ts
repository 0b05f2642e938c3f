/** What keeps the event loop busy, and lets it turn, keeps nobody's sockets waiting. */

import { assertEquals } from "@std/assert";
import { eventLoop } from "../../../channels/kernel/event_loop.ts";

/** As long as it takes until the system is to be asked what has come in, and longer. */
const BUSY_MS = 5;

Deno.test("two turns after much work, what had come in by then has been read", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: (listener.addr as Deno.NetAddr).port });
  using server = await listener.accept();
  const bytes = new Uint8Array(8);
  for (let round = 0; round < 20; round++) {
    let [read, turns] = [0, 0];
    const reading = server.read(bytes).then((count) => read = count!);
    await client.write(new Uint8Array(8));
    // The first may be under way while the bytes come in.
    for (; turns < 2; turns++) {
      for (const end = performance.now() + BUSY_MS; performance.now() < end;);
      await eventLoop.turn();
    }
    assertEquals(read, 8, `${turns} turns did not suffice`);
    await reading;
  }
});
