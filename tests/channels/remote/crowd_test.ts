import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import { join } from "node:path";
import {
  connect,
  DisconnectedError,
  listen,
  type Listener,
  type ListenOptions,
  type SocketAddress,
  TimeoutError,
} from "../../../mod.ts";
import { allEnded } from "./all_ended.ts";
import { RawPeer } from "./raw_peer.ts";

const authKey = "swordfish";
const WITHIN_MS = 60_000;
/** As long as the machine can need for its own. */
const PATIENT: ListenOptions = { authKey, handshakeTimeoutMs: 60_000 };

/** A listener that sends back what it receives. */
async function serve(address: SocketAddress | undefined, options: ListenOptions): Promise<Listener<number>> {
  const listener = await listen<number>(address, options);
  void (async () => {
    for await (const connection of listener) {
      void (async () => {
        try {
          for await (const message of connection) await connection.send(message);
        } catch (error) {
          assertInstanceOf(error, DisconnectedError);
        } finally {
          await connection.close();
        }
      })();
    }
  })();
  return listener;
}

function program(name: string, args: readonly string[]): Deno.Command {
  const file = join(import.meta.dirname!, "fixtures", name);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", file, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Many clients at once, from several programs: how they fared. */
async function crowd(
  { address }: Listener<number>,
  programs: number,
  each: number,
  key: string = authKey,
): Promise<Record<string, number>> {
  const args = [JSON.stringify(address), key, String(each)];
  const outputs = await Promise.all(Array.from({ length: programs }, () => program("crowd.ts", args).output()));
  const counts: Record<string, number> = {};
  for (const { stdout } of outputs) {
    const fates = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, number>;
    for (const [fate, count] of Object.entries(fates)) counts[fate] = (counts[fate] ?? 0) + count;
  }
  return counts;
}

Deno.test({
  name: "where a program may open fewer files than there are silent clients, those are hung up on for one with the key",
  ignore: Deno.build.os === "windows",
  async fn() {
    const file = join(import.meta.dirname!, "fixtures", "few_files.ts");
    const script = 'ulimit -n 200; exec "$0" run -A --no-check "$1"';
    const child = new Deno.Command("sh", { args: ["-c", script, Deno.execPath(), file], stdout: "piped" }).spawn();
    const silent: Deno.Conn[] = [];
    try {
      const said = child.stdout.getReader();
      const port = Number(new TextDecoder().decode((await said.read()).value));
      await said.cancel();
      for (let i = 0; i < 250; i++) silent.push(await Deno.connect({ port }));
      // The silent ones have 20 s, or 2 s when others wait.
      using client = await connect<number>({ port }, { authKey, handshakeTimeoutMs: 15_000 });
      await client.send(1);
      assertEquals(await client.recv(), 1);
    } finally {
      for (const socket of silent) socket.close();
      child.kill("SIGKILL");
      await child.status;
    }
    await allEnded();
  },
});

/** A program that connects very often and never shows the key. */
interface Junk extends AsyncDisposable {
  /** Resolves when all its connections are there. */
  readonly connected: Promise<void>;
}

function junk({ address }: Listener<number>, count: number, from: string, kinds: readonly string[]): Junk {
  const { port } = address as { port: number };
  const child = program("junk.ts", [String(port), String(count), from, kinds.join()]).spawn();
  const said = child.stdout.getReader();
  return {
    connected: said.read().then(({ done }) => assert(!done, "the program of the junk has ended")),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await said.cancel();
      await child.stderr.cancel();
    },
  };
}

/** Connects, and is served. */
async function assertServed({ address }: Listener<number>): Promise<void> {
  using client = await connect<number>(address, { authKey, handshakeTimeoutMs: WITHIN_MS });
  await client.send(1);
  assertEquals(await client.recv(), 1);
}

for (const [programs, each] of [[1, 200], [4, 50], [8, 100]]) {
  Deno.test(`${each} clients of each of ${programs} programs that connect at once are all served`, async () => {
    for (const maxPending of [undefined, 16]) {
      const listener = await serve({ port: 0 }, { ...PATIENT, maxPending });
      assertEquals(await crowd(listener, programs, each), { served: programs * each });
      assertEquals(listener.refused, 0);
      await listener.close();
      await allEnded();
    }
  });
}

