import { assert, assertEquals } from "@std/assert";
import { deadline, delay } from "@std/async";
import { encode, type ValueType } from "@std/msgpack";
import { connect, listen, type Listener, Lock, Queue } from "../../../mod.ts";
import { Chance } from "../../chance.ts";
import { firstSeed, rounds } from "../../soak.ts";
import { allEnded } from "./all_ended.ts";
import { envelope, prove, RawPeer, REPLY, SEND } from "./raw_peer.ts";

/** How many frames and handshakes in all: few enough for every run, and 10,000 in the soak. */
const COUNT = rounds(2000, 10_000);
const SEED = firstSeed(20_250_101);
const HANDSHAKES = Math.ceil(COUNT / 5);
const AT_ONCE = 16;
const SERVED_MS = 1000;
/** The memory of so many connections that came and went is not all given back at once: twice as much for five times as many. */
const GROWTH_BYTES = rounds(512, 1024) * 1024 * 1024;
const authKey = "swordfish";

function framed(bytes: Uint8Array, length: number = bytes.length): Uint8Array {
  const frame = new Uint8Array(4 + bytes.length);
  new DataView(frame.buffer).setUint32(0, length);
  frame.set(bytes, 4);
  return frame;
}

/** Gives each who connects handles of its own, and says all again that it says, until it goes. */
async function serve(listener: Listener, handles: () => unknown[]): Promise<void> {
  for await (const connection of listener) {
    void (async () => {
      await connection.send(handles());
      for await (const message of connection) await connection.send(message);
    })().catch(() => {}).finally(() => connection.close());
  }
}

/** The listener is well, whatever it has just been through. */
async function assertServes(listener: Listener): Promise<void> {
  const client = await deadline(connect(listener.address, { authKey }), SERVED_MS);
  await deadline(client.recv(), SERVED_MS);
  await client.send("good");
  assertEquals(await deadline(client.recv(), SERVED_MS), "good");
  await client.close();
}

