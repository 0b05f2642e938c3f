import { outside } from "../kernel/acting.ts";
import type { Connection } from "../connection.ts";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import type { ConnectTls, SocketAddress } from "../link/socket_address.ts";
import { CONNECTION_OPTIONS, type ConnectionOptions } from "./connection_options.ts";
import type { ReconnectOptions } from "./reconnecting.ts";

/** What `connect` takes. */
export interface ConnectOptions extends ConnectionOptions {
  /** Connects by TLS; an empty object trusts what the system trusts. Only for a host and port. */
  readonly tls?: ConnectTls | undefined;
  /** Connects again when the connection has broken; never, when left out. */
  readonly reconnect?: ReconnectOptions | undefined;
  /** Gives up connecting with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const CONNECT_OPTIONS: OptionNames<ConnectOptions> = {
  ...CONNECTION_OPTIONS,
  tls: true,
  reconnect: true,
  signal: true,
};

/**
 * Connects to a program that listens. {@linkcode Connection} says how the connection behaves; closing it on either side,
 * or the end of either program, ends it, and with it all handles that came over it. (Python's
 * `multiprocessing.connection.Client`.)
 *
 * With `reconnect`, a connection that has broken is made again, at the first use after that or before. What was under way
 * at the break rejects with `DisconnectedError` and is never repeated; who reads sees the break as one such error, since
 * something may have been lost. Handles that came before the break are gone. Iterating goes on.
 *
 * @param address what the listener's `address` says
 * @throws {AuthenticationError} If the two sides do not have the same key.
 * @throws {TimeoutError} If the other side took too long to show its key.
 * @throws {DisconnectedError} If the other side hung up before that.
 * @throws {ProtocolError} If the other side speaks another protocol.
 * @throws {TypeError} If the address, or an option, is none.
 * @throws {Deno.errors.ConnectionRefused} If nobody listens there; or what else `Deno.connect` throws, with the address
 *   in its message and Deno's error as its `cause`.
 *
 * @example Say hello
 * ```ts
 * import { connect, listen } from "@troupe/troupe";
 * import { assertEquals } from "@std/assert";
 *
 * await using listener = await listen({ port: 0 }, { authKey: "swordfish" });
 * using client = await connect<string>(listener.address, { authKey: "swordfish" });
 * await client.send("hello");
 *
 * for await (const served of listener) {
 *   assertEquals(await served.recv(), "hello");
 *   break;
 * }
 * ```
 */
export async function connect<Out = unknown, In = Out>(
  address: SocketAddress,
  options: ConnectOptions = {},
): Promise<Connection<Out, In>> {
  const own = { ...checkOptions("connect", options, CONNECT_OPTIONS) };
  const { openConnection } = await outside(() => import("./socket_connection.ts"));
  return await openConnection(address, own) as Connection<Out, In>;
}
