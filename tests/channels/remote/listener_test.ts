import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { deadline, delay } from "@std/async";
import { join } from "node:path";
import {
  AuthenticationError,
  ClosedError,
  connect,
  connectManager,
  DisconnectedError,
  listen,
  type ListenOptions,
  ProtocolError,
  select,
  type SocketAddress,
  TimeoutError,
} from "../../../mod.ts";
import { hasPython } from "../../machine.ts";
import { allEnded } from "./all_ended.ts";
import type { ValueMap } from "@std/msgpack";
import { prove, RawPeer } from "./raw_peer.ts";

const WITHIN_MS = 5000;
/** The contract's 200 ms, with slack for a busy machine. */
const AT_ONCE_MS = 1000;
const authKey = "swordfish";

const fixture = (name: string) => Deno.readTextFileSync(join(import.meta.dirname!, "fixtures", name));
const cert = fixture("localhost_cert.pem");
const tls = { cert, key: fixture("localhost_key.pem") };

/** A test after which nothing is left. */
function test(name: string, run: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test(name, async (t) => {
    await run(t);
    await allEnded();
  });
}

/** A path for a socket, in a folder that is removed at the end. */
function temporaryPath(): Disposable & { path: string } {
  const folder = Deno.makeTempDirSync({ prefix: "troupe-test-" });
  return { path: join(folder, "socket"), [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }) };
}

/** The next error for which a listener refuses somebody. */
function refusals(): { onRefused: ListenOptions["onRefused"]; next(): Promise<Error> } {
  const errors: Error[] = [];
  let told = Promise.withResolvers<void>();
  return {
    onRefused(error) {
      errors.push(error);
      told.resolve();
    },
    async next() {
      while (errors.length === 0) {
        await deadline(told.promise, WITHIN_MS);
        told = Promise.withResolvers();
      }
      return errors.shift()!;
    },
  };
}

/** A good client is served, and soon. */
async function assertServes(
  address: SocketAddress,
  accept: () => Promise<{ recv(): Promise<unknown> }>,
): Promise<void> {
  const start = performance.now();
  using client = await deadline(connect<string>(address, { authKey }), AT_ONCE_MS);
  const served = await deadline(accept(), AT_ONCE_MS);
  await client.send("good");
  assertEquals(await deadline(served.recv(), AT_ONCE_MS), "good");
  assert(performance.now() - start < AT_ONCE_MS);
}

test("[LIS-01] [LIS-03] [LIS-08] who connects to the listener's address, of any family, with the key says hello", async (t) => {
  using temporary = temporaryPath();
  const families: [string, SocketAddress | undefined, boolean][] = [
    ["none", undefined, false],
    ["path", { path: temporary.path }, false],
    ["port", { port: 0 }, false],
    ["host and port", { hostname: "127.0.0.1", port: 0 }, false],
    ["TLS", { port: 0 }, true],
  ];
  for (const [family, address, secure] of families) {
    await t.step(family, async () => {
      await using listener = await listen(address, { authKey, ...(secure && { tls }) });
      if ("port" in listener.address) assert(listener.address.port > 0);
      const to = secure ? { ...listener.address, hostname: "localhost" } : listener.address;
      using client = await connect<string>(to, { authKey, ...(secure && { tls: { caCerts: [cert] } }) });
      using served = await listener.accept();
      await client.send("hello");
      assertEquals(await served.recv(), "hello");
    });
  }
});

test("listen() on a path replaces a socket that was left behind, and nothing else", async () => {
  using left = temporaryPath();
  const { path } = left;
  const args = ["eval", `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); Deno.exit();`];
  assert((await new Deno.Command(Deno.execPath(), { args }).output()).success);
  const file = `${path}-file`;
  await Deno.writeTextFile(file, "precious");
  await Deno.symlink(file, `${path}-to-file`);
  await Deno.symlink(path, `${path}-to-socket`);
  await Deno.mkdir(`${path}-folder`);
  for (const taken of [file, `${path}-to-file`, `${path}-to-socket`, `${path}-folder`]) {
    const kind = await Deno.lstat(taken);
    await assertRejects(() => listen({ path: taken }, { authKey }), Deno.errors.AddrInUse);
    assertEquals((await Deno.lstat(taken)).ino, kind.ino, taken);
  }
  assertEquals(await Deno.readTextFile(file), "precious");
  await using _listener = await listen({ path }, { authKey });
});

