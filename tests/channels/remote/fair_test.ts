/** What one peer asks keeps neither the program nor other peers waiting, however much it is. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { encode } from "@std/msgpack";
import { Cell } from "../../../channels/kernel/cell.ts";
import { Transit } from "../../../channels/kernel/handle.ts";
import type { Request } from "../../../channels/kernel/request.ts";
import { actor, type Connection, DisconnectedError, listen, spawn } from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { envelope, RawPeer, REPLY, SEND } from "./raw_peer.ts";

const WITHIN_MS = 10_000;
const authKey = "swordfish";
const WORK_MS = 15;

/** How often the event loop has turned when each piece of work was begun. */
const seen: number[] = [];
let turns = 0;

/** Keeps the event loop. */
function work(): void {
  seen.push(turns);
  const end = performance.now() + WORK_MS;
  while (performance.now() < end);
}

class Worker {
  work(): void {
    work();
  }
}
actor(import.meta.url, Worker);

/** Does its work while it receives the request, as cells do. */
class CostlyCell extends Cell {
  receive(request: Request): void {
    work();
    request.reply();
  }
}

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

async function burst(
  count: number,
  then: (raw: RawPeer, served: Connection<unknown>) => Promise<void>,
  cell?: Cell,
): Promise<void> {
  seen.length = turns = 0;
  const turning = setInterval(() => turns++, 0);
  try {
    await using worker = await spawn(Worker, [], { placement: "inline" });
    await using listener = await listen({ port: 0 }, { authKey, heartbeatMs: 50 });
    using raw = await RawPeer.join(listener.address, authKey);
    using served = await deadline(listener.accept(), WITHIN_MS);
    const beating = setInterval(() => void raw.write(framed([new Uint8Array(0)])).catch(() => {}), 20);
    try {
      const sent = served.send(cell === undefined ? worker : new Transit({ kind: "lock", target: cell, meta: null }))
        .catch(() => {});
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

/** Reads the answers to so many requests. */
async function answers(raw: RawPeer, count: number): Promise<void> {
  for (let id = 1; id <= count; id++) await raw.next(([, , kind, of]) => kind === REPLY && of === id);
}

Deno.test("the event loop turns between costly requests that came together, and their peer is not silent meanwhile", async () => {
  await burst(40, (raw) => answers(raw, 40));
  assertEquals(seen.length, 40);
});

Deno.test("the event loop turns between costly requests that no actor handles, but a cell at once", async () => {
  await burst(40, (raw) => answers(raw, 40), new CostlyCell());
  assertEquals(seen.length, 40);
});

Deno.test("the event loop turns between the requests of a peer that has hung up", async () => {
  await burst(200, async (raw, served) => {
    raw.socket.close();
    await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  });
  // The last requests may find that their asker is dead.
  assert(seen.length > 190, `${seen.length}`);
});
