import type { Connection } from "../connection.ts";
import { whoActs } from "../kernel/acting.ts";
import type { Holder } from "../kernel/holder.ts";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import {
  checkAddress,
  CONNECT_TLS,
  type ConnectTls,
  dial,
  remoteAddress,
  showSocketAddress,
  type SocketAddress,
} from "../link/socket_address.ts";
import { explainedHandshake } from "../link/system_error.ts";
import {
  checkConnectionOptions,
  type CheckedConnectionOptions,
  CONNECTION_OPTIONS,
  type ConnectionOptions,
} from "./connection_options.ts";
import { meet } from "./meet.ts";
import type { Seat } from "./handshake.ts";
import { Peer, seatOf } from "./peer.ts";
import { loadProtocol } from "./protocol.ts";
import { warnWithoutTls } from "./without_tls.ts";
import { RECONNECT_OPTIONS, Reconnecting, type ReconnectOptions } from "./reconnecting.ts";

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
  const { tls, reconnect, signal } = checkOptions("connect", options, CONNECT_OPTIONS);
  if (tls !== undefined) checkOptions("connect", tls, CONNECT_TLS, "tls");
  if (reconnect !== undefined) checkOptions("connect", reconnect, RECONNECT_OPTIONS, "reconnect");
  const to = checkAddress("connect", address);
  const checked = { ...checkConnectionOptions("connect", options, to), tls, signal };
  signal?.throwIfAborted();
  const holder = whoActs.holder();
  const connection = reconnect === undefined
    ? await connectOnce(to, checked, holder)
    : await Reconnecting.start((ended) => connectOnce(to, checked, holder, ended), reconnect);
  return connection as Connection<Out, In>;
}

async function connectOnce(
  address: SocketAddress,
  options: CheckedConnectionOptions & Pick<ConnectOptions, "tls" | "signal">,
  holder: Holder,
  ended?: () => void,
): Promise<Connection<unknown>> {
  const { authKey, tls, signal, handshakeTimeoutMs: timeoutMs, maxFrameBytes } = options;
  const to = showSocketAddress(address);
  const action = `connect to ${to}`;
  const { ciphers, handshake } = await loadProtocol();
  const peer = new Peer(holder, ciphers);
  const meeting = { action, timeoutMs, signal, open: (signal: AbortSignal) => dial(address, tls, signal) };
  try {
    return await meet(meeting, async (socket) => {
      if (tls === undefined) void warnWithoutTls("Connected to", remoteAddress(socket));
      const end = (seat: Seat) => peer.end(seat);
      const agreed = await handshake.greet(socket, action, authKey, { holder: seatOf(holder), maxFrameBytes, end });
      const connection = peer.join(socket, agreed, options, `a connection to ${to}`, ended);
      // Reading keeps no program alive; who waits for something does.
      socket.unref();
      return connection;
    });
  } catch (error) {
    peer.leave();
    // What the signal was aborted with is the caller's own.
    throw signal?.aborted ? error : explainedHandshake(action, error);
  }
}