test("[LIS-02] listen() on an address that is listened on rejects with AddrInUse", async () => {
  using temporary = temporaryPath();
  for (const address of [{ port: 0 }, { path: temporary.path }]) {
    await using listener = await listen(address);
    await assertRejects(() => listen(listener.address), Deno.errors.AddrInUse);
  }
});

test("listen() replaces a Unix socket that a killed program has left", async () => {
  using temporary = temporaryPath();
  const { path } = temporary;
  const code = `Deno.listen({ transport: "unix", path: ${JSON.stringify(path)} }); Deno.kill(Deno.pid, "SIGKILL")`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", "--no-config", code], stdout: "null" }).output();
  assert(Deno.statSync(path).isSocket);
  await using listener = await listen({ path });
  using _client = await connect(listener.address);
});

test("[LIS-04] a listener that went out of scope accepts no more; who waited is told, and closing it again is fine", async () => {
  let outside;
  {
    await using listener = await listen({ port: 0 });
    outside = listener;
  }
  await assertRejects(() => outside.accept(), ClosedError);
  await outside.close();
  await outside.close();
  await using second = await listen({ port: 0 });
  const waiting = assertRejects(() => second.accept(), ClosedError);
  await second.close();
  await waiting;
  assertEquals(await Array.fromAsync(second), []);
});

test("[LIS-05] the Unix socket of a listener without an address is there while it is open, and nothing of it after that", async () => {
  const listener = await listen();
  assert("path" in listener.address);
  const { path } = listener.address;
  assert(Deno.statSync(path).isSocket);
  const folder = Deno.statSync(join(path, ".."));
  assertEquals(folder.mode! & 0o77, 0, "nobody else can enter");
  await listener.close();
  await assertRejects(() => Deno.stat(join(path, "..")), Deno.errors.NotFound);
});

test("[LIS-07] what the accepted side sends makes poll() at the client true", async () => {
  await using listener = await listen({ port: 0 }, { authKey });
  using client = await connect(listener.address, { authKey });
  using served = await listener.accept();
  assertEquals(await client.poll(), false);
  const polled = client.poll({ timeoutMs: WITHIN_MS });
  await served.send(1);
  assertEquals(await polled, true);
  assertEquals(await client.recv(), 1);
});

test("[LIS-10] a wrong key, none, or a message instead of an answer is an AuthenticationError, reaches nobody, and the next is served", async () => {
  const refused = refusals();
  await using listener = await listen({ port: 0 }, { authKey, onRefused: refused.onRefused });
  for (const wrong of ["sword", "swordfish ", undefined]) {
    await assertRejects(
      () => connect(listener.address, wrong === undefined ? {} : { authKey: wrong }),
      AuthenticationError,
    );
    assertInstanceOf(await refused.next(), AuthenticationError);
  }
  using rude = await RawPeer.to(listener.address);
  await rude.hello();
  await rude.say({ message: "let me in" });
  assertEquals(await rude.hear(), { refused: "authentication" });
  assertInstanceOf(await refused.next(), AuthenticationError);
  await rude.untilHungUp();
  assertEquals(listener.refused, 4);
  assertEquals(listener.lastAccepted, undefined);
  await assertServes(listener.address, () => listener.accept());
});

test("a listener without a key refuses who expects it to have one", async () => {
  const refused = refusals();
  await using listener = await listen({ port: 0 }, { onRefused: refused.onRefused });
  await assertRejects(() => connect(listener.address, { authKey }), AuthenticationError);
  assertInstanceOf(await refused.next(), AuthenticationError);
});

