import { checkSize } from "../argument.ts";
import type { Connection } from "../connection.ts";
import { ClosedError, DisconnectedError, EmptyError, TimeoutError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { type Holder, Lease } from "../kernel/holder.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { keepAlive } from "../kernel/keep_alive.ts";
import { singleton } from "../kernel/singleton.ts";
import { checkOptions, type OptionNames } from "../kernel/options.ts";
import { WAIT_OPTIONS, type WaitOptions } from "../kernel/wait.ts";
import {
  acceptNext,
  checkAddress,
  LISTEN_TLS,
  type Listening,
  type ListenTls,
  openListening,
  remoteAddress,
  showSocketAddress,
  type SocketAddress,
} from "../link/socket_address.ts";
import { hangUp } from "../link/socket_link.ts";
import { Queue } from "../queue.ts";
import { selectable, sourceOf } from "../source.ts";
import { checkConnectionOptions, CONNECTION_OPTIONS, type ConnectionOptions } from "./connection_options.ts";
import type { Seat } from "./handshake.ts";
import { checkDelay } from "./limits.ts";
import { meet } from "./meet.ts";
import { Peer } from "./peer.ts";
import { loadProtocol, type Protocol } from "./protocol.ts";

/** What `listen` takes. */
export interface ListenOptions extends ConnectionOptions {
  /** The certificate to show; connections are then by TLS. Only for a host and port. */
  readonly tls?: ListenTls | undefined;
  /** How often each side shows that it is there, 5000 ms when left out. Who shows nothing for two of these is gone. */
  readonly heartbeatMs?: number | undefined;
  /**
   * How many may be showing their keys at once, and how many that have done so may wait to be accepted; 128 when left
   * out. When one more comes, the one that has taken longest to show its key is hung up on.
   */
  readonly maxPending?: number | undefined;
  /** Told of each who was not let in, and why. */
  readonly onRefused?: ((error: Error, from: SocketAddress) => void) | undefined;
}

const LISTEN_OPTIONS: OptionNames<ListenOptions> = {
  ...CONNECTION_OPTIONS,
  tls: true,
  heartbeatMs: true,
  maxPending: true,
  onRefused: true,
};

/**
 * Where other programs connect. (Python's `multiprocessing.connection.Listener`.)
 *
 * - **Who gets in** has shown the key. Whoever has not, or says nothing, delays nobody else and reaches nothing.
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

interface Arrival {
  readonly connection: Connection<unknown>;
  readonly from: SocketAddress;
}

/** The listeners of this isolate that are open, by what to call them. */
export const listening: Set<string> = singleton("listening", () => new Set());

class SocketListener implements Listener {
  readonly address: SocketAddress;
  refused = 0;
  lastAccepted: SocketAddress | undefined;
  readonly #listening: Listening;
  readonly #holder: Holder;
  readonly #lease: Lease;
  readonly #options: Checked;
  readonly #protocol: Protocol;
  /** Those who have yet to show their key, in the order in which they came. */
  readonly #strangers = new Set<Deno.Conn>();
  /** Those who have. They go through a queue as any handle does, so that whoever accepts one holds it. */
  readonly #arrivals = new Queue<Arrival>();
  #arrived = 0;
  readonly #serving: Promise<void>;
  #closed = false;

  constructor(opened: Listening, holder: Holder, options: Checked, protocol: Protocol) {
    this.#listening = opened;
    this.#holder = holder;
    this.address = opened.address;
    this.#options = options;
    this.#protocol = protocol;
    this.#lease = new Lease(holder, () => void this.close());
    listening.add(this.#title);
    // Connections come by it as messages come by a link.
    keepAlive.linked(1);
    opened.sockets.unref();
    const arrivals = sourceOf(this.#arrivals)!;
    selectable(this, {
      ...arrivals,
      assertOpen: () => this.#assertOpen("select from"),
      take: async (options) => this.#accepted(await arrivals.take(options) as Arrival),
      tryTake: async () => {
        const taken = await arrivals.tryTake();
        return taken && { value: this.#accepted(taken.value as Arrival) };
      },
    });
    this.#serving = this.#serve();
  }

  async accept(options: WaitOptions = {}): Promise<Connection<unknown>> {
    checkOptions(`accept on ${this.#title}`, options, WAIT_OPTIONS);
    try {
      return this.#accepted(await this.#arrivals.get(options));
    } catch (error) {
      if (error instanceof ClosedError) throw this.#closedError("accept on");
      if (!(error instanceof EmptyError)) throw error;
      const { timeoutMs } = error;
      throw new TimeoutError(`Cannot accept on ${this.#title}: nobody came in ${timeoutMs} ms`, { timeoutMs });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#lease.end();
    listening.delete(this.#title);
    keepAlive.linked(-1);
    // Only when nobody accepts any more does the system refuse who connects; that is worth waiting for.
    this.#listening.sockets.ref();
    this.#listening.close();
    for (const stranger of this.#strangers) hangUp(stranger);
    await this.#serving;
    await this.#arrivals.close();
    try {
      for await (const { connection } of this.#arrivals) void connection.close();
    } catch {
      // Its actor has ended, and what it held has gone with it.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Connection<unknown>> {
    for await (const arrival of this.#arrivals) yield this.#accepted(arrival);
  }

  static {
    inspectAs(
      this,
      (listener) => `Listener(${showSocketAddress(listener.address)}${listener.#closed ? ", closed" : ""})`,
    );
  }

  get #title(): string {
    return `the listener on ${showSocketAddress(this.address)}`;
  }

  #accepted({ connection, from }: Arrival): Connection<unknown> {
    this.#arrived--;
    this.lastAccepted = from;
    return connection;
  }

  async #serve(): Promise<void> {
    while (!this.#closed) {
      try {
        const socket = await acceptNext(this.#listening);
        // Who connects keeps no program alive; who waits for it does.
        socket.unref();
        void this.#greet(socket);
      } catch {
        // Closed; or that one is gone, or the system has no sockets left, and the next attempt is not to come at once.
        if (!this.#closed) await new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, ACCEPT_AGAIN_MS)));
      }
    }
  }

  async #greet(socket: Deno.Conn): Promise<void> {
    const { authKey, handshakeTimeoutMs: timeoutMs, heartbeatMs, maxPending, maxFrameBytes } = this.#options;
    const from = remoteAddress(socket);
    const action = `accept ${"path" in from ? "somebody" : showSocketAddress(from)} on ${this.#title}`;
    this.#strangers.add(socket);
    if (this.#strangers.size > maxPending) {
      const [oldest] = this.#strangers;
      this.#strangers.delete(oldest);
      hangUp(oldest);
    }
    const peer = new Peer(this.#holder, this.#protocol.ciphers);
    let hasPlace = false;
    const end = (seat: Seat) => {
      if (this.#arrived >= maxPending) return undefined;
      this.#arrived++;
      hasPlace = true;
      return peer.end(seat);
    };
    const terms = { holder: peer.holder, end };
    try {
      await meet({ action, timeoutMs, open: () => Promise.resolve(socket) }, async () => {
        const agreed = await this.#protocol.handshake.receive(socket, action, authKey, terms, heartbeatMs);
        if (!this.#strangers.has(socket)) {
          throw new DisconnectedError(`Cannot ${action}: there was no room for it any more`);
        }
        const connection = peer.join(socket, agreed, { heartbeatMs, maxFrameBytes }, `a connection to ${this.#title}`);
        await this.#arrivals.put({ connection, from }).finally(() => connection.close());
      });
    } catch (error) {
      peer.leave();
      if (hasPlace) this.#arrived--;
      if (!this.#closed) this.#refuse(error as Error, from);
    } finally {
      this.#strangers.delete(socket);
    }
  }

  #refuse(error: Error, from: SocketAddress): void {
    this.refused++;
    const { onRefused } = this.#options;
    // What it throws is an error of the program, and not of this one's.
    if (onRefused !== undefined) queueMicrotask(() => onRefused(error, from));
  }

  #assertOpen(action: string): void {
    if (this.#closed) throw this.#closedError(action);
  }

  #closedError(action: string): ClosedError {
    return new ClosedError(`Cannot ${action} ${this.#title}: it is closed`);
  }
}

/** After an error, a listener tries again after so long. */
const ACCEPT_AGAIN_MS = 50;

/** The options, with what was left out. */
type Checked = ListenOptions & Required<Pick<ListenOptions, "handshakeTimeoutMs" | "heartbeatMs" | "maxPending">>;

/**
 * Listens for other programs on a Unix socket or a host and port; when neither is given, on a Unix socket that only
 * programs of the same user can reach. {@linkcode Listener} says how it behaves.
 *
 * Everything that can travel to a child can be sent over a connection, handles too: a queue, a lock or a ref that is sent
 * works at the other program as long as the connection lasts, and lets it do what that handle does, and nothing else. It
 * can never make this program import or run code.
 *
 * The key is proved by both sides and never sent, but what comes after that is neither secret nor protected on the way:
 * over a network that is not yours, use `tls`.
 *
 * @param address where; a port of 0 lets the system choose one
 * @throws {TypeError} If the address, or an option, is none.
 * @throws {Deno.errors.AddrInUse} If somebody listens there. (A Unix socket that a killed program has left is replaced.)
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
  const { tls, heartbeatMs = 5000, maxPending = 128, onRefused } = checkOptions("listen", options, LISTEN_OPTIONS);
  if (tls !== undefined) checkOptions("listen", tls, LISTEN_TLS, "tls");
  const at = address === undefined ? undefined : checkAddress("listen", address);
  if (onRefused !== undefined && typeof onRefused !== "function") {
    throw new TypeError("Cannot listen: onRefused must be a function");
  }
  const checked = {
    ...options,
    handshakeTimeoutMs: checkConnectionOptions("listen", options, at),
    heartbeatMs: Math.ceil(checkDelay("listen", "heartbeatMs", heartbeatMs)),
    maxPending: checkSize("listen", "maxPending", maxPending, 1),
  };
  const holder = whoActs.holder();
  const protocol = await loadProtocol();
  const opened = await openListening(at, tls);
  return new SocketListener(opened, holder, checked, protocol) as unknown as Listener<Out, In>;
}
