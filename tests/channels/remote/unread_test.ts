import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline, delay } from "@std/async";
import { encode, type ValueType } from "@std/msgpack";
import {
  connect,
  type Connection,
  DisconnectedError,
  listen,
  type Listener,
  manage,
  type PlacementName,
  type Ref,
  SharedMemory,
  spawn,
} from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { Generous } from "./fixtures/generous.ts";
import { envelope, RawPeer, REPLY, SEND } from "./raw_peer.ts";

const WITHIN_MS = 30_000;
const authKey = "swordfish";
const MIB = 1024 * 1024;
/** Each request is of some 100 bytes, and asks for so much. */
const SIZE = 4 * MIB;
const COUNT = 400;
/** What `maxUnsettledBytes` allows for one peer, and as much again for what V8 has yet to collect. */
const MOST_BYTES = 2 * 4 * 64 * MIB;

/** A cell as a peer knows it. */
interface Known {
  readonly to: string;
  readonly address: ValueType[];
}

/** A question to a cell. */
interface Question {
  readonly verb: string;
  readonly detail: string;
  readonly body: Uint8Array;
}

function knownFrom([passage]: ValueType[][]): Known {
  return { to: `>${(passage[5] as string).slice(1)}`, address: passage.slice(6, 9) };
}

/** A peer that is given a handle, asks very often, and reads nothing. */
class Glutton {
  #lastId = 1000;
  private constructor(readonly raw: RawPeer, readonly known: Known) {}

  static async fed(listener: Listener, handle: unknown): Promise<{ glutton: Glutton; served: Connection<unknown> }> {
    const raw = await RawPeer.join(listener.address, authKey);
    const served = await deadline(listener.accept(), WITHIN_MS) as Connection<unknown>;
    const sent = served.send(handle);
    const header = await raw.next(([, , kind]) => kind === SEND);
    await raw.envelope(">", "<", [REPLY, header[7], "value", null, []], encode(true));
    await sent;
    return { glutton: new Glutton(raw, knownFrom(header[11] as ValueType[][])), served };
  }

  /** Opens a stream. */
  async open(method: string, size: number): Promise<Known> {
    const { to, address } = this.known;
    const id = ++this.#lastId;
    await this.raw.envelope(to, "<", [SEND, ...address, 1, id, "call", method, null, []], encode([size]));
    const header = await this.raw.next(([, , kind, of]) => kind === REPLY && of === id);
    return knownFrom(header[6] as ValueType[][]);
  }

