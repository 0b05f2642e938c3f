import { abortable } from "@std/async/abortable";
import { TimeoutError } from "../errors.ts";
import { hangUp } from "../link/socket_link.ts";

/** How two programs come to talk. */
export interface Meeting {
  /** What is done, for messages. */
  readonly action: string;
  /** How long it may take. */
  readonly timeoutMs: number;
  /** Ends it with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the socket. Who can stop doing so does when the signal aborts. */
  open(signal: AbortSignal): Promise<Deno.Conn>;
}

/**
 * Does something over a socket that must be done in time; if it is not, or fails, the socket is closed. The wait keeps no
 * program alive.
 */
export async function meet<T>(
  { action, timeoutMs, signal, open }: Meeting,
  shake: (socket: Deno.Conn) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const giveUp = new AbortController();
  const timer = setTimeout(() => {
    giveUp.abort(new TimeoutError(`Cannot ${action}: the handshake was not over after ${timeoutMs} ms`, { timeoutMs }));
  }, timeoutMs);
  Deno.unrefTimer(timer);
  const aborted = () => giveUp.abort(signal!.reason);
  signal?.addEventListener("abort", aborted, { once: true });
  const opening = open(giveUp.signal);
  try {
    return await abortable(opening.then(shake), giveUp.signal);
  } catch (error) {
    opening.then(hangUp, () => {});
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
  }
}
