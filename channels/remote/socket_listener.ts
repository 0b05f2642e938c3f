import { delay } from "@std/async/delay";
import { checkMs, checkSize } from "../argument.ts";
import type { Connection } from "../connection.ts";
import { ClosedError, EmptyError, TimeoutError } from "../errors.ts";
import { whoActs } from "../kernel/acting.ts";
import { eventLoop } from "../kernel/event_loop.ts";
import { type Holder, Lease } from "../kernel/holder.ts";
import { inspectAs } from "../kernel/inspect.ts";
import { keepAlive } from "../kernel/keep_alive.ts";
import { checkOptions } from "../kernel/options.ts";
import { WAIT_OPTIONS, type WaitOptions } from "../kernel/wait.ts";
import {
  acceptNext,
  checkAddress,
  LISTEN_TLS,
  type Listening,
  openListening,
  remoteAddress,
  showSocketAddress,
  type SocketAddress,
} from "../link/socket_address.ts";
import { hangUp } from "../link/socket_link.ts";
import { explainedHandshake, isOfOneConnection, isOutOfFiles } from "../link/system_error.ts";
import { Queue } from "../queue.ts";
import { selectable, sourceOf } from "../source.ts";
import { checkConnectionOptions, type CheckedConnectionOptions } from "./connection_options.ts";
import type { Seat, Terms } from "./handshake.ts";
import { type Listener, listening, type ListenOptions } from "./listener.ts";
import { whyNoHeartbeat } from "./limits.ts";
import { meet } from "./meet.ts";
import { Peer, seatOf } from "./peer.ts";
import { loadProtocol, type Protocol } from "./protocol.ts";
import { type Stranger, Strangers } from "./strangers.ts";
import { warnWithoutTls } from "./without_tls.ts";

interface Arrival {
  readonly connection: Connection<unknown>;
  readonly from: SocketAddress;
}

class SocketListener implements Listener {
  readonly address: SocketAddress;
  refused = 0;
  lastAccepted: SocketAddress | undefined;
  readonly #listening: Listening;
  readonly #holder: Holder;
  readonly #lease: Lease;
  readonly #options: Checked;
  readonly #protocol: Protocol;
  readonly #strangers: Strangers;
  /** The clients that have shown their key. They pass through a queue as handles do, so that the accepting actor holds them. */
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
    this.#strangers = new Strangers({ ...options, hurryMs: options.handshakeTimeoutMs / HURRY });
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
    // Only when nobody accepts any more does the system refuse clients; that is worth waiting for.
    this.#listening.sockets.ref();
    this.#listening.close();
    this.#strangers.end(this.#closedError("accept on"));
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
        await this.#acceptOne();
        // New clients must not keep the event loop from serving earlier ones.
        if (eventLoop.tally(ACCEPT_WEIGHT)) await eventLoop.turn();
      } catch (error) {
        if (isOfOneConnection(error)) {
          if (eventLoop.tally(ACCEPT_WEIGHT)) await eventLoop.turn();
          continue;
        }
        if (this.#closed) return;
        // As many as there can be show their keys.
        if (isOutOfFiles(error) && !this.#strangers.isEmpty) await this.#strangers.oneLeft();
        // The system can do nothing for it, and the next attempt is not to come at once.
        else await delay(ACCEPT_AGAIN_MS, { persistent: false });
      }
    }
  }

  async #acceptOne(): Promise<void> {
    const socket = await acceptNext(this.#listening);
    // A client keeps no program alive; waiting for one does.
    socket.unref();
    const from = remoteAddress(socket);
    // Until there is a place for this one the system keeps those who come after it.
    const action = `accept ${"path" in from ? "a client" : showSocketAddress(from)} on ${this.#title}`;
    const stranger = await this.#strangers.admit(from, action);
    if (!this.#closed) return void this.#greet(socket, from, stranger, action).finally(() => stranger.left());
    stranger.left();
    hangUp(socket);
  }

  async #greet(socket: Deno.Conn, from: SocketAddress, stranger: Stranger, action: string): Promise<void> {
    const { authKey, handshakeTimeoutMs: timeoutMs, heartbeatMs, maxPending, maxFrameBytes } = this.#options;
    let peer: Peer | undefined;
    const terms: Terms = {
      holder: seatOf(this.#holder),
      maxFrameBytes,
      heard: () => stranger.heard(),
      end: (seat: Seat) => {
        stranger.known();
        if (this.#arrived >= maxPending) return undefined;
        this.#arrived++;
        return (peer = new Peer(this.#holder, this.#protocol.ciphers)).end(seat);
      },
    };
    const meeting = { action, timeoutMs, signal: stranger.signal, open: () => Promise.resolve(socket) };
    try {
      await meet(meeting, async () => {
        const agreed = await this.#protocol.handshake.receive(socket, action, authKey, terms, heartbeatMs);
        const connection = peer!.join(socket, agreed, this.#options, `a connection to ${this.#title}`);
        await this.#arrivals.put({ connection, from }).finally(() => connection.close());
      });
    } catch (error) {
      if (peer !== undefined) this.#arrived--;
      peer?.leave();
      if (!this.#closed) this.#refuse(explainedHandshake(action, error) as Error, from);
    }
  }

  #refuse(error: Error, from: SocketAddress): void {
    this.refused++;
    const { onRefused } = this.#options;
    // An error that it throws is the program's, and not this listener's.
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
/** Taking in a client is as much as handling so many messages. */
const ACCEPT_WEIGHT = 32;
/** While others wait, each message of a handshake may take such a part of the time that the whole may take. */
const HURRY = 10;

type Chosen = "heartbeatMs" | "maxPending" | "maxPendingPerAddress";
/** The options, with what was left out. */
type Checked =
  & CheckedConnectionOptions
  & Pick<ListenOptions, "onRefused">
  & { readonly [Option in Chosen]: number };

/** Listens, with options whose names have been checked. */
export async function openListener(address: SocketAddress | undefined, options: ListenOptions): Promise<Listener> {
  const { tls, heartbeatMs = 5000, maxPending = 2048, onRefused } = options;
  if (tls !== undefined) checkOptions("listen", tls, LISTEN_TLS, "tls");
  const { maxPendingPerAddress = Math.ceil(maxPending / 2) } = options;
  const at = address === undefined ? undefined : checkAddress("listen", address);
  if (onRefused !== undefined && typeof onRefused !== "function") {
    throw new TypeError("Cannot listen: onRefused must be a function");
  }
  const checked = {
    ...checkConnectionOptions("listen", options, at),
    onRefused,
    heartbeatMs: checkHeartbeat(heartbeatMs),
    maxPending: checkSize("listen", "maxPending", maxPending, 1),
    maxPendingPerAddress: checkSize("listen", "maxPendingPerAddress", maxPendingPerAddress, 1),
  };
  const holder = whoActs.holder();
  const protocol = await loadProtocol();
  const opened = await openListening(at, tls);
  if (tls === undefined) void warnWithoutTls("Listening on", opened.bound);
  return new SocketListener(opened, holder, checked, protocol);
}

function checkHeartbeat(ms: number): number {
  const problem = whyNoHeartbeat(checkMs("listen", "heartbeatMs", ms));
  if (problem !== undefined) throw new RangeError(`Cannot listen: ${problem}`);
  return Math.ceil(ms);
}
