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

for (const end of ["takes", "ends"] as const) {
  Deno.test(`what was posted is unsent until the other side takes it, and whoever waits for that goes on when it ${end}`, async () => {
    const words = new Uint8Array(new SharedArrayBuffer(HAND_OVER_BYTES));
    const { port1, port2 } = new MessageChannel();
    const sender = new HandOver(words, 0, port1, allocateBell(), false);
    const receiver = new HandOver(words, 1, port2, allocateBell(), false);
    for (let n = 0; n < 5; n++) {
      sender.give({ bytes: new Uint8Array(100_000), moved: [] }, () => ({ reachable: false, woken: false }));
    }
    assertEquals([sender.unsent, sender.eased(500_000)], [500_000, undefined]);
    let hasEased = false;
    const eased = sender.eased(250_000)!.then(() => hasEased = true);
    receiver.take();
    receiver.take();
    await Promise.resolve();
    assertEquals([sender.unsent, hasEased], [300_000, false]);
    if (end === "takes") receiver.take();
    else sender.markDead();
    await eased;
    sender.close();
    receiver.close();
  });
}
