/** What becomes of an object that had moved to somebody who died before it was read. */

import { assertEquals } from "@std/assert";
import { deadLetters } from "../../channels/kernel/dead_letters.ts";
import { pipe, Queue } from "../../mod.ts";
import { receiveAndSpin, receiveOne } from "./fixtures/queue_victims.ts";
import { everywhere, within } from "./queue_everywhere.ts";

// A subprocess gets the bytes of a buffer, which stay here until it has said that it has them.
everywhere(
  "a buffer that moved to a thread that died unread is a dead letter, and the pipe goes on for others",
  async (place) => {
    const [here, there] = pipe<unknown>();
    const asked = new Queue<unknown>();
    const letters: string[] = [];
    using _listening = deadLetters.listen(({ what }) => letters.push(what));
    const victim = await place.start(receiveAndSpin, there, asked);
    await asked.get();
    const other = await place.start(receiveOne, there, asked);
    await asked.get();
    const buffer = new ArrayBuffer(8);
    await here.send(["lost", buffer], { transfer: [buffer] });
    await victim.kill();
    await here.send("next");
    assertEquals(await within(10_000, other.result), "next");
    assertEquals(letters.length, 1);
  },
  { placements: ["thread"] },
);

everywhere("a buffer that was sent to a subprocess that died unread comes to the next reader", async (place) => {
  const [here, there] = pipe<unknown>();
  const asked = new Queue<unknown>();
  const victim = await place.start(receiveAndSpin, there, asked);
  await asked.get();
  const other = await place.start(receiveOne, there, asked);
  await asked.get();
  await here.send(["kept", new Uint8Array([1, 2]).buffer]);
  await victim.kill();
  assertEquals(await within(10_000, other.result), ["kept", new Uint8Array([1, 2]).buffer]);
}, { placements: ["process"] });
