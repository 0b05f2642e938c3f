/**
 * Calls, queues and messages between two programs, over a Unix socket and over TCP on this machine, beside those of
 * Python's `multiprocessing` with its managers and connections.
 *
 * @module
 */

import { type Connection, listen, type Queue, type Ref, type SocketAddress } from "../../mod.ts";
import type { Echo } from "./echo.ts";
import { type Absent, type Alternative, atATime, repeating } from "./harness.ts";
import { suite } from "./suite.ts";

const authKey = "swordfish";

interface Peer {
  readonly name: "unix" | "tcp";
  readonly connection: Connection<number, unknown>;
  readonly echo: Ref<typeof Echo>;
  readonly queue: Queue<number>;
}

await suite(import.meta.main, async ({ compare, python, stack }) => {
  const peer = await python("remote_peer.py");
  const pythons = (what: string): (Alternative | Absent)[] =>
    ["unix", "tcp"].map((family) => peer.alternative(family, `${what} ${family}`));
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

  const peers = [await startPeer("unix", undefined), await startPeer("tcp", { port: 0 })];

  await compare({
    title: "Remote call, one at a time",
    show: "time",
    batch: 100,
    alternatives: [
      ...peers.map(({ name, echo }) => repeating(name, (n) => echo.call.echo(n))),
      ...pythons("call"),
    ],
  });

  await compare({
    title: "Remote calls, 64 at a time; Python's one at a time, as it can",
    show: "rate",
    batch: 1000,
    alternatives: [
      ...peers.map(({ name, echo }) => ({
        name,
        run: (count: number) => atATime(64, count, (n) => echo.call.echo(n)),
      })),
      ...pythons("call"),
    ],
  });

  await compare({
    title: "Remote queue: put there and get back, one at a time",
    show: "time",
    batch: 100,
    alternatives: [
      ...peers.map(({ name, queue }) =>
        repeating(name, async (n) => {
          await queue.put(n);
          await queue.get();
        })
      ),
      ...pythons("queue"),
    ],
  });

  await compare({
    title: "Connection: send and receive back, one at a time",
    show: "time",
    batch: 100,
    alternatives: [
      ...peers.map(({ name, connection }) =>
        repeating(name, async (n) => {
          await connection.send(n);
          await connection.recv();
        })
      ),
      ...pythons("connection"),
    ],
  });
});