test("[LIS-12] a listener that asks for the key and then does not show that it has it is an AuthenticationError", async () => {
  const fake = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = fake.addr as Deno.NetAddr;
  const welcomes: ValueMap[] = [
    { welcome: true },
    { proof: new Uint8Array(32), holder: ["", 1], end: ["<", 2, 1, "00".repeat(16)], heartbeatMs: 5000 },
  ];
  for (const welcome of welcomes) {
    const rejected = assertRejects(() => connect({ port: address.port }, { authKey }), AuthenticationError);
    using peer = new RawPeer(await fake.accept());
    const { nonce } = await peer.hear() as { nonce: Uint8Array };
    await peer.say({ troupe: 1, nonce: peer.nonce });
    const answer = await peer.hear();
    assertEquals(answer.proof, await prove(authKey, "connect", nonce, peer.nonce));
    await peer.say(welcome);
    await rejected;
    // It has got nothing that would reach anything.
    assertEquals(await peer.hear(), { refused: "authentication" });
    await peer.untilHungUp();
  }
  // Nor is its own proof good enough to be one of the other side's.
  const rejected = assertRejects(() => connect({ port: address.port }, { authKey }), AuthenticationError);
  using mirror = new RawPeer(await fake.accept());
  const { nonce } = await mirror.hear() as { nonce: Uint8Array };
  await mirror.say({ troupe: 1, nonce });
  const { proof } = await mirror.hear();
  await mirror.say({ proof, holder: ["", 1], end: ["<", 2, 1, "00".repeat(16)], heartbeatMs: 5000 });
  await rejected;
  fake.close();
});

test("[LIS-13] a key is text or bytes: equal text matches, text matches its UTF-8, and anything else is a TypeError", async () => {
  for (const wrong of [1, true, null, {}, "", new Uint8Array(0)] as unknown as string[]) {
    await assertRejects(() => listen({ port: 0 }, { authKey: wrong }), TypeError);
    await assertRejects(() => connect({ port: 1 }, { authKey: wrong }), TypeError);
  }
  await using listener = await listen({ port: 0 }, { authKey: "schlüssel" });
  for (const key of ["schlüssel", new TextEncoder().encode("schlüssel")]) {
    using client = await connect(listener.address, { authKey: key });
    using served = await listener.accept();
    await client.send(1);
    assertEquals(await served.recv(), 1);
  }
});

test("[LIS-14] what is no address is a TypeError, of a port that cannot be one a RangeError", async () => {
  const wrong = [{}, { family: "pigeon" }, "127.0.0.1:80", null, { path: "" }, { path: "\\\\.\\pipe\\x" }, {
    port: "80",
  }, {
    path: "/tmp/x",
    port: 80,
  }] as unknown as SocketAddress[];
  for (const address of wrong) {
    await assertRejects(() => listen(address), TypeError);
    await assertRejects(() => connect(address), TypeError);
  }
  for (const port of [-1, 65_536, 1.5]) await assertRejects(() => listen({ port }), RangeError);
  await assertRejects(() => listen(undefined, { tls }), TypeError);
  await assertRejects(() => connect({ path: "/tmp/x" }, { tls: {} }), TypeError);
  await assertRejects(() => listen({ port: 0 }, { heartbeatMs: 0 }), RangeError);
  await assertRejects(() => listen({ port: 0 }, { maxPending: NaN }), TypeError);
});

test("[LIS-15] [REM-03] connect() where nobody listens rejects as Deno does, and names the address", async () => {
  const { port } = await (async () => {
    await using listener = await listen({ port: 0 });
    return listener.address as { port: number };
  })();
  const { ConnectionRefused, NotFound } = Deno.errors;
  const refused = await assertRejects(() => connect({ port }, { authKey }), ConnectionRefused, `127.0.0.1:${port}`);
  assertInstanceOf(refused.cause, ConnectionRefused);
  const path = "/nowhere/at/all";
  assertInstanceOf((await assertRejects(() => connect({ path }, { authKey }), NotFound, path)).cause, NotFound);
});