  /** Asks that often, of one after the other, in one piece; until nobody takes it any more. */
  async ask(of: readonly Known[], { verb, detail, body }: Question): Promise<void> {
    const frames = Array.from({ length: COUNT }, (_, at) => {
      const { to, address } = of[at % of.length];
      const bytes = envelope(to, "<", [SEND, ...address, 1, ++this.#lastId, verb, detail, null, []], body);
      return [...new Uint8Array(new Uint32Array([bytes.length]).buffer).reverse(), ...bytes];
    });
    const bytes = new Uint8Array(frames.flat());
    assert(bytes.length < 100_000);
    await this.raw.write(bytes);
  }
}

interface Feast {
  readonly handle: unknown;
  readonly question: Question;
  end(): Promise<unknown>;
}

/** Each way to have much said: the handle that the peer is given, and its question. */
const WAYS: Record<string, (placement: PlacementName) => Promise<Feast>> = {
  calls: (placement) => generous(placement, "call", "bytes", encode([SIZE])),
  "slow calls": (placement) => generous(placement, "call", "later", encode([SIZE])),
  streams: (placement) => generous(placement, "next", "", new Uint8Array(0)),
  async "queue items"(placement) {
    const generous = await spawn(Generous, [], { placement });
    const handle = await generous.call.queue(40, SIZE);
    return { handle, question: question("get", "", new Uint8Array(0)), end: () => generous.kill() };
  },
  async "dict entries"(placement) {
    const manager = await manage(undefined, { placement });
    const handle = await manager.dict<string, Uint8Array>();
    await handle.set("a", new Uint8Array(SIZE).fill(1));
    return { handle, question: question("get", "sa", new Uint8Array(0)), end: () => manager.stop() };
  },
  async "memory reads"() {
    const handle = await SharedMemory.create(SIZE);
    return { handle, question: question("read", "", encode([0, SIZE])), end: () => handle.close() };
  },
};

async function generous(placement: PlacementName, verb: string, detail: string, body: Uint8Array): Promise<Feast> {
  const handle = await spawn(Generous, [], { placement });
  return { handle, question: question(verb, detail, body), end: () => handle.kill() };
}

function question(verb: string, detail: string, body: Uint8Array): Question {
  return { verb, detail, body };
}

for (const [way, prepare] of Object.entries(WAYS)) {
  for (const placement of ["inline", "thread", "process"] as const) {
    Deno.test(`a peer that asks for ${way} of a ${placement} and reads nothing is not held much for, and others are served`, async () => {
      const listener = await listen(undefined, { authKey, heartbeatMs: 1000 });
      const { handle, question, end } = await prepare(placement);
      const honest = await connect<unknown, unknown>(listener.address, { authKey });
      const honestServed = await listener.accept();
      const { glutton, served } = await Glutton.fed(listener, handle);
      const of = way === "streams" ? [await glutton.open("stream", SIZE)] : [glutton.known];
      const before = Deno.memoryUsage().rss;
      let most = before;
      const beating = setInterval(() => {
        most = Math.max(most, Deno.memoryUsage().rss);
        // It lives, and shows it.
        glutton.raw.write(new Uint8Array(4)).catch(() => {});
      }, 20);
      await glutton.ask(of, question).catch(() => {});
      // Beating is not enough: a peer that reads nothing is hung up on in the end.
      let gone = false;
      const ended = assertRejects(() => served.recv(), DisconnectedError).then(() => gone = true);
      while (!gone) {
        await honest.send("hello");
        assertEquals(await deadline(honestServed.recv(), WITHIN_MS), "hello");
        await delay(5);
      }
      await ended;
      clearInterval(beating);

      assert(most - before < MOST_BYTES, `${Math.round((most - before) / MIB)} MiB`);
      glutton.raw.socket.close();
      await served.close();
      await honest.close();
      await honestServed.close();
      await listener.close();
      await end();
      await allEnded();
    });
  }
}

Deno.test("a peer that reads is given all that it asks for at once, however much that is", async () => {
  for (const placement of ["inline", "thread"] as const) {
    const listener = await listen(undefined, { authKey, maxUnsettledBytes: 8 * MIB });
    const client = await connect<unknown, Ref<Generous>>(listener.address, { authKey });
    const served = await listener.accept();
    await using own = await spawn(Generous, [], { placement });
    await served.send(own);
    const theirs = await client.recv();
    const all = await Promise.all(Array.from({ length: 200 }, async () => await theirs.call.bytes(MIB)));
    assert(all.every((bytes) => bytes.length === MIB));
    // Requests that wait keep nothing out.
    const waiting = Array.from({ length: 500 }, () => served.recv());
    const asked = Array.from({ length: 500 }, () => client.recv());
    await Promise.all(Array.from({ length: 500 }, (_, n) => client.send(n)));
    assertEquals(await deadline(Promise.all(waiting), WITHIN_MS), Array.from({ length: 500 }, (_, n) => n));
    const settled = Promise.allSettled(asked);
    await Promise.all([client.close(), served.close(), listener.close()]);
    await settled;
  }
  await allEnded();
});

Deno.test("two that ask each other for more than either may leave unread both get all of it", async () => {
  const listener = await listen(undefined, { authKey, maxUnsettledBytes: MIB, heartbeatMs: 200 });
  const client = await connect<Ref<Generous>, Ref<Generous>>(listener.address, { authKey, maxUnsettledBytes: MIB });
  const served = await listener.accept() as unknown as Connection<Ref<Generous>, Ref<Generous>>;
  const near = await spawn(Generous, [], { placement: "inline" });
  const far = await spawn(Generous, [], { placement: "inline" });
  await served.send(near);
  await client.send(far);
  const theirs = [await client.recv(), await served.recv()];
  const asked = theirs.flatMap((ref) => Array.from({ length: 200 }, async () => await ref.call.bytes(MIB / 4)));
  for (const bytes of await deadline(Promise.all(asked), WITHIN_MS)) assertEquals(bytes.length, MIB / 4);
  await Promise.all([near.stop(), far.stop()]);
  await Promise.all([client.close(), served.close(), listener.close()]);
  await allEnded();
});
