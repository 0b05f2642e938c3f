/**
 * Calls, queues and messages between two programs, over a Unix socket and over TCP on this machine, beside those of
 * Python's `multiprocessing` with its managers and connections, which must be installed.
 *
 * @module
 */

import { type Connection, listen, type Queue, type Ref, type SocketAddress } from "../../mod.ts";
import type { Echo } from "./echo.ts";
import { type Alternative, atATime, compare, oneByOne, printMachine } from "./harness.ts";

const authKey = "swordfish";

interface Peer {
  readonly name: "unix" | "tcp";
  readonly connection: Connection<number, unknown>;
  readonly echo: Ref<typeof Echo>;
  readonly queue: Queue<number>;
}

/** Python's two programs, which are told what to do by a third. */
class Python implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  constructor() {
    const script = `${import.meta.dirname}/remote_peer.py`;
    this.#child = new Deno.Command("python3", { args: [script], stdin: "piped", stdout: "piped" }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits until it says so. */
  async says(word: string): Promise<void> {
    for (let said = ""; !said.includes(word);) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("Python's programs have ended");
      said += value;
    }
  }

  /** Has something done, as often as the harness wants. */
  alternatives(what: "call" | "queue" | "connection"): Alternative[] {
    return (["unix", "tcp"] as const).map((family) => ({
      name: `Python, ${family}`,
      run: async (count: number) => {
        await this.#stdin.write(new TextEncoder().encode(`${what} ${family} ${count}\n`));
        await this.says("done");
      },
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close();
    await this.#lines.cancel();
    await this.#child.status;
  }
}

async function startPeer(name: Peer["name"], address: SocketAddress | undefined): Promise<Peer> {
  const listener = stack.use(await listen<number, unknown>(address, { authKey }));
  const file = `${import.meta.dirname}/remote_echo.ts`;
  const args = ["run", "-A", "--no-check", file, JSON.stringify(listener.address), authKey];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "null" }).spawn();
  stack.defer(async () => void await child.status);
  const connection = stack.use(await listener.accept());
  const { echo, queue } = await connection.recv() as Pick<Peer, "echo" | "queue">;
  return { name, connection, echo, queue };
}

printMachine();
await using stack = new AsyncDisposableStack();
const python = stack.use(new Python());
await python.says("ready");
const peers = [await startPeer("unix", undefined), await startPeer("tcp", { port: 0 })];

await compare({
  title: "Remote call, one at a time",
  show: "time",
  alternatives: [
    ...peers.map(({ name, echo }) => ({ name, run: (count: number) => oneByOne(count, (n) => echo.call.echo(n)) })),
    ...python.alternatives("call"),
  ],
});

await compare({
  title: "Remote calls, 64 at a time; Python's one at a time, as it can",
  show: "rate",
  alternatives: [
    ...peers.map(({ name, echo }) => ({ name, run: (count: number) => atATime(64, count, (n) => echo.call.echo(n)) })),
    ...python.alternatives("call"),
  ],
});

await compare({
  title: "Remote queue: put there and get back, one at a time",
  show: "time",
  alternatives: [
    ...peers.map(({ name, queue }) => ({
      name,
      run: (count: number) =>
        oneByOne(count, async (n) => {
          await queue.put(n);
          await queue.get();
        }),
    })),
    ...python.alternatives("queue"),
  ],
});

await compare({
  title: "Connection: send and receive back, one at a time",
  show: "time",
  alternatives: [
    ...peers.map(({ name, connection }) => ({
      name,
      run: (count: number) =>
        oneByOne(count, async (n) => {
          await connection.send(n);
          await connection.recv();
        }),
    })),
    ...python.alternatives("connection"),
  ],
});
