import { assertEquals } from "@std/assert";
import { allocateBell } from "../../../channels/link/doorbell.ts";
import { HAND_OVER_BYTES, HandOver } from "../../../channels/link/hand_over.ts";

/** Where a receiver says that it blocks for the next frame, among the words of the first direction. */
const ASK = 33;

Deno.test("a receiver that has blocked for a large frame in vain, and sleeps, is woken when it has come", () => {
  const words = new Uint8Array(new SharedArrayBuffer(HAND_OVER_BYTES));
  const { port1, port2 } = new MessageChannel();
  const bell = allocateBell();
  const sender = new HandOver(words, 0, port1, bell, false);
  const receiver = new HandOver(words, 1, port2, allocateBell(), false);
  const frame = { bytes: new Uint8Array(100_000).fill(7), moved: [] };
  sender.give(frame, () => {
    // It has asked for the frame; by the time that the frame is posted it has given up.
    Atomics.store(new Int32Array(words.buffer), ASK, 1);
    Atomics.store(bell, 0, 1);
    return { reachable: true, woken: false };
  });
  assertEquals(Atomics.load(bell, 0), 0);
  assertEquals(receiver.take()?.bytes.length, 100_000);
  sender.close();
  receiver.close();
});
