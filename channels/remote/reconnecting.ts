import { delay } from "@std/async/delay";
import {
  type Connection,
  RECV_BYTES_OPTIONS,
  type RecvBytesOptions,
  SEND_BYTES_OPTIONS,
  SEND_OPTIONS,
  type SendBytesOptions,
  type SendOptions,
} from "../connection.ts";
import { AuthenticationError, ClosedError, DisconnectedError, TimeoutError } from "../errors.ts";
import { inspectAs } from "../kernel/inspect.ts";
import type { OptionNames } from "../kernel/options.ts";
import { channelWait, isStopped, throwIfOver, type WaitOptions } from "../kernel/wait.ts";
import { Decision } from "../decision.ts";
import { Settling } from "../settling.ts";
import { checkCount } from "../argument.ts";
import { checkDelay } from "./limits.ts";

/** How to connect again when a connection has broken. */
export interface ReconnectOptions {
  /**
   * How long to wait before the second attempt, 100 ms when left out; the first is made at once. Each wait is
   * twice the last, and up to a fifth of it is left out, by chance: those that lost their connections together come back
   * one by one.
   */
  readonly minMs?: number | undefined;
  /** The longest wait, 10,000 ms when left out. */
  readonly maxMs?: number | undefined;
  /** After how many attempts to give up; never, when left out. */
  readonly attempts?: number | undefined;
}

/** The names of `ReconnectOptions`. */
export const RECONNECT_OPTIONS: OptionNames<ReconnectOptions> = { minMs: true, maxMs: true, attempts: true };

/** How much of a wait is left to chance. */
const JITTER = 0.2;

/** Makes a connection; `ended` is called once it has broken. */
export type Connector = (ended: () => void) => Promise<Connection<unknown>>;

/** A connection that is made again when it breaks. What was under way at the break rejects. */
export class Reconnecting implements Connection<unknown> {
  readonly readable = true;
  readonly writable = true;
  readonly #connector: Connector;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #attempts: number;
  #closed = false;
  #gaveUp = false;
  /** The one that made the newest connection, while that lasts. */
  #attempt: symbol | undefined;
  /** What is sent goes by this one. */
  #newest: Promise<Connection<unknown>>;
  /** What is received comes by this one: after a break there may be something left to read. */
  #reading: Promise<Connection<unknown>>;

  private constructor(connector: Connector, { minMs = 100, maxMs = 10_000, attempts = Infinity }: ReconnectOptions) {
    this.#connector = connector;
    this.#minMs = checkDelay("connect", "reconnect.minMs", minMs);
    this.#maxMs = checkDelay("connect", "reconnect.maxMs", maxMs);
    this.#attempts = checkCount("connect", "reconnect.attempts", attempts);
    this.#newest = this.#reading = Promise.reject(new Error("It was not made yet"));
    this.#newest.catch(() => {});
  }

