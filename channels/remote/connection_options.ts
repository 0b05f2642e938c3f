import { checkSize } from "../argument.ts";
import type { OptionNames } from "../kernel/options.ts";
import type { SocketAddress } from "../link/socket_address.ts";
import { checkDelay } from "./limits.ts";

/** What proves who may talk. Equal strings match, and equal bytes do, and a string matches its UTF-8. */
export type AuthKey = string | Uint8Array;

/** What both sides of a connection take. */
export interface ConnectionOptions {
  /** What the other side must have, too. A listener without one lets in whoever can reach its address. */
  readonly authKey?: AuthKey | undefined;
  /** How long it may take until both sides have shown the key, 5000 ms when left out. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** The longest frame, and so message, to take, 64 MiB when left out. A longer one ends its connection. */
  readonly maxFrameBytes?: number | undefined;
}

/** The names of `ConnectionOptions`. */
export const CONNECTION_OPTIONS: OptionNames<ConnectionOptions> = {
  authKey: true,
  handshakeTimeoutMs: true,
  maxFrameBytes: true,
};

/**
 * Checks what both sides take, and gives the time for the handshake.
 *
 * @param at an address that has been checked; none is that of a Unix socket
 * @throws {TypeError} If the key is neither text nor bytes, or empty; if a number is none; if a Unix socket is to have TLS.
 * @throws {RangeError} If a number is out of range.
 */
export function checkConnectionOptions(
  action: string,
  { authKey, handshakeTimeoutMs = 5000, maxFrameBytes, tls }: ConnectionOptions & { readonly tls?: unknown },
  at: SocketAddress | undefined,
): number {
  if (tls !== undefined && (at === undefined || "path" in at)) {
    throw new TypeError(`Cannot ${action}: tls is for a host and port, not for a Unix socket`);
  }
  if (authKey !== undefined) checkKey(action, authKey);
  if (maxFrameBytes !== undefined) checkSize(action, "maxFrameBytes", maxFrameBytes, 1);
  return checkDelay(action, "handshakeTimeoutMs", handshakeTimeoutMs);
}

function checkKey(action: string, key: AuthKey): void {
  if (!(typeof key === "string" || key instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot ${action}: authKey must be a string or bytes, not ${key === null ? "null" : typeof key}`,
    );
  }
  if (key.length === 0) throw new TypeError(`Cannot ${action}: authKey must not be empty`);
}