test("[LIS-16] Listener.lastAccepted is undefined at first, and then where the last one came from", async () => {
  await using listener = await listen({ port: 0 });
  assertEquals(listener.lastAccepted, undefined);
  using _client = await connect(listener.address);
  using _served = await listener.accept();
  assert(listener.lastAccepted !== undefined && "hostname" in listener.lastAccepted);
  assertEquals(listener.lastAccepted.hostname, "127.0.0.1");
  assert(listener.lastAccepted.port > 0);
  await using onPath = await listen();
  using _other = await connect(onPath.address);
  using _second = await onPath.accept();
  assertEquals(onPath.lastAccepted, { path: "" });
});

test("[LIS-17] too long, malformed, or of another version: the handshake is refused, and the next is served", async () => {
  const refused = refusals();
  await using listener = await listen({ port: 0 }, { authKey, onRefused: refused.onRefused });
  const rude: ((peer: RawPeer) => Promise<void>)[] = [
    (peer) => peer.frame(new Uint8Array(1025)),
    async (peer) => {
      await peer.hello();
      await peer.frame(new Uint8Array(100_000));
    },
    (peer) => peer.write(new Uint8Array([0xff, 0xff, 0xff, 0xff])),
    (peer) => peer.frame(new Uint8Array([0xc1])),
    (peer) => peer.say([1, 2]),
    (peer) => peer.say({ troupe: 1 }),
    (peer) => peer.say({ troupe: 1, nonce: new Uint8Array(31) }),
    (peer) => peer.say({ troupe: 2, nonce: peer.nonce }),
    (peer) => peer.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")),
  ];
  for (const say of rude) {
    using peer = await RawPeer.to(listener.address);
    await say(peer);
    assertInstanceOf(await refused.next(), ProtocolError);
    await peer.untilHungUp();
  }
  using leaving = await RawPeer.to(listener.address);
  await leaving.write(new Uint8Array([0, 0]));
  leaving.socket.close();
  assertInstanceOf(await refused.next(), DisconnectedError);
  assertEquals(listener.refused, rude.length + 1);
  await assertServes(listener.address, () => listener.accept());
});

test("another version of the protocol is a ProtocolError on both sides", async () => {
  const fake = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const rejected = assertRejects(() => connect({ port: fake.addr.port }, { authKey }), ProtocolError, "version 2");
  using peer = new RawPeer(await fake.accept());
  await peer.hear();
  await peer.say({ troupe: 2, nonce: peer.nonce });
  await rejected;
  fake.close();
});

test("[BEAT-27] 100 silent connections do not delay a good one, and are hung up on when their time is over", async () => {
  const refused = refusals();
  const options = { authKey, handshakeTimeoutMs: 500, maxPending: 64, onRefused: refused.onRefused };
  await using listener = await listen({ port: 0 }, options);
  const silent = await Promise.all(Array.from({ length: 100 }, () => RawPeer.to(listener.address)));
  await assertServes(listener.address, () => listener.accept());
  await Promise.all(silent.map((peer) => peer.untilHungUp()));
  for (const peer of silent) peer.socket.close();
  const errors = await Promise.all(silent.map(() => refused.next()));
  // Those for whom there was no room any more, and those whose time was over.
  assert(errors.some((error) => error instanceof TimeoutError));
  assertEquals(listener.refused, 100);
});

test("connect() to one who listens and says nothing rejects in time, and when its signal aborts", async () => {
  const fake = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { port: fake.addr.port };
  await assertRejects(() => connect(address, { handshakeTimeoutMs: 50 }), TimeoutError);
  const controller = new AbortController();
  const aborted = assertRejects(() => connect(address, { signal: controller.signal }), Error, "enough");
  controller.abort(new Error("enough"));
  await aborted;
  fake.close();
});