  /** Makes the first connection; that it fails is the caller's to know. */
  static async start(connector: Connector, options: ReconnectOptions): Promise<Reconnecting> {
    const self = new Reconnecting(connector, options);
    self.#newest = self.#reading = self.#connect();
    await self.#newest;
    return self;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async send(message: unknown, options?: SendOptions): Promise<void> {
    await (await this.#wait(this.#newest, "send", options, SEND_OPTIONS)).send(message, options);
  }

  async sendBytes(view: ArrayBufferView, options?: SendBytesOptions): Promise<void> {
    await (await this.#wait(this.#newest, "send", options, SEND_BYTES_OPTIONS)).sendBytes(view, options);
  }

  recv(options?: WaitOptions): Promise<unknown> {
    return this.#read(options, (connection) => connection.recv(options));
  }

  tryRecv(): Promise<{ value: unknown } | undefined> {
    return this.#read({ timeoutMs: 0 }, (connection) => connection.tryRecv(), () => undefined);
  }

  poll(options?: WaitOptions): Promise<boolean> {
    return this.#read({ timeoutMs: 0, ...options }, (connection) => connection.poll(options), () => false);
  }

  recvBytes(options?: RecvBytesOptions): Promise<Uint8Array<ArrayBuffer>> {
    return this.#read(options, (connection) => connection.recvBytes(options), undefined, RECV_BYTES_OPTIONS);
  }

  recvBytesInto(view: ArrayBufferView, offset?: number, options?: WaitOptions): Promise<number> {
    return this.#read(options, (connection) => connection.recvBytesInto(view, offset, options));
  }

  close(): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const connection of [this.#reading, this.#newest]) connection.then((made) => void made.close(), () => {});
  }

  async *[Symbol.asyncIterator](): AsyncIterator<unknown> {
    const wait = channelWait("receive", undefined);
    while (true) {
      try {
        throwIfOver(wait);
        yield await this.recv();
      } catch (error) {
        if (isStopped(wait, error)) return;
        if (!(error instanceof DisconnectedError)) throw error;
        if (this.#gaveUp) return;
      }
    }
  }

  static {
    inspectAs(this, (connection) => `Connection(remote, ${connection.closed ? "closed" : "open"}, reconnecting)`);
  }

  #connect(): Promise<Connection<unknown>> {
    const attempt = this.#attempt = Symbol();
    return this.#connector(() => this.#broken(attempt));
  }

  /** Once for each connection: its reader may see that it has ended before its link does. */
  #broken(attempt: symbol | undefined): void {
    if (this.#closed || this.#attempt !== attempt) return;
    this.#attempt = undefined;
    this.#newest = this.#again();
    this.#newest.catch(() => this.#gaveUp = true);
  }

  async #again(): Promise<Connection<unknown>> {
    let cause: unknown;
    for (let attempt = 0; attempt < this.#attempts && !this.#closed; attempt++) {
      if (attempt > 0) await pause(Math.min(this.#maxMs, this.#minMs * 2 ** (attempt - 1)));
      try {
        const connection = await this.#connect();
        if (this.#closed) await connection.close();
        return connection;
      } catch (error) {
        cause = error;
        // Another attempt would have the same key.
        if (error instanceof AuthenticationError) break;
      }
    }
    throw new DisconnectedError("Cannot use a connection: it broke, and could not be made again", { cause });
  }

  async #read<R>(
    options: WaitOptions | undefined,
    operation: (connection: Connection<unknown>) => Promise<R>,
    notYet?: () => R,
    known?: OptionNames<WaitOptions>,
  ): Promise<R> {
    const reading = this.#reading;
    let connection: Connection<unknown>;
    try {
      connection = await this.#wait(reading, "receive", options, known);
    } catch (error) {
      if (notYet !== undefined && error instanceof TimeoutError) return notYet();
      throw error;
    }
    try {
      return await operation(connection);
    } catch (error) {
      // All that had come before the break is read. This once the reader is told; next it is the new connection's turn.
      if (error instanceof DisconnectedError && this.#reading === reading) {
        if (this.#newest === reading) this.#broken(this.#attempt);
        void connection.close();
        this.#reading = this.#newest;
      }
      throw error;
    }
  }

  /** The connection, once it is there. */
  async #wait(
    made: Promise<Connection<unknown>>,
    action: string,
    options: WaitOptions | undefined,
    known: OptionNames<WaitOptions> | undefined,
  ): Promise<Connection<unknown>> {
    if (this.#closed) throw new ClosedError(`Cannot ${action}: the connection is closed`);
    const wait = channelWait(action, options, Infinity, known);
    const decision = new Decision<Connection<unknown>>();
    const settling = Settling.of(made);
    const note = ({ result }: Settling) => {
      if (!decision.make()) return;
      if (result!.status === "fulfilled") decision.resolve(result!.value as Connection<unknown>);
      else decision.reject(result!.reason);
    };
    // While the connection is broken many may give up, and must leave nothing behind.
    settling.add(note);
    const { timeoutMs } = wait;
    const connection = await decision.within({ ...wait, timeoutMs: Math.max(0, timeoutMs) }, true)
      .finally(() => settling.delete(note));
    if (connection !== undefined) return connection;
    throw new TimeoutError(`Cannot ${action}: the connection is broken since ${timeoutMs} ms`, { timeoutMs });
  }
}

/** Keeps no program alive: whoever waits for the connection does. */
function pause(ms: number): Promise<void> {
  return delay(ms * (1 - JITTER * Math.random()), { persistent: false });
}
