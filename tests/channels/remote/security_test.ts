import { assert, assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { encode, type ValueType } from "@std/msgpack";
import {
  AuthenticationError,
  child,
  connect,
  type Connection,
  DisconnectedError,
  listen,
  type Listener,
  Lock,
  Queue,
  spawn,
  supervise,
} from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { counted, Counting } from "./fixtures/counting.ts";
import { envelope, prove, RawPeer, REPLY, SEND, turned } from "./raw_peer.ts";

const WITHIN_MS = 5000;
const authKey = "swordfish";
const TAKEN = 3;
const CANCEL = 4;
const GRANT = 6;
const DOWN = 8;
const ITEM = 2;

/** Programs that have the key and go on to misbehave, and one that listens. */
class Scene implements AsyncDisposable {
  private constructor(readonly listener: Listener) {}

  static async open(): Promise<Scene> {
    return new Scene(await listen({ port: 0 }, { authKey }));
  }

  async join(): Promise<{ raw: RawPeer; served: Connection<unknown> }> {
    const raw = await RawPeer.join(this.listener.address, authKey);
    return { raw, served: await deadline(this.listener.accept(), WITHIN_MS) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.close();
    await allEnded();
  }
}

/** What a peer knows of a cell: where it is, and the secret by which it was told of it. */
interface Known {
  readonly to: string;
  readonly slot: number;
  readonly incarnation: number;
  readonly secret: string;
}

/** Sends a handle over a connection, and gives what the peer then knows of it. */
async function give(served: Connection<unknown>, raw: RawPeer, handle: unknown): Promise<Known> {
  const sent = served.send(handle);
  const header = await raw.next(([, , kind]) => kind === SEND);
  const [, , , , , , , id, , , , passages] = header;
  await raw.envelope(">", "<", [REPLY, id, "value", null, []]);
  await sent;
  const [, , , , , isolate, slot, incarnation, secret] = (passages as ValueType[][])[0];
  assert(typeof isolate === "string" && isolate[0] === "<");
  return { to: `>${isolate.slice(1)}`, slot, incarnation, secret } as Known;
}

let lastId = 0;

interface Asking {
  readonly body?: Uint8Array;
  readonly from?: string;
  readonly detail?: string;
  readonly passages?: ValueType[];
}

/** Asks a cell, and gives the outcome. */
async function ask(
  raw: RawPeer,
  { to, slot, incarnation, secret }: Known,
  verb: string,
  { body = new Uint8Array(0), from = "<", detail = "", passages = [] }: Asking = {},
): Promise<{ outcome: unknown; header: ValueType[] }> {
  const id = ++lastId;
  await raw.envelope(to, from, [SEND, slot, incarnation, secret, 1, id, verb, detail, null, passages], body);
  const header = await raw.next(([, , kind, of]) => (kind === REPLY || kind === ITEM) && of === id);
  return { outcome: header[2] === REPLY ? header[4] : "item", header };
}

Deno.test("a secret works on the connection that it was told on, for the cell that it was told of, and nowhere else", async () => {
  await using scene = await Scene.open();
  const first = await scene.join();
  const second = await scene.join();
  using raw = first.raw;
  using other = second.raw;
  const queue = new Queue<number>();
  const known = await give(first.served, raw, queue);
  const body = encode(7);
  assertEquals((await ask(raw, known, "put", { body })).outcome, "value");
  assertEquals(await queue.get(), 7);

  // Replayed by another peer, who has a handle to another queue, and so knows how they look.
  const theirs = await give(second.served, other, new Queue<number>());
  assertEquals((await ask(other, known, "put", { body })).outcome, "lost");
  assertEquals((await ask(other, { ...theirs, slot: known.slot }, "put", { body })).outcome, "lost");
  // Made up, or of another cell.
  assertEquals((await ask(raw, { ...known, secret: "00".repeat(16) }, "put", { body })).outcome, "lost");
  assertEquals((await ask(raw, { ...known, secret: theirs.secret }, "put", { body })).outcome, "lost");
  for (let slot = 0; slot < 20; slot++) {
    if (slot !== known.slot) assertEquals((await ask(raw, { ...known, slot }, "put", { body })).outcome, "lost");
  }
  // For isolates that there are not, and by way of other peers.
  for (const to of [">.9", ">/1.2", ">@1", ">@2", ">@99"]) {
    assertEquals((await ask(raw, { ...known, to }, "put", { body })).outcome, "lost", to);
  }
  assertEquals(await queue.size(), 0);
  // And what was told goes on working, for its isolates and threads alike.
  assertEquals((await ask(raw, known, "put", { body, from: "<.3" })).outcome, "value");
  assertEquals(await queue.get(), 7);
});

Deno.test("wrong key, no key, a replayed challenge and a forged address are refused, each by its error, and the next client is served within 200 ms", async () => {
  const errors = new Queue<Error>();
  await using listener = await listen({ port: 0 }, { authKey, onRefused: (error) => void errors.put(error) });
  const refused = () => deadline(errors.get(), WITHIN_MS);
  const wrongKey = async (options: { authKey?: string }) => {
    await assertRejects(() => connect(listener.address, options), AuthenticationError);
    assertEquals((await refused()).name, "AuthenticationError");
  };
  const join = async () => {
    const raw = await RawPeer.join(listener.address, authKey);
    return { raw, served: await deadline(listener.accept(), WITHIN_MS) };
  };
  const attacks: Record<string, () => Promise<void>> = {
    "wrong key": () => wrongKey({ authKey: "sword" }),
    "no key": () => wrongKey({}),
    async "replayed challenge"() {
      using first = await RawPeer.to(listener.address);
      const { nonce } = await first.hello();
      const proof = await prove(authKey, "connect", first.nonce, nonce);
      using replaying = await RawPeer.to(listener.address);
      replaying.nonce = first.nonce;
      await replaying.hello();
      await replaying.say({ proof, holder: ["", 1] });
      assertEquals(await replaying.hear(), { refused: "authentication" });
      assertEquals((await refused()).name, "AuthenticationError");
      // Who is left hanging is the first, whose nonce it was.
      first.socket.close();
      assertEquals((await refused()).name, "DisconnectedError");
    },
    async "forged address of its own end"() {
      using raw = await RawPeer.join(listener.address, authKey, [">", 1, 1, "ab".repeat(16)]);
      assertEquals((await refused()).name, "ProtocolError");
      await raw.untilHungUp();
    },
    async "forged address of another's cell"() {
      const { raw, served } = await join();
      using _raw = raw;
      const known = await give(served, raw, new Queue());
      assertEquals((await ask(raw, { ...known, secret: "00".repeat(16) }, "size")).outcome, "lost");
      assertEquals((await ask(raw, { ...known, slot: known.slot + 1 }, "size")).outcome, "lost");
      assertEquals((await ask(raw, known, "size")).outcome, "value");
    },
    async "forged sender"() {
      const { raw, served } = await join();
      using _raw = raw;
      const { slot, incarnation, secret } = await give(served, raw, new Queue());
      await raw.envelope(">", ">", [SEND, slot, incarnation, secret, 1, 1, "size", "", null, []]);
      await raw.untilHungUp();
      await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
    },
  };
  for (const [what, attack] of Object.entries(attacks)) {
    const took: number[] = [];
    // A busy machine can delay one of them, and hurry none.
    for (let round = 0; round < 3; round++) {
      await attack();
      const start = performance.now();
      using client = await deadline(connect<string>(listener.address, { authKey }), WITHIN_MS);
      using served = await deadline(listener.accept(), WITHIN_MS);
      await client.send("good");
      assertEquals(await deadline(served.recv(), WITHIN_MS), "good");
      took.push(performance.now() - start);
    }
    assert(Math.min(...took) < 200, `after ${what} the next client was served in ${took} ms`);
  }
  await listener.close();
  await allEnded();
});

Deno.test("the secret of a cell never leaves: each connection is told another one", async () => {
  await using scene = await Scene.open();
  const first = await scene.join();
  const second = await scene.join();
  using raw = first.raw;
  using other = second.raw;
  const queue = new Queue<number>();
  const known = [await give(first.served, raw, queue), await give(second.served, other, queue)];
  assertEquals(known[0].slot, known[1].slot);
  assert(known[0].secret !== known[1].secret);
  assertEquals(await give(first.served, raw, queue), known[0], "the same on the same connection");
});

Deno.test("a peer speaks for itself: a forged sender, receiver or address costs it the connection, and nobody else anything", async () => {
  await using scene = await Scene.open();
  const { raw: goodRaw, served: good } = await scene.join();
  using _good = goodRaw;
  const send = (known: Known) => [SEND, known.slot, known.incarnation, known.secret, 1, 1, "size", "", null, []];
  const forgeries: ((known: Known) => Uint8Array)[] = [
    (known) => envelope(">", ">", send(known)),
    (known) => envelope(">", "f00d", send(known)),
    (known) => envelope(">", "", send(known)),
    (known) => envelope("<", "<", send(known)),
    (known) => envelope("", "<", send(known)),
    (known) => envelope(">", "<.x", send(known)),
    (known) => envelope(">", "<.1.", send(known)),
    (known) => envelope(">", `<${".1".repeat(1000)}`, send(known)),
    (known) => envelope(">", "<", send({ ...known, secret: "short" })),
    (known) => envelope(">", "<", send({ ...known, secret: known.secret.toUpperCase() + "!" })),
    (known) => envelope(">", "<", [...send(known).slice(0, -1), [["queue", 0, 0, -1, 0, "f00d", 2, 1, known.secret]]]),
    (known) => envelope(">", "<", [...send(known).slice(0, -1), [["queue", 0, 0, -1, 0, "<", 2, 1, ""]]]),
    (known) => envelope(">", "<", [...send(known).slice(0, -1), "<", []]),
    (known) => envelope(">", "<", [...send(known).slice(0, -1), ">.1", []]),
  ];
  for (const forge of forgeries) {
    const { raw, served } = await scene.join();
    using _raw = raw;
    const known = await give(served, raw, new Queue());
    await raw.frame(forge(known));
    await raw.untilHungUp();
    await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  }
  assertEquals(await good.poll(), false);
});

Deno.test("a peer can answer only what it was asked, and speak of the death of nobody else", async () => {
  await using scene = await Scene.open();
  const first = await scene.join();
  const second = await scene.join();
  using raw = first.raw;
  using other = second.raw;
  await using child = await spawn(Counting, [], { placement: "thread" });

  let settled = false;
  const sent = first.served.send("question").then(() => settled = true);
  const header = await raw.next(([, , kind]) => kind === SEND);
  const id = header[7];
  for (let guess = 0; guess < 200; guess++) {
    await other.envelope(">", "<", [REPLY, guess, "value", null, []]);
    await other.envelope(">", "<", [TAKEN, guess, true, []]);
  }
  for (const gone of [">", ">.1", ">@1"]) {
    await other.envelope(">", "<", [DOWN, gone, { code: 0, reason: "normal" }, []]);
  }
  // What it said has been read when an answer to what it says next has come.
  const known = await give(second.served, other, new Queue());
  assertEquals((await ask(other, known, "size")).outcome, "value");
  assertEquals(settled, false);
  assertEquals(await child.call.count(), 1);
  await raw.envelope(">", "<", [REPLY, id, "value", null, []]);
  await deadline(sent, WITHIN_MS);
});

Deno.test("a peer that takes what it was not offered, or uses a number twice, is hung up on", async () => {
  await using scene = await Scene.open();
  for (const kind of ["taken", "twice"]) {
    const { raw, served } = await scene.join();
    using _raw = raw;
    const { to, slot, incarnation, secret } = await give(served, raw, new Queue());
    const get: ValueType = [SEND, slot, incarnation, secret, 1, 7, "get", "", null, []];
    await raw.envelope(to, "<", get);
    await raw.envelope(to, "<", kind === "taken" ? [TAKEN, 7, true, []] : get);
    await raw.untilHungUp();
    await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
  }
});

Deno.test("a peer that speaks of the death of others, or of all, is still held to its numbers, and to how many may speak", async () => {
  await using scene = await Scene.open();
  for (const gone of [">", ">.1", ">@1"]) {
    const down: ValueType = [DOWN, gone, { code: 0, reason: "normal" }, []];
    const twice = async (raw: RawPeer, { to, slot, incarnation, secret }: Known) => {
      const get: ValueType = [SEND, slot, incarnation, secret, 1, 7, "get", "", null, []];
      for (const header of [get, down, get]) await raw.envelope(header === down ? ">" : to, "<", header);
    };
    const crowd = async (raw: RawPeer) => {
      for (let speaker = 1; speaker <= 1024; speaker++) {
        if (speaker % 500 === 0) await raw.envelope(">", "<", down);
        await raw.envelope(">", `<.${speaker}`, [CANCEL, 1, []]);
      }
    };
    for (const attack of [twice, crowd]) {
      const { raw, served } = await scene.join();
      using _raw = raw;
      const known = await give(served, raw, new Queue());
      await attack(raw, known);
      await raw.untilHungUp();
      await assertRejects(() => deadline(served.recv(), WITHIN_MS), DisconnectedError);
    }
  }
});

Deno.test("a peer cannot make this program import or run code: what starts an isolate is out of its reach", async () => {
  await using scene = await Scene.open();
  const { raw, served } = await scene.join();
  using _raw = raw;
  await using child = await spawn(Counting, [], { placement: "thread" });
  const known = await give(served, raw, child);
  const before = counted();
  const body = encode(["data:text/javascript,globalThis.pwned = true", "Counting"]);
  // The cell that starts an actor is in slot 0 of each isolate, that actor in slot 1; a ref to it was given.
  for (const to of [">", ">.1", ">.2", known.to]) {
    for (const slot of [0, 2, 3]) {
      for (const verb of ["start", "exit", "result", "boot", "import", "call"]) {
        assertEquals(
          (await ask(raw, { ...known, to, slot, incarnation: 0 }, verb, { body, detail: "count" })).outcome,
          "lost",
        );
      }
    }
  }
  for (const verb of ["start", "boot", "import", "spawn", "constructor", "__proto__"]) {
    assertEquals((await ask(raw, known, verb, { body })).outcome, "thrown", verb);
  }
  // What is no method of the actor's cannot be called, with the handle either.
  for (const detail of ["constructor", "onStop", "then", "_hidden", "toString", "__proto__"]) {
    assertEquals((await ask(raw, known, "call", { body: encode([]), detail })).outcome, "thrown", detail);
  }
  assertEquals((await ask(raw, known, "call", { body: encode([]), detail: "count" })).outcome, "value");
  assertEquals(await child.call.count(), 2);
  assertEquals(counted(), before);
  assertEquals((globalThis as { pwned?: boolean }).pwned, undefined);
});

Deno.test("a peer with a supervisor's handle cannot have it start what nobody here has described", async () => {
  await using scene = await Scene.open();
  const { raw, served } = await scene.join();
  using _raw = raw;
  await using app = await supervise({ first: child(Counting, [], { placement: "inline" }) }, { placement: "inline" });
  const supervisor = await give(served, raw, app);
  const queue = await give(served, raw, new Queue());
  const evil = new URL("fixtures/evil.ts", import.meta.url).href;
  const spec = { kind: "actor", moduleUrl: evil, definition: "Evil", args: [], options: { placement: "inline" } };
  // A map of one field more, whose value is the handle beside the bytes, or a plain map.
  const withControl = (control: Uint8Array) => {
    const fields = encode(spec);
    fields[0]++;
    return new Uint8Array([0x92, ...encode("evil"), ...fields, ...encode("control"), ...control]);
  };
  const handle = new Uint8Array([0xd4, 10, 0]);
  const isolate = `>${queue.to.slice(1)}`;
  const passages: ValueType[][] = [
    [["place-control", null, 0, -1, 0, isolate, queue.slot, queue.incarnation, queue.secret]],
    [["place-control", null, 0, -1, 0, ">", 1, 1, queue.secret]],
    [["place-control", null, 0, -1, 0, "<", 7, 1, "ab".repeat(16)]],
    [["queue", 0, 0, -1, 0, isolate, queue.slot, queue.incarnation, queue.secret]],
  ];
  const add = { detail: "add", verb: "call" };
  for (const beside of passages) {
    const { outcome } = await ask(raw, supervisor, add.verb, { ...add, body: withControl(handle), passages: beside });
    assertEquals(outcome, "thrown");
  }
  const { outcome } = await ask(raw, supervisor, add.verb, { ...add, body: withControl(encode({})) });
  assertEquals(outcome, "thrown");
  assertEquals((globalThis as { evil?: boolean }).evil, undefined);
  assertEquals(await app.refs.first.call.count(), 1);
  // Who may, may.
  const second = child(Counting, [], { placement: "inline" });
  await app.add("second", second);
  assertEquals(await second.ref.call.count(), 1);
});

Deno.test("a peer that was asked to add a child cannot have this program's own supervisor add it", async () => {
  await using scene = await Scene.open();
  const { raw, served } = await scene.join();
  using _raw = raw;
  await using app = await supervise({}, { placement: "inline" });
  const own = await give(served, raw, app);
  // The peer's supervisor is a cell of its own, which it answers for.
  const far: ValueType[] = ["supervisor", ["far", "inline", []], 0, -1, 0, "<", 9, 1, "cd".repeat(16)];
  const [, slot, incarnation, secret] = raw.welcome.end as ValueType[];
  const send: ValueType[] = [SEND, slot, incarnation, secret, 1, 1_000_000, "send", "-1", null, [far]];
  await raw.envelope(">", "<", send, new Uint8Array([0xd4, 10, 0]));
  const supervisor = await deadline(served.recv(), WITHIN_MS) as typeof app;
  const before = counted();
  const added = supervisor.add("child", child(Counting, [], { placement: "inline" })).catch((error) => error);
  const { header, body } = await raw.nextMessage(([, , kind, of]) => kind === SEND && of === 9);
  const passages = (header[11] as ValueType[][]).map(([kind, meta, parts, memory, number, isolate, ...address]) => [
    ...[kind, meta, parts, memory, number],
    ...[turned(isolate as string), ...address],
  ]);
  const { outcome } = await ask(raw, own, "call", { detail: "add", body, passages });
  assertEquals(outcome, "thrown");
  assertEquals(counted(), before);
  raw.socket.close();
  assert(await deadline(added, WITHIN_MS) instanceof Error);
});

Deno.test("who has a lock's handle can take the lock, and not what another holds", async () => {
  await using scene = await Scene.open();
  const { raw, served } = await scene.join();
  using _raw = raw;
  const lock = new Lock();
  const known = await give(served, raw, lock);
  using _guard = await lock.acquire();
  const { to, slot, secret } = known;
  for (let number = 1; number < 50; number++) {
    await raw.envelope(to, "<", [GRANT, slot, secret, "lock", "<.77", 1, number, []]);
    for (const verb of ["acquireSync", "cancelSync", "handOver", "kick"]) {
      await raw.envelope(to, "<", [SEND, slot, 1, secret, 1, 0, verb, `${number} 0`, null, []]);
    }
    assertEquals((await ask(raw, known, "release", { detail: `${number} 0` })).outcome, "thrown");
  }
  await raw.envelope(">", "<", [DOWN, "<.77", { code: 0, reason: "normal" }, []]);
  assertEquals((await ask(raw, known, "tryAcquire", { detail: "1 -1" })).outcome, "value", "it is not free");
  assertEquals(await lock.tryAcquire(), undefined);
});
