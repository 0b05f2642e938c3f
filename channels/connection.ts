import type { OptionNames } from "./kernel/options.ts";
import type { Movable } from "./kernel/packet.ts";
import { WAIT_OPTIONS, type WaitOptions } from "./kernel/wait.ts";

/** What `send` takes. */
export interface SendOptions extends WaitOptions {
  /** Objects to move instead of copying. They are gone from here at the call, also when it is given up then. */
  readonly transfer?: readonly Movable[] | undefined;
}

/** The names of `SendOptions`. */
export const SEND_OPTIONS: OptionNames<SendOptions> = { ...WAIT_OPTIONS, transfer: true };

/** What `sendBytes` takes. */
export interface SendBytesOptions extends WaitOptions {
  /** The byte of the view to begin at; 0 when left out. */
  readonly offset?: number | undefined;
  /** How many bytes; all that follow when left out. */
  readonly size?: number | undefined;
}

/** The names of `SendBytesOptions`. */
export const SEND_BYTES_OPTIONS: OptionNames<SendBytesOptions> = { ...WAIT_OPTIONS, offset: true, size: true };

/** What `recvBytes` takes. */
export interface RecvBytesOptions extends WaitOptions {
  /** The longest message to accept; any when left out. */
  readonly maxBytes?: number | undefined;
}

/** The names of `RecvBytesOptions`. */
export const RECV_BYTES_OPTIONS: OptionNames<RecvBytesOptions> = { ...WAIT_OPTIONS, maxBytes: true };

/**
 * One end of a pipe, or of a connection to another program. (Python's `multiprocessing.connection.Connection`.)
 *
 * - **Messages** are never merged, split or torn, and arrive in order; any number of actors and tasks may use one end,
 *   and each message is received once.
 * - **Back pressure**: `send` resolves when the message is accepted, which waits while 256 messages or 1 MiB are
 *   unread. What was accepted is received, also after the sender's death.
 * - **Closing**: when everybody who has the peer end closed it, forgot it or died, `recv` drains what was sent and then
 *   rejects with `DisconnectedError`, and so does `send` at once.
 * - **Who holds an end**: every actor that received it by message, and its maker until it first passes it on; a maker
 *   that uses it after that, or still waits on it then, holds it until it closes it. So a parent need not close what it
 *   gave to a child.
 * - **Cancellation**: a `recv` that was given up has taken nothing, a `send` that was given up has sent nothing.
 * - **Stopping**: when the actor or task that waits is asked to stop, what is pending is given up, with the reason of
 *   `current().signal`, and a loop over the connection is left as if the peer had gone.
 */
export interface Connection<Out, In = Out> extends AsyncIterable<In>, Disposable {
  /** Whether this handle was closed. */
  readonly closed: boolean;
  /** Whether messages can be received on this end. */
  readonly readable: boolean;
  /** Whether messages can be sent on this end. */
  readonly writable: boolean;
  /**
   * Sends a message. Resolves when it is accepted. Giving up waits for the pipe's word, so that what was sent after all is
   * not reported as not sent.
   *
   * @throws {TimeoutError} If the peer read too little for it to be accepted in time.
   * @throws {DisconnectedError} If the peer is gone.
   * @throws {ClosedError} If this end was closed.
   * @throws {DirectionError} If this end only reads.
   * @throws {NotSerializableError} If the message cannot travel.
   */
  send(message: Out, options?: SendOptions): Promise<void>;
  /**
   * Receives the next message, waiting for one. A message that cannot be read, as only code that is not this library's
   * writes one, is a dead letter.
   *
   * @throws {TimeoutError} If none came in time.
   * @throws {DisconnectedError} If the peer is gone and everything it sent was received.
   * @throws {ClosedError} If this end was closed.
   * @throws {DirectionError} If this end only writes.
   */
  recv(options?: WaitOptions): Promise<In>;
  /** Receives the next message if there is one now. Throws as `recv`. */
  tryRecv(): Promise<{ value: In } | undefined>;
  /**
   * Whether `recv` would not have to wait: there is a message, or the peer is gone. Takes nothing. Looks once when no
   * time is given, as in Python.
   */
  poll(options?: WaitOptions): Promise<boolean>;
  /**
   * Sends bytes of a view as one message, which may be empty. Throws as `send`, too.
   *
   * @throws {RangeError} If `offset` or `size` do not lie within the view.
   */
  sendBytes(view: ArrayBufferView, options?: SendBytesOptions): Promise<void>;
  /**
   * Receives a message of bytes. Throws as `recv`, too.
   *
   * @throws {ProtocolError} If it is longer than `maxBytes`; it can still be received. (Python breaks the connection.)
   * @throws {TypeError} If the next message is another value; it can still be received.
   */
  recvBytes(options?: RecvBytesOptions): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Receives a message of bytes into a view, from byte `offset` on. Throws as `recv`, too.
   *
   * @returns how many bytes there were
   * @throws {BufferTooShortError} If it does not fit; the error has the message, which is then received.
   * @throws {RangeError} If `offset` does not lie within the view.
   */
  recvBytesInto(view: ArrayBufferView, offset?: number, options?: WaitOptions): Promise<number>;
  /** Closes this handle; harmless if it is closed. Never rejects, and need not be awaited. */
  close(): Promise<void>;
}

/** An end that only writes. */
export type Sender<T> = Omit<
  Connection<T, unknown>,
  "recv" | "tryRecv" | "poll" | "recvBytes" | "recvBytesInto" | typeof Symbol.asyncIterator
>;

/** An end that only reads. */
export type Receiver<T> = Omit<Connection<unknown, T>, "send" | "sendBytes">;
