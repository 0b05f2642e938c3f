/** What one peer asks keeps neither the program nor other peers waiting, however much it is. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { encode } from "@std/msgpack";
import { actor, type Connection, DisconnectedError, listen, spawn } from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { envelope, RawPeer, REPLY, SEND } from "./raw_peer.ts";

const WITHIN_MS = 10_000;
const authKey = "swordfish";
const WORK_MS = 15;

/** How often the event loop has turned when each piece of work was begun. */
const seen: number[] = [];
let turns = 0;

class Worker {
  /** Keeps the event loop. */
  work(): void {
    seen.push(turns);
    const end = performance.now() + WORK_MS;
    while (performance.now() < end);
  }
}
actor(import.meta.url, Worker);

/** Frames as they are written. */
function framed(frames: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const frame of frames) {
    new DataView(bytes.buffer).setUint32(at, frame.length);
    bytes.set(frame, at + 4);
    at += 4 + frame.length;
  }
  return bytes;
}

async function burst(count: number, then: (raw: RawPeer, served: Connection<unknown>) => Promise<void>): Promise<void> {
  seen.length = turns = 0;
  const turning = setInterval(() => turns++, 0);
  try {
    await using worker = await spawn(Worker, [], { placement: "inline" });
    await using listener = await listen({ port: 0 }, { authKey, heartbeatMs: 50 });
    using raw = await RawPeer.join(listener.address, authKey);
    using served = await deadline(listener.accept(), WITHIN_MS);
    const beating = setInterval(() => void raw.write(framed([new Uint8Array(0)])).catch(() => {}), 20);
    try {
      const sent = served.send(worker).catch(() => {});
      const [, , , , , , , id, , , , passages] = await raw.next(([, , kind]) => kind === SEND);
      const [, , , , , , slot, incarnation, secret] = (passages as unknown[][])[0] as never[];
      await raw.envelope(">", "<", [REPLY, id, "value", null, []]);
      await sent;
      const calls = Array.from({ length: count }, (_, at) => {
        const header = [SEND, slot, incarnation, secret, 1, at + 1, "call", "work", null, []];
        return envelope(">", "<", header, encode([]));
      });
      await raw.write(framed(calls));
      await then(raw, served);
    } finally {
      clearInterval(beating);
    }
  } finally {
    clearInterval(turning);
  }
  await allEnded();
  const turned = new Set(seen).size;
  assert(turned > count / 5, `the event loop turned ${turned} times among ${count} requests`);
}

Deno.test("the event loop turns between costly requests that came together, and their peer is not silent meanwhile", async () => {
  await burst(40, async (raw) => {
    for (let id = 1; id <= 40; id++) await raw.next(([, , kind, of]) => kind === REPLY && of === id);
  });
  assertEquals(seen.length, 40);
});

Deno.test("the event loop turns between the requests of a peer that has hung up", async () => {
  await burst(200, async (raw, served) => {
    raw.socket.close();
    await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  });
  // The last of them may find that who asked is dead.
  assert(seen.length > 190, `${seen.length}`);
});