Deno.test("more clients than the system keeps for later are served on a Unix socket, too", async () => {
  const listener = await serve(undefined, { ...PATIENT, maxPending: 2 });
  assertEquals(await crowd(listener, 2, 600), { served: 1200 });
  assertEquals(listener.refused, 0);
  await listener.close();
  await allEnded();
});

Deno.test("in a crowd each client with a wrong key is told that it is wrong, and those with the right one are served", async () => {
  for (const maxPending of [undefined, 4]) {
    const listener = await serve({ port: 0 }, { ...PATIENT, maxPending });
    const [wrong, right] = await Promise.all([crowd(listener, 2, 100, "herring"), crowd(listener, 1, 50)]);
    assertEquals(wrong, { AuthenticationError: 200 });
    assertEquals(right, { served: 50 });
    assertEquals(listener.refused, 200);
    await listener.close();
    await allEnded();
  }
});

Deno.test("clients are not blamed for the time that the listener's own program is busy", async () => {
  const listener = await serve({ port: 0 }, { authKey, handshakeTimeoutMs: 5000, maxPending: 4 });
  // Again and again for longer than a message may take in a crowd.
  const busy = setInterval(() => {
    const end = performance.now() + 700;
    while (performance.now() < end);
  }, 60);
  assertEquals(await crowd(listener, 1, 10), { served: 10 });
  clearInterval(busy);
  assertEquals(listener.refused, 0);
  await listener.close();
  await allEnded();
});

const KINDS = ["silent", "slow", "garbage", "wrongKey", "halfClosed"];

for (const kinds of [...KINDS.map((kind) => [kind]), KINDS]) {
  Deno.test(`thousands of connections that never show the key (${kinds.join(", ")}) keep nobody out`, async () => {
    const listener = await serve({ port: 0 }, { authKey, maxPending: 512 });
    const count = 2000;
    {
      await using program = junk(listener, count, "127.0.0.1", kinds);
      const early = Array.from({ length: 10 }, () => assertServed(listener));
      await program.connected;
      const start = performance.now();
      await Promise.all(Array.from({ length: 20 }, () => assertServed(listener)));
      // What `listen` says, and what a busy machine needs.
      const mostMs = count / 512 * 500 + 10_000;
      const tookMs = performance.now() - start;
      assert(tookMs < mostMs, `it took ${tookMs} ms`);
      await Promise.all(early);
    }
    // Those that are left are hung up on by their own end.
    await listener.close();
    await allEnded();
  });
}

Deno.test("an address with more than its share is hurried, and no other", async () => {
  const refused: { error: Error; from: SocketAddress }[] = [];
  const listener = await serve({ port: 0 }, {
    authKey,
    handshakeTimeoutMs: 20_000,
    maxPending: 64,
    maxPendingPerAddress: 8,
    onRefused: (error, from) => void refused.push({ error, from }),
  });
  // It takes its time, more than one that is hurried has.
  using slow = await RawPeer.to(listener.address);
  {
    await using program = junk(listener, 100, "127.0.0.2", ["silent", "slow"]);
    await program.connected;
    while (refused.length < 92) await delay(10);
    await assertServed(listener);
    assertEquals(listener.refused, 92, "those within its share have as much time as all others");
    for (const { error, from } of refused) {
      assertInstanceOf(error, TimeoutError);
      assertEquals((from as { hostname: string }).hostname, "127.0.0.2");
    }
    assert((await slow.hello()).nonce instanceof Uint8Array, "it goes on where it was");
  }
  await listener.close();
  await slow.untilHungUp();
  await allEnded();
});

Deno.test("a client that waits for its place until its time is over has a TimeoutError, and the listener goes on", async () => {
  const listener = await serve({ port: 0 }, { authKey, handshakeTimeoutMs: 20_000, maxPending: 1 });
  using first = await RawPeer.to(listener.address);
  await first.hello();
  await assertRejects(() => connect(listener.address, { authKey, handshakeTimeoutMs: 50 }), TimeoutError);
  await assertServed(listener);
  await first.untilHungUp();
  await listener.close();
  await allEnded();
});
