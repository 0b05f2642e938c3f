import { outside } from "../kernel/acting.ts";
import type { Connection } from "../connection.ts";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import { singleton } from "../kernel/singleton.ts";
import type { WaitOptions } from "../kernel/wait.ts";
import type { ListenTls, SocketAddress } from "../link/socket_address.ts";
import { CONNECTION_OPTIONS, type ConnectionOptions } from "./connection_options.ts";

/** What `listen` takes. */
export interface ListenOptions extends ConnectionOptions {
  /** The certificate to show; connections are then by TLS. Only for a host and port. */
  readonly tls?: ListenTls | undefined;
  /**
   * How often each side shows that it is there, 5000 ms when left out, and 10 at least. A side that shows nothing for two of
   * these is gone.
   */
  readonly heartbeatMs?: number | undefined;
  /**
   * How many clients may be showing their keys at once, 2048 when left out; more of them wait until one of those is done.
   * So many that have shown it may wait to be accepted; more of them are refused.
   */
  readonly maxPending?: number | undefined;
  /**
   * How many of them may come from one address, half of `maxPending` when left out. Of IPv6 the first 64 bits are one
   * address. It says nothing of a Unix socket, whose clients have none.
   */
  readonly maxPendingPerAddress?: number | undefined;
  /** Told of each client that was not let in, and why. */
  readonly onRefused?: ((error: Error, from: SocketAddress) => void) | undefined;
}

const LISTEN_OPTIONS: OptionNames<ListenOptions> = {
  ...CONNECTION_OPTIONS,
  tls: true,
  heartbeatMs: true,
  maxPending: true,
  maxPendingPerAddress: true,
  onRefused: true,
};

/**
 * Where other programs connect. (Python's `multiprocessing.connection.Listener`.)
 *
 * - **Entry**: a program that has shown the key gets in. One that has not, or says nothing, delays nobody else and
 *   reaches nothing.
 * - **Iterating** gives the connections as they come, until the listener is closed.
 * - **Closing** refuses who waits to be accepted; connections that were accepted stay. The actor that listens closes it
 *   by its end.
 * - **The program** stays alive while somebody waits for a connection.
 */
export interface Listener<Out = unknown, In = Out> extends AsyncIterable<Connection<Out, In>>, AsyncDisposable {
  /** Where to connect to: the port is the actual one. */
  readonly address: SocketAddress;
  /** How many were not let in. */
  readonly refused: number;
  /** Where the last connection that was accepted came from; that of a Unix socket has an empty path. */
  readonly lastAccepted: SocketAddress | undefined;
  /**
   * Takes the next connection, waiting for one.
   *
   * @throws {ClosedError} If the listener is closed.
   * @throws {TimeoutError} If none came in time.
   */
  accept(options?: WaitOptions): Promise<Connection<Out, In>>;
  /** Listens no more; harmless if it is closed. Never rejects, and need not be awaited. */
  close(): Promise<void>;
}

/** The listeners of this isolate that are open, by what to call them. */
export const listening: Set<string> = singleton("listening", () => new Set());

/**
 * Listens for other programs on a Unix socket or a host and port; when neither is given, on a Unix socket that only
 * programs of the same user can reach. {@linkcode Listener} says how it behaves.
 *
 * - **Handles**: everything that can travel to a child can be sent over a connection. A queue, a lock or a ref that is sent
 *   works at the other program as long as the connection lasts, and lets it do what that handle does, and nothing else.
 *   It can never make this program import or run code.
 * - **Secrecy**: the key is proved by both sides and never sent, but what comes after that is neither secret nor protected
 *   on the way. A listener that other machines can reach needs `tls`; without it, `logger` warns of that once.
 * - **Many clients at once** are all served. At most `maxPending` of them show their keys at a time, or as many as the
 *   program may have files open for; the system keeps up to 4096 others, as far as it is set up to, until it is their turn.
 * - **Clients that do not show a key** are hung up on after `handshakeTimeoutMs`. When another client waits for a place, or
 *   when more than `maxPendingPerAddress` came from one address, those that were silent for a tenth of that time are. So
 *   `n` of them delay a client behind them by `n / maxPending` times that tenth: with the defaults by a second for 4096.
 *   A byte now and then counts as silence; a message of the handshake has to come whole.
 * - **Limits**: in such a crowd a client loses its place if it is slower than that; a larger `handshakeTimeoutMs` gives it
 *   more time. Where more than 4096 a second come that say nothing, or more than the system can keep, clients wait longer
 *   than they may.
 *
 * @param address where; a port of 0 lets the system choose one
 * @throws {TypeError} If the address, or an option, is none.
 * @throws {Deno.errors.AddrInUse} If another program listens there, or there is a file or link; or what else `Deno.listen` throws, with the address in
 *   its message and Deno's error as its `cause`. (A Unix socket that a killed program has left is replaced.)
 *
 * @example Two ends of a socket
 * ```ts
 * import { connect, listen, Queue } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await listen({ port: 0 }, { authKey: "swordfish" });
 * using client = await connect(listener.address, { authKey: "swordfish" });
 * using served = await listener.accept();
 *
 * const jobs = new Queue<string>();
 * await served.send(jobs); // A handle: the queue stays here, and works there.
 * const theirs = await client.recv() as Queue<string>;
 * await theirs.put("hello");
 * assertEquals(await jobs.get(), "hello");
 * ```
 */
export async function listen<Out = unknown, In = Out>(
  address?: SocketAddress,
  options: ListenOptions = {},
): Promise<Listener<Out, In>> {
  const own = { ...checkOptions("listen", options, LISTEN_OPTIONS) };
  const { openListener } = await outside(() => import("./socket_listener.ts"));
  return await openListener(address, own) as unknown as Listener<Out, In>;
}