test("connect() to one who does not even take the connection rejects in time, and when its signal aborts", async () => {
  const full = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const address = { port: full.addr.port };
  // Nobody accepts: when the system has as many as it keeps for later, the next attempt comes to no end.
  const waiting = new AbortController();
  const kept: Deno.Conn[] = [];
  const attempts = Array.from({ length: 16 }, async () => {
    kept.push(await Deno.connect({ ...address, signal: waiting.signal }));
  });
  await Promise.race([Promise.all(attempts), delay(100)]);
  assert(kept.length < attempts.length, "the system keeps more for later than this test reckons with");
  await assertRejects(() => deadline(connect(address, { handshakeTimeoutMs: 50 }), WITHIN_MS), TimeoutError);
  const controller = new AbortController();
  const aborted = assertRejects(() => connect(address, { signal: controller.signal }), Error, "enough");
  setTimeout(() => controller.abort(new Error("enough")), 10);
  await deadline(aborted, WITHIN_MS);
  waiting.abort();
  await Promise.allSettled(attempts);
  for (const socket of kept) socket.close();
  full.close();
});

test("what connects to one that offers nothing is told so in time, and when its signal aborts", async () => {
  await using listener = await listen({ port: 0 }, { authKey });
  await assertRejects(() => connectManager(listener.address, { authKey, handshakeTimeoutMs: 100 }), TimeoutError);
  const controller = new AbortController();
  const aborted = assertRejects(
    () => connectManager(listener.address, { authKey, signal: controller.signal }),
    Error,
    "enough",
  );
  using _first = await listener.accept();
  using _second = await listener.accept();
  controller.abort(new Error("enough"));
  await deadline(aborted, WITHIN_MS);
});

test("those who wait to be accepted are so many and no more, and are hung up on when the listener is closed", async () => {
  const listener = await listen({ port: 0 }, { authKey, maxPending: 2 });
  const waiting = [await connect(listener.address, { authKey }), await connect(listener.address, { authKey })];
  await assertRejects(() => connect(listener.address, { authKey }), DisconnectedError);
  using _accepted = await listener.accept();
  waiting.push(await connect(listener.address, { authKey }));
  await listener.close();
  for (const client of waiting.slice(1)) {
    await assertRejects(() => deadline(client.recv(), WITHIN_MS), DisconnectedError);
  }
  assertEquals(await waiting[0].poll(), false);
  waiting[0].close();
  await deadline(listener.close(), WITHIN_MS);
});

test("select() takes from a listener, and passes over one that is closed", async () => {
  await using first = await listen({ port: 0 });
  await using second = await listen({ port: 0 });
  const selected = select({ first, second });
  using _client = await connect(second.address);
  const { key, value } = await deadline(selected, WITHIN_MS);
  assertEquals(key, "second");
  using served = value;
  assert(!served.closed);
  await assertRejects(() => select({ first, second }, { timeoutMs: 0 }), TimeoutError);
});

/** Connects so often, and resets each connection before anybody can accept it. */
const RESETS = `
import socket, struct, sys
for _ in range(int(sys.argv[2])):
    one = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
`;

Deno.test({
  name: "connections that are reset before they are accepted delay nobody",
  ignore: !hasPython(),
  async fn() {
    const times: number[] = [];
    for (const resets of [0, 100]) {
      await using listener = await listen({ hostname: "127.0.0.1", port: 0 }, { authKey: "key" });
      const { port } = listener.address as { port: number };
      // This program accepts nobody meanwhile.
      new Deno.Command("python3", { args: ["-c", RESETS, `${port}`, `${resets}`] }).outputSync();
      const before = performance.now();
      const accepted = listener.accept();
      using client = await connect({ hostname: "127.0.0.1", port }, { authKey: "key" });
      using served = await accepted;
      await client.send(1);
      assertEquals(await served.recv(), 1);
      times.push(performance.now() - before);
    }
    // Each of them had cost the listener 50 ms.
    assert(times[1] - times[0] < 100 * 50 / 2, `${times}`);
  },
});
