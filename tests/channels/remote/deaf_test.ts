/** A peer that makes this program say much that is no answer of a cell, and reads nothing of it, or reads slowly. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline, delay } from "@std/async";
import type { ValueType } from "@std/msgpack";
import { type Connection, DisconnectedError, listen, type Listener } from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { envelope, RawPeer, SEND } from "./raw_peer.ts";

const authKey = "swordfish";
const WITHIN_MS = 30_000;
const KIB = 1024;
const MIB = 1024 * KIB;
const ITEM = 2;
const secret = "cd".repeat(16);
/** What is said to, or of, an isolate of this name is long. */
const PATH = ".123456789012345".repeat(31);

/** Something that a peer says, and how many frames are said to it because of that. */
interface Remark {
  readonly bytes: Uint8Array;
  readonly frames: number;
}

function cast(from: string, passages: ValueType[]): Uint8Array {
  return envelope(">", from, [SEND, 999_999, 1, secret, 7, 0, "put", "", null, passages]);
}

const REMARKS: Record<string, Remark> = {
  "requests to isolates out of its reach": {
    bytes: envelope(`>@9${PATH}`, "<", [SEND, 1, 1, secret, 7, 1, "get", "", null, []]),
    frames: 1,
  },
  "casts to nobody": { bytes: cast(`<${PATH}`, []), frames: 1 },
  "casts to nobody of handles": {
    bytes: cast("<", Array.from({ length: 20 }, (_, at) => ["queue", 0, 0, -1, 0, `<${PATH}`, 100 + at, 1, secret])),
    frames: 21,
  },
  "items that nobody has asked for": { bytes: envelope(">", `<${PATH}`, [ITEM, 4_000_000_000, 1, []]), frames: 1 },
};

/** Writes a frame so often, and then shows that it lives, until it is hung up on. Returns how many bytes it could write. */
async function pour({ socket }: RawPeer, { bytes }: Remark, times: number): Promise<number> {
  const block = new Uint8Array((4 + bytes.length) * times);
  for (let at = 0; at < block.length; at += 4 + bytes.length) {
    new DataView(block.buffer).setUint32(at, bytes.length);
    block.set(bytes, at + 4);
  }
  let written = 0;
  try {
    while (written < block.length) written += await socket.write(block.subarray(written));
    while (await socket.write(new Uint8Array(4)) === 4) await delay(20);
  } catch {
    // It is hung up on.
  }
  return written;
}

async function joined(
  options: { heartbeatMs: number },
): Promise<{ listener: Listener; raw: RawPeer; served: Connection<unknown> }> {
  const listener = await listen(undefined, { authKey, maxUnsettledBytes: 64 * KIB, ...options });
  const raw = await RawPeer.join(listener.address, authKey);
  return { listener, raw, served: await deadline(listener.accept(), WITHIN_MS) as Connection<unknown> };
}

for (const [what, remark] of Object.entries(REMARKS)) {
  Deno.test(`a peer that makes many ${what} and reads nothing is not read for long, and hung up on`, async () => {
    const { listener, raw, served } = await joined({ heartbeatMs: 400 });
    const poured = pour(raw, remark, Math.ceil(32 * MIB / remark.bytes.length));
    await deadline(assertRejects(() => served.recv(), DisconnectedError), WITHIN_MS);
    raw.socket.close();
    const written = await poured;
    assert(written < 8 * MIB, `${written} bytes were read`);
    await Promise.all([served.close(), listener.close()]);
    await allEnded();
  });

  Deno.test(`a peer that makes many ${what} and reads slowly has all of it in the end`, async () => {
    const { listener, raw, served } = await joined({ heartbeatMs: 400 });
    const times = Math.ceil(2 * MIB / remark.frames / 500);
    const poured = pour(raw, remark, times);
    let frames = 0;
    while (frames < times * remark.frames) {
      assert(await raw.readFrame() !== undefined, `hung up on after ${frames} frames`);
      if (++frames % 50 === 0) await delay(20);
    }
    assertEquals(frames, times * remark.frames);
    raw.socket.close();
    await poured;
    await Promise.all([served.close(), listener.close()]);
    await allEnded();
  });
}
