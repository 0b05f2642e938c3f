import { TimeoutError } from "../errors.ts";
import { eventLoop } from "../kernel/event_loop.ts";
import { networkOf, type SocketAddress } from "../link/socket_address.ts";

/** How many may show their keys at once, and for how long. */
export interface StrangersOptions {
  /** How many there may be at all. */
  readonly maxPending: number;
  /** How many there may be from one address without being hurried. */
  readonly maxPendingPerAddress: number;
  /** How long each message of one that is hurried may take. */
  readonly hurryMs: number;
}

/** A client that has connected and has yet to show its key. */
export interface Stranger {
  /** Aborts with the reason why it is hung up on before its time is over. */
  readonly signal: AbortSignal;
  /** It has sent another message of the handshake. */
  heard(): void;
  /** It has shown its key: it is hurried no more. */
  known(): void;
  /** It has its connection, or will never have one: another may have its place. */
  left(): void;
}

interface Entry {
  /** What it wants, for messages. */
  readonly action: string;
  readonly network: string;
  readonly over: AbortController;
  /** Since when this side waits for its next message. */
  since: number;
  known: boolean;
}

/** In a tenth of the time after which one has to leave, that is found out. */
const LOOKS = 10;

/**
 * The places of the clients that show their keys. Each client may take its time as long as there are enough places. When
 * one address has more than its share of them, its clients are hurried. When no address has, and yet all places are taken
 * and another client waits, all clients are hurried. A hurried client that stays silent for too long is hung up on. So silent
 * clients keep no other client out, whichever address that comes from.
 */
export class Strangers {
  readonly #options: StrangersOptions;
  /** In the order in which they were last heard. */
  readonly #entries = new Set<Entry>();
  readonly #perNetwork = new Map<string, number>();
  /** Lets the client in that waits for a place, while one does. */
  #admit: (() => void) | undefined;
  /** Until it is next looked after those that are hurried. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StrangersOptions) {
    this.#options = options;
  }

  /**
   * Waits until there is a place for a client from that address. One caller waits at a time.
   *
   * @param action what is done for it, for messages
   */
  async admit(from: SocketAddress, action: string): Promise<Stranger> {
    while (this.#entries.size >= this.#options.maxPending) await this.oneLeft();
    return this.#enter(networkOf(from), action);
  }

  /** Whether no client is here. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Waits until a client has left; while this side waits, all are hurried. One caller waits at a time. */
  async oneLeft(): Promise<void> {
    this.#lookOut();
    await new Promise<void>((resolve) => this.#admit = resolve);
    this.#admit = undefined;
  }

  /** Hangs up on all. */
  end(reason: Error): void {
    for (const entry of [...this.#entries]) this.#hangUp(entry, reason);
    clearTimeout(this.#timer);
  }

  #enter(network: string, action: string): Stranger {
    const entry: Entry = { action, network, since: performance.now(), over: new AbortController(), known: false };
    this.#entries.add(entry);
    this.#perNetwork.set(network, this.#of(network) + 1);
    if (this.#isCrowded(network)) this.#lookOut();
    return {
      signal: entry.over.signal,
      heard: () => {
        if (!this.#entries.delete(entry)) return;
        this.#entries.add(entry);
        entry.since = performance.now();
      },
      known: () => void (entry.known = true),
      left: () => this.#leave(entry),
    };
  }

  #leave(entry: Entry): void {
    if (!this.#entries.delete(entry)) return;
    const left = this.#of(entry.network) - 1;
    if (left > 0) this.#perNetwork.set(entry.network, left);
    else this.#perNetwork.delete(entry.network);
    this.#admit?.();
  }

  #hangUp(entry: Entry, reason: Error): void {
    this.#leave(entry);
    entry.over.abort(reason);
  }

  #of(network: string): number {
    return this.#perNetwork.get(network) ?? 0;
  }

  /** A Unix socket does not tell its clients from each other, and so they share all places. */
  #isCrowded(network: string): boolean {
    return network !== "" && this.#of(network) > this.#options.maxPendingPerAddress;
  }

  get #isAwaited(): boolean {
    return this.#admit !== undefined;
  }

  get #isAnyCrowded(): boolean {
    return this.#perNetwork.keys().some((network) => this.#isCrowded(network));
  }

  #lookOut(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.#look(), this.#options.hurryMs / LOOKS);
    Deno.unrefTimer(this.#timer);
  }

  async #look(): Promise<void> {
    const since = performance.now() - this.#options.hurryMs;
    const late: Entry[] = [];
    for (const entry of this.#entries) {
      if (entry.since > since) break;
      late.push(entry);
    }
    // What they have sent may only have not been read yet: then it is this program that was slow.
    if (late.length > 0) await eventLoop.turn();
    if (this.#isAnyCrowded) {
      for (const entry of late) if (this.#isCrowded(entry.network)) this.#hurry(entry, since);
    } else if (this.#isAwaited) {
      for (const entry of late) this.#hurry(entry, since);
    }
    this.#timer = undefined;
    if (this.#isAwaited || this.#isAnyCrowded) this.#lookOut();
  }

  #hurry(entry: Entry, since: number): void {
    if (entry.known || entry.since > since || !this.#entries.has(entry)) return;
    const { hurryMs: timeoutMs } = this.#options;
    const problem = `it sent no message of the handshake for ${timeoutMs} ms, and others wait`;
    this.#hangUp(entry, new TimeoutError(`Cannot ${entry.action}: ${problem}`, { timeoutMs }));
  }
}
