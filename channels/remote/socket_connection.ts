import type { Connection } from "../connection.ts";
import { whoActs } from "../kernel/acting.ts";
import type { Holder } from "../kernel/holder.ts";
import { checkOptions } from "../kernel/options.ts";
import {
  checkAddress,
  CONNECT_TLS,
  dial,
  remoteAddress,
  showSocketAddress,
  type SocketAddress,
} from "../link/socket_address.ts";
import { explainedHandshake } from "../link/system_error.ts";
import { checkConnectionOptions, type CheckedConnectionOptions } from "./connection_options.ts";
import type { ConnectOptions } from "./connect.ts";
import { meet } from "./meet.ts";
import type { Seat } from "./handshake.ts";
import { Peer, seatOf } from "./peer.ts";
import { loadProtocol } from "./protocol.ts";
import { warnWithoutTls } from "./without_tls.ts";
import { RECONNECT_OPTIONS, Reconnecting } from "./reconnecting.ts";

/** Connects, with options whose names have been checked. */
export async function openConnection(address: SocketAddress, options: ConnectOptions): Promise<Connection<unknown>> {
  const { tls, reconnect, signal } = options;
  if (tls !== undefined) checkOptions("connect", tls, CONNECT_TLS, "tls");
  if (reconnect !== undefined) checkOptions("connect", reconnect, RECONNECT_OPTIONS, "reconnect");
  const to = checkAddress("connect", address);
  const checked = { ...checkConnectionOptions("connect", options, to), tls, signal };
  signal?.throwIfAborted();
  const holder = whoActs.holder();
  const connection = reconnect === undefined
    ? await connectOnce(to, checked, holder)
    : await Reconnecting.start((ended) => connectOnce(to, checked, holder, ended), reconnect);
  return connection;
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
      // Reading keeps no program alive; waiting for something does.
      socket.unref();
      return connection;
    });
  } catch (error) {
    peer.leave();
    // The reason of an aborted signal is the caller's own.
    throw signal?.aborted ? error : explainedHandshake(action, error);
  }
}
