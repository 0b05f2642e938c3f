import { checkSize } from "../argument.ts";
import { type Limits, USUAL_LIMITS } from "../kernel/account.ts";
import type { OptionNames } from "../kernel/options.ts";
import type { SocketAddress } from "../link/socket_address.ts";
import { MAX_FRAME_BYTES } from "../link/socket_link.ts";
import { checkQuota, type QuotaOptions } from "../quota.ts";
import { checkDelay } from "./limits.ts";

const MAX_UNSETTLED_BYTES = 64 * 1024 * 1024;

/** What proves who may talk. Equal strings match, and equal bytes do, and a string matches its UTF-8. */
export type AuthKey = string | Uint8Array;

/** What both sides of a connection take. */
export interface ConnectionOptions {
  /** What the other side must have, too. A listener without one lets in whoever can reach its address. */
  readonly authKey?: AuthKey | undefined;
  /** How long it may take until both sides have shown the key, 5000 ms when left out. */
  readonly handshakeTimeoutMs?: number | undefined;
  /**
   * The longest frame, and so message, to take, 64 MiB when left out. The other side is told, and refuses to send a longer
   * one with `NotSerializableError`; one that comes all the same ends its connection.
   */
  readonly maxFrameBytes?: number | undefined;
  /**
   * How many bytes of the other side's requests may be unanswered, and how many bytes it may leave unread of answers and of
   * what else this side says because of its messages; 64 MiB when left out. While there are more, its next request waits.
   * Four times as many are the most: then a request or an answer is refused with `MailboxFullError`, and while so much is
   * unread that is no answer, nothing of the other side is read. A side that has so much to read and reads nothing for one
   * and a half heartbeats is gone.
   */
  readonly maxUnsettledBytes?: number | undefined;
  /**
   * How much memory the other program may take in each isolate of this one. {@linkcode QuotaOptions} says what is usual;
   * where longer messages are taken, it is at least twice `maxFrameBytes`.
   */
  readonly quota?: QuotaOptions | undefined;
}

/** The names of `ConnectionOptions`. */
export const CONNECTION_OPTIONS: OptionNames<ConnectionOptions> = {
  authKey: true,
  handshakeTimeoutMs: true,
  maxFrameBytes: true,
  maxUnsettledBytes: true,
  quota: true,
};

type Chosen = "handshakeTimeoutMs" | "maxFrameBytes" | "maxUnsettledBytes";
/** What both sides take, with what was left out. */
export type CheckedConnectionOptions = Pick<ConnectionOptions, "authKey"> & { readonly [Option in Chosen]: number } & {
  readonly quota: Limits;
};

/**
 * Checks what both sides take.
 *
 * @param at an address that has been checked; none is that of a Unix socket
 * @throws {TypeError} If the key is neither text nor bytes, or empty; if a number is none; if a Unix socket is to have TLS.
 * @throws {RangeError} If a number is out of range.
 */
export function checkConnectionOptions(
  action: string,
  options: ConnectionOptions & { readonly tls?: unknown },
  at: SocketAddress | undefined,
): CheckedConnectionOptions {
  const { authKey, tls, handshakeTimeoutMs = 5000 } = options;
  const { maxFrameBytes = MAX_FRAME_BYTES, maxUnsettledBytes = MAX_UNSETTLED_BYTES, quota } = options;
  if (tls !== undefined && (at === undefined || "path" in at)) {
    throw new TypeError(`Cannot ${action}: tls is for a host and port, not for a Unix socket`);
  }
  if (authKey !== undefined) checkKey(action, authKey);
  return {
    authKey,
    maxFrameBytes: checkSize(action, "maxFrameBytes", maxFrameBytes, 1),
    maxUnsettledBytes: checkSize(action, "maxUnsettledBytes", maxUnsettledBytes, 1),
    handshakeTimeoutMs: checkDelay(action, "handshakeTimeoutMs", handshakeTimeoutMs),
    quota: checkQuota(action, { ...quota, bytes: quota?.bytes ?? Math.max(USUAL_LIMITS.bytes, 2 * maxFrameBytes) }),
  };
}

function checkKey(action: string, key: AuthKey): void {
  if (!(typeof key === "string" || key instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot ${action}: authKey must be a string or bytes, not ${key === null ? "null" : typeof key}`,
    );
  }
  if (key.length === 0) throw new TypeError(`Cannot ${action}: authKey must not be empty`);
}
