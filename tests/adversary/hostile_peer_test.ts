/**
 * A hostile program with the key, which has handles to one of everything and is asked things by this one: whatever it says,
 * this program lives, serves others, keeps what is not the peer's, and stays within its bounds.
 */
import { assertEquals } from "@std/assert";
import { deadline, delay } from "@std/async";
import { BOOT_SLOT } from "../../channels/kernel/address.ts";
import type { Envelope } from "../../channels/kernel/envelope.ts";
import { EMPTY_PACKET, plainPacket } from "../../channels/kernel/packet.ts";
import { encode } from "../../channels/kernel/codec/encode.ts";
import { actor, connect, type Connection, EventFlag, inspect, listen, type Listener, Lock, manage } from "../../mod.ts";
import { pipe, Pool, Queue, Semaphore, SharedMemory, spawn } from "../../mod.ts";
import { Chance } from "../chance.ts";
import { allEnded } from "../channels/remote/all_ended.ts";
import { firstSeed, rounds } from "../soak.ts";
import { fieldsOf, withField } from "./forged.ts";
import { HostileBytes } from "./hostile_bytes.ts";
import { HostilePeer } from "./hostile_peer.ts";
import { inTime, judge, underAttack, use } from "./witness.ts";

const CASES = rounds(40_000, 3_000_000);
const SEED = firstSeed(20_261_130);
const BATCH = 250;
const WITHIN_MS = 20_000;
const authKey = "swordfish";

class Honest {
  ping(): string {
    return "pong";
  }
}
actor(import.meta.url, Honest);

/** Serves peers as a program does: it gives each some handles, and uses all that they send. */
async function serve(listener: Listener, handles: () => unknown[]): Promise<void> {
  for await (const connection of listener) {
    void serveOne(connection, handles()).catch(judge).finally(() => connection.close());
  }
}

async function serveOne(connection: Connection<unknown>, handles: unknown[]): Promise<void> {
  void connection.send(handles).catch(judge);
  for await (const message of connection) void use(message).catch(judge);
}

/** The listener serves others as it did. */
async function assertServes(listener: Listener): Promise<void> {
  const honest = await deadline(connect<unknown, unknown[]>(listener.address, { authKey }), WITHIN_MS);
  const [queue] = await deadline(honest.recv(), WITHIN_MS) as [Queue<string>];
  await queue.put("mine");
  assertEquals(await deadline(queue.get(), WITHIN_MS), "mine");
  await honest.close();
}

Deno.test(`${CASES} hostile messages of a peer with the key harm nobody else (seed ${SEED})`, async () => {
  await underAttack(async () => {
    const chance = new Chance(SEED);
    const values = new HostileBytes(chance);
    const listener = await listen(undefined, { authKey });
    const honest = await spawn(Honest, [], { placement: "inline" });
    const pool = new Pool({ size: 1, placement: "inline" });
    const manager = await manage({}, { placement: "inline" });
    const dict = await manager.dict<string, unknown>({ name: "dict" });
    const memory = await SharedMemory.create(64);
    const precious = new Lock();
    const held = await precious.acquire();
    const kept = new Queue<string>();
    await kept.put("untouched");
    const given = await Promise.all(Array.from({ length: 4 }, () => spawn(Honest, [], { placement: "inline" })));
    // The first is each peer's own.
    const serving = serve(listener, () => [
      new Queue({ maxSize: 10 }),
      precious,
      new Semaphore(1),
      pipe<unknown>()[0],
      memory,
      new EventFlag(),
      pool,
      manager,
      dict,
      chance.one(given),
    ]);

    let peers: HostilePeer[] = [];
    for (let acted = 0; acted < CASES;) {
      await inTime(`${BATCH} messages`, async () => {
        peers = peers.filter((peer) => !peer.closed);
        while (peers.length < 3) peers.push(await HostilePeer.join(listener.address, authKey, chance, values));
        for (let n = 0; n < BATCH; n++) {
          const peer = chance.one(peers);
          if (peer.closed) continue;
          peer.act();
          acted++;
          // Lets the other side hang up, so that what follows is heard.
          if (n % 25 === 24) await peer.flush().then(() => delay(0));
        }
      });
      assertEquals(await honest.call.ping(), "pong");
      if (chance.oneIn(20)) await assertServes(listener);
    }
    for (const peer of peers) peer.end();
    await inspect();
    await assertServes(listener);
    assertEquals(await kept.tryGet(), { value: "untouched" });
    assertEquals(await precious.tryAcquire(), undefined, "nobody took what another holds");
    held[Symbol.dispose]();
    await listener.close();
    await serving;
    await memory.close();
    await pool.terminate();
    await manager.stop().catch(() => {});
    await Promise.all([honest, ...given].map((one) => one.kill()));
  });
  await allEnded();
});

/** One value of each type, and numbers and strings that are out of every range. */
const ANYTHING: readonly unknown[] = [
  null,
  undefined,
  true,
  -1,
  0.5,
  NaN,
  2 ** 53,
  2n ** 64n,
  "",
  ">.1.x",
  "__proto__",
  "x".repeat(100_000),
  new Uint8Array(3),
  [[]],
  {},
  new Map([[{}, 1]]),
  new Error("an error"),
];

Deno.test("a field of any kind of envelope that is of any other type costs at most the connection", async () => {
  await underAttack(async () => {
    const chance = new Chance(SEED);
    const listener = await listen(undefined, { authKey });
    const serving = serve(listener, () => [new Queue({ maxSize: 10 })]);
    const secret = "ab".repeat(16);
    const route = { to: ">", from: "<" } as const;
    const body = plainPacket(encode(["a"], "body"));
    const cell = { slot: BOOT_SLOT + 5, secret };
    const exit = { code: 0, reason: "normal" } as const;
    const passage = { kind: "queue", meta: 0, target: { isolate: "<", incarnation: 1, ...cell } };
    const envelopes: Envelope[] = [
      { ...route, kind: "send", ...cell, incarnation: 1, holder: 1, id: 1, verb: "put", detail: "", body },
      {
        ...route,
        kind: "send",
        ...cell,
        incarnation: 1,
        holder: 1,
        id: 0,
        verb: "put",
        detail: "",
        body: EMPTY_PACKET,
      },
      { ...route, kind: "reply", id: 1, outcome: "lost", exit, body: { ...body, passages: [passage] } },
      { ...route, kind: "item", id: 1, tag: 1, body },
      { ...route, kind: "taken", id: 1, kept: true, body },
      { ...route, kind: "cancel", id: 1 },
      { ...route, kind: "credit", slot: 1, count: 1 },
      { ...route, kind: "grant", ...cell, lease: "queue", holderIsolate: "<.1", holder: 1, number: 0 },
      { ...route, kind: "release", ...cell, lease: "queue", holder: 1 },
      { ...route, kind: "down", isolate: "<.1", exit },
    ];
    const values = new HostileBytes(chance);
    let peer: HostilePeer | undefined;
    for (const envelope of envelopes) {
      for (const at of fieldsOf(envelope).keys()) {
        for (const value of ANYTHING) {
          if (peer === undefined || peer.closed) {
            peer = await HostilePeer.join(listener.address, authKey, chance, values);
          }
          peer.say(withField(envelope, at, [...encode(value, "field")]));
          await peer.flush();
          await delay(0);
        }
      }
      await assertServes(listener);
    }
    peer?.end();
    await listener.close();
    await serving;
  });
  await allEnded();
});
