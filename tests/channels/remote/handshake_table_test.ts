/** Each field that the other side sets in the handshake, set wrongly: the handshake fails with its error, and harms nothing. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { encode, type ValueMap, type ValueType } from "@std/msgpack";
import { connect, listen, ProtocolError, Queue } from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { prove, RawPeer } from "./raw_peer.ts";

const WITHIN_MS = 5000;
const authKey = "swordfish";
const SECRET = "ab".repeat(16);

const NO_NUMBERS: readonly ValueType[] = [null, true, "1", [], {}, NaN, Infinity, -1, -1n, 0.5, 2 ** 53, 2n ** 63n];
const NO_TEXTS: readonly ValueType[] = [null, 7, true, [], {}, new Uint8Array(2)];
const NO_PATHS: readonly ValueType[] = [...NO_TEXTS, "x", ".", "./1", ".-1", ".1e3", ".".repeat(40), ".1".repeat(40)];
const NO_SECRETS: readonly ValueType[] = [...NO_TEXTS, "", "ab", "g".repeat(32), SECRET.toUpperCase(), SECRET + "0"];
const NO_LISTS: readonly ValueType[] = [null, 7, "<", {}, [], [""], ["", 1, 2, 3, 4], new Uint8Array(2)];
const NO_BYTES: readonly ValueType[] = [
  null,
  7,
  "x".repeat(32),
  [],
  new Uint8Array(0),
  new Uint8Array(31),
  new Uint8Array(33),
];

const holders = [...NO_LISTS, ...NO_PATHS.map((path) => [path, 1]), ...NO_NUMBERS.map((slot) => ["", slot])];
const ends = [
  ...NO_LISTS,
  ...NO_PATHS.map((path) => [typeof path === "string" ? `<${path}` : path, 7, 1, SECRET]),
  ...[">", "", "f00d", "<.1>"].map((path) => [path, 7, 1, SECRET]),
  ...NO_NUMBERS.flatMap((number) => [["<", number, 1, SECRET], ["<", 7, number, SECRET]]),
  ...NO_SECRETS.map((secret) => ["<", 7, 1, secret]),
];
const lengths = [...NO_NUMBERS, 0];
const heartbeats = [...NO_NUMBERS, 0, 1, 9, 2 ** 31, 1e15];

/** Says all of the handshake to one who connects, but for some fields of the welcome. */
async function welcome(raw: RawPeer, wrong: ValueMap): Promise<void> {
  const hello = await raw.hear();
  await raw.say({ troupe: 1, nonce: raw.nonce, ...wrong });
  const answer = await raw.hear();
  assert(answer.proof instanceof Uint8Array);
  const proof = await prove(authKey, "listen", hello.nonce as Uint8Array, raw.nonce);
  await raw.say({ proof, holder: ["", 1], end: ["<", 7, 1, SECRET], heartbeatMs: 5000, ...wrong });
}

/** Says all of the handshake to one who listens, but for some fields of the last two messages. */
async function join(raw: RawPeer, wrong: ValueMap): Promise<void> {
  const challenge = await raw.hello();
  const proof = await prove(authKey, "connect", raw.nonce, challenge.nonce);
  await raw.say({ proof, holder: ["", 1], ...wrong });
  await raw.hear();
  await raw.say({ end: ["<", 7, 1, SECRET], ...wrong });
}

const WELCOMES: Record<string, readonly ValueType[]> = {
  nonce: NO_BYTES,
  holder: holders,
  end: ends,
  heartbeatMs: heartbeats,
  maxFrameBytes: lengths,
};
for (const [field, values] of Object.entries(WELCOMES)) {
  Deno.test(`a connecting program refuses a listener's wrong ${field}`, async () => {
    using listening = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    for (const value of values) {
      const connecting = assertRejects(() => deadline(connect({ port: listening.addr.port }, { authKey }), WITHIN_MS));
      using raw = new RawPeer(await listening.accept());
      await welcome(raw, { [field]: value }).catch(() => {});
      const error = await connecting;
      assertInstanceOf(error, ProtocolError, `${field}: ${Deno.inspect(value)}`);
    }
    await allEnded();
  });
}

const JOINS: Record<string, readonly ValueType[]> = { holder: holders, end: ends, maxFrameBytes: lengths };
for (const [field, values] of Object.entries(JOINS)) {
  Deno.test(`a listener refuses a connecting program's wrong ${field}, and serves the next`, async () => {
    const refused = new Queue<Error>();
    const listener = await listen({ port: 0 }, { authKey, onRefused: (error) => void refused.put(error) });
    for (const value of values) {
      using raw = await RawPeer.to(listener.address);
      await join(raw, { [field]: value }).catch(() => {});
      const error = await deadline(refused.get(), WITHIN_MS);
      assertEquals(error.name, "ProtocolError", `${field}: ${Deno.inspect(value)}: ${error}`);
    }
    using client = await connect<string>(listener.address, { authKey });
    using served = await listener.accept();
    await client.send("well");
    assertEquals(await deadline(served.recv(), WITHIN_MS), "well");
    await client.close();
    await served.close();
    await listener.close();
    await refused.close();
    await allEnded();
  });
}

Deno.test("a message of the handshake that is none is refused on both sides", async () => {
  const junk = [
    new Uint8Array(0),
    new Uint8Array(1024).fill(0x91),
    new Uint8Array(1025),
    encode(7),
    encode([1]),
    encode("troupe"),
    encode({ troupe: {}, nonce: new Uint8Array(32) }),
    encode({ troupe: "1", nonce: new Uint8Array(32) }),
    encode({ troupe: 1, nonce: [] }),
    new Uint8Array([0x81, ...encode("__proto__"), ...encode({ troupe: 1, nonce: new Uint8Array(32) })]),
    new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff]),
  ];
  const refused = new Queue<Error>();
  const listener = await listen({ port: 0 }, { authKey, onRefused: (error) => void refused.put(error) });
  using listening = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const bytes of junk) {
    using raw = await RawPeer.to(listener.address);
    await raw.frame(bytes);
    assertEquals((await deadline(refused.get(), WITHIN_MS)).name, "ProtocolError", Deno.inspect(bytes));
    const connecting = assertRejects(() => deadline(connect({ port: listening.addr.port }, { authKey }), WITHIN_MS));
    using other = new RawPeer(await listening.accept());
    await other.hear();
    await other.frame(bytes);
    assertInstanceOf(await connecting, ProtocolError, Deno.inspect(bytes));
  }
  await listener.close();
  await refused.close();
  await allEnded();
});

Deno.test("a listener has no shorter heartbeat than it would accept itself", async () => {
  for (const heartbeatMs of [0, 1, 9, -1, Infinity, 2 ** 31]) {
    await assertRejects(() => listen({ port: 0 }, { heartbeatMs }), RangeError, "heartbeatMs must be at least 10");
  }
  for (const heartbeatMs of [NaN, "10" as unknown as number]) {
    await assertRejects(() => listen({ port: 0 }, { heartbeatMs }), TypeError, "heartbeatMs");
  }
});