async function inParallel(count: number, run: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** One stranger who gets the handshake wrong somewhere. */
async function badHandshake(listener: Listener, chance: Chance, overheard: Uint8Array[]): Promise<void> {
  using peer = await RawPeer.to(listener.address);
  const write = (bytes: Uint8Array) => peer.write(bytes).catch(() => {});
  switch (chance.below(5)) {
    case 0:
      await write(chance.bytes(1 + chance.below(300)));
      break;
    case 1:
      await write(
        framed(chance.damage(encode({ troupe: 1, nonce: peer.nonce })), chance.one([0, 50, 1024, 2 ** 32 - 1])),
      );
      break;
    case 2:
      await write(framed(chance.damage(encode({ troupe: chance.below(3), nonce: chance.bytes(chance.below(40)) }))));
      break;
    default: {
      const { nonce } = await peer.hello();
      const proof = await prove(authKey, "connect", peer.nonce, nonce);
      overheard.push(proof);
      // Right but damaged, replayed, or not even that.
      const wrong = chance.one([
        chance.damage(proof),
        chance.one(overheard.slice(0, -1)) ?? chance.bytes(32),
        chance.bytes(32),
      ]);
      const answer = encode({ proof: wrong, holder: chance.one<ValueType>([["", 1], ["<", -1], 7, []]) });
      await write(framed(chance.below(2) === 0 ? answer : chance.damage(answer)));
    }
  }
  if (chance.below(2) === 0) await peer.socket.closeWrite().catch(() => {});
}

/** What a peer has been told of, and the frames that it may rightly send. */
class Knowing {
  private constructor(readonly raw: RawPeer, readonly frames: Uint8Array[]) {}

  static async join(listener: Listener): Promise<Knowing> {
    const raw = await RawPeer.join(listener.address, authKey);
    const header = await raw.next(([, , kind]) => kind === SEND);
    await raw.envelope(">", "<", [REPLY, header[7], "value", null, []]);
    const told = (header[11] as ValueType[][]).map((passage) => passage.slice(5, 9));
    const frames = [raw.welcome.end as ValueType[], ...told].flatMap(([isolate, slot, incarnation, secret], index) => {
      const to = `>${(isolate as string).slice(1)}`;
      const send = (id: number, verb: string, passages: ValueType[] = []): ValueType => //
      [SEND, slot, incarnation, secret, 1, id, verb, "0 0", null, passages];
      const passage: ValueType = ["queue", 0, 0, -1, 0, "<", 9, 1, "ab".repeat(16)];
      const home: ValueType = ["queue", 0, 0, -1, 0, to, slot, incarnation, secret];
      return [
        ...[
          "put",
          "tryPut",
          "get",
          "tryGet",
          "poll",
          "size",
          "acquire",
          "tryAcquire",
          "release",
          "produce",
          "send",
          "recv",
        ]
          .map((verb, at) => envelope(to, "<", send(100 * index + at + 1, verb), encode([1, "two", { three: null }]))),
        envelope(to, "<", send(0, "put", [passage, home]), new Uint8Array([0x92, 0xd4, 10, 0, 0xd4, 10, 1])),
        envelope(to, "<.1", [6, slot, secret, "queue", "<.2", 3, 0, []]),
        envelope(to, "<.1", [7, slot, secret, "queue", 3, []]),
      ];
    });
    const ids = [0, 1, 2, 3, 1000];
    frames.push(
      ...ids.flatMap((id) => [
        envelope(">", "<", [REPLY, id, "value", null, []], encode("a lie")),
        envelope(">", "<", [REPLY, id, "thrown", { code: 1, reason: "error" }, []], encode(null)),
        envelope(">", "<", [2, id, 1, []], encode("an item")),
        envelope(">", "<", [3, id, true, []]),
        envelope(">", "<", [4, id, []]),
        envelope(">", "<", [5, id, 1, []]),
      ]),
      envelope(">", "<", [8, "<.1", { code: 0, reason: "normal" }, []]),
      envelope(">", "<", [8, ">", { code: 0, reason: "normal" }, []]),
    );
    return new Knowing(raw, frames);
  }
}

/** Sends frames of which most are damaged, until the other side has had enough or all are sent; gives how many were. */
async function badFrames({ raw, frames }: Knowing, chance: Chance, most: number): Promise<number> {
  let hungUp = false;
  void raw.untilHungUp(60_000).catch(() => {}).then(() => hungUp = true);
  for (let sent = 0; sent < most; sent++) {
    const frame = chance.one(frames);
    const bytes = chance.below(8) === 0
      ? framed(chance.bytes(chance.below(100)), chance.one([0, 10, 100, 2 ** 26 + 1, 2 ** 32 - 1]))
      : framed(chance.below(4) === 0 ? frame : chance.damage(frame));
    try {
      await raw.write(bytes);
    } catch {
      return sent + 1;
    }
    // Lets the other side answer by hanging up, so that each damaged frame counts.
    if (sent % 4 === 3) await delay(0);
    if (hungUp) return sent + 1;
  }
  return most;
}

Deno.test(`[BEAT-28] ${COUNT} fuzzed frames and handshakes crash nothing, run nothing, and fill nothing (seed ${SEED})`, async () => {
  const listener = await listen(undefined, { authKey, maxPending: 64 });
  const chance = new Chance(SEED);
  const before = Deno.memoryUsage().rss;
  const precious = new Queue<string>();
  await precious.put("untouched");
  const lock = new Lock();
  using _held = await lock.acquire();
  // Each may do with its own queue what it likes; the lock is not for it to free.
  void serve(listener, () => [new Queue({ maxSize: 2 }), lock]);

  const overheard: Uint8Array[] = [];
  await inParallel(HANDSHAKES, () => badHandshake(listener, chance, overheard));
  await assertServes(listener);
  assertEquals(listener.lastAccepted, { path: "" });

  let frames = 0;
  await inParallel(COUNT, async () => {
    if (frames >= COUNT - HANDSHAKES) return;
    const knowing = await Knowing.join(listener);
    frames += await badFrames(knowing, chance, 200);
    knowing.raw[Symbol.dispose]();
  });
  await assertServes(listener);

  assertEquals(await precious.tryGet(), { value: "untouched" });
  assertEquals(await lock.tryAcquire(), undefined, "nobody took what another holds");
  const growth = Deno.memoryUsage().rss - before;
  assert(growth < GROWTH_BYTES, `it grew by ${growth} bytes`);
  await listener.close();
  await allEnded();
});
