import { ProtocolError } from "../errors.ts";
import { Deque } from "../kernel/deque.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { allocateBell, type Bell, doom, doorbell, type Entrance, ring } from "./doorbell.ts";
import { type Port, PortLink } from "./port_link.ts";
import { allocateRings, RingReader, RingWriter, type Side } from "./ring.ts";

/** What two threads must share for a link: its rings, and the bells of both. */
export interface RingMemory {
  readonly rings: SharedArrayBuffer;
  readonly bells: readonly [SharedArrayBuffer, SharedArrayBuffer];
}

/** The size of one direction's ring. */
const RING_BYTES = 262_144;
const NOTHING: readonly never[] = [];

/** Memory for a link between this isolate, whose side is 0, and a thread to come. Never used for a second link. */
export function allocateLink(): RingMemory {
  return { rings: allocateRings(RING_BYTES), bells: [doorbell.memory, allocateBell()] };
}

/**
 * A link between threads of one process over shared memory.
 *
 * **Order**: what does not fit into a ring, and what has objects that move, is posted on a port beside it; the reader
 * stops at its place in the ring until it has come. **Back pressure**: what finds the ring full waits here.
 */
export class RingLink implements Link, Entrance {
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #bell: Bell;
  readonly #aside: PortLink;
  /** What has come by the port, and its place in the ring has not been reached. */
  readonly #arrived = new Deque<Frame>();
  /** What found the ring full: frames as they are, and undefined for what was posted. */
  readonly #unsent = new Deque<Uint8Array | undefined>();
  #flushed: PromiseWithResolvers<void> | undefined;
  #listener: LinkListener | undefined;
  /** Whether the ring goes on with a frame that has yet to come by the port. */
  #stopped = false;
  #closed = false;

  constructor(port: Port, { rings, bells }: RingMemory, side: Side) {
    const other = side === 0 ? 1 : 0;
    this.#writer = new RingWriter(rings, side);
    this.#reader = new RingReader(rings, other);
    this.#bell = new Int32Array(bells[other]);
    this.#aside = new PortLink(port);
    this.#aside.start({
      frame: (frame) => {
        this.#arrived.push(frame);
        this.#stopped = false;
        doorbell.stir();
      },
      closed: (error) => this.#end(error),
    });
    doorbell.add(this);
  }

  /** Resolves when the other side has said that it listens. */
  get heard(): Promise<void> {
    return this.#aside.heard;
  }

  /** Says to the other side that this one listens. */
  hail(): void {
    this.#aside.hail();
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    doorbell.stir();
  }

  send(frame: Frame): void {
    if (this.#closed) return;
    const aside = frame.moved.length > 0 || frame.bytes.length > this.#writer.longest;
    if (aside) this.#aside.send(frame);
    const written = aside ? undefined : frame.bytes;
    if (this.#unsent.size > 0 || !this.#writer.write(written)) this.#wait(written);
    doorbell.sent(ring(this.#bell));
  }

  flush(): Promise<void> {
    void this.#aside.flush();
    if (this.#unsent.size === 0) return Promise.resolve();
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  close(): void {
    this.#end();
  }

  /** The other side is about to be terminated, and is to receive nothing more. */
  doom(): void {
    doom(this.#bell);
  }

  /** The other side is dead: what it had still sent is given, and then the end. */
  drain(): void {
    while (this.#readable) this.visit(Infinity);
    this.#end();
    this.#forget();
  }

  get waiting(): boolean {
    return this.#readable || (this.#unsent.size > 0 && this.#writer.unblocked);
  }

  visit(most: number): void {
    if (this.#unsent.size > 0) this.#resend();
    if (!this.#readable) return;
    try {
      for (let given = 0; given < most && !this.#closed; given++) if (!this.#give()) break;
    } catch (error) {
      this.#end(error as Error);
      // A damaged ring costs the link. A mistake of ours in the listener does, too, and must be heard of.
      if (!(error instanceof ProtocolError)) reportError(error);
    }
    if (this.#reader.release()) ring(this.#bell);
  }

  get #readable(): boolean {
    return !this.#stopped && !this.#closed && this.#listener !== undefined && this.#reader.waiting;
  }

  #give(): boolean {
    const bytes = this.#reader.read(this.#arrived.size > 0);
    if (bytes === "elsewhere") {
      const frame = this.#arrived.shift();
      this.#stopped = frame === undefined;
      if (frame !== undefined) this.#listener!.frame(frame);
      return frame !== undefined;
    }
    if (bytes !== undefined) this.#listener!.frame({ bytes, moved: NOTHING });
    return bytes !== undefined;
  }

  #wait(frame: Uint8Array | undefined): void {
    this.#unsent.push(frame);
    if (this.#unsent.size === 1) this.#writer.awaitRoom();
  }

  /** Writes what waits, as far as there is room by now. */
  #resend(): void {
    if (this.#writer.abandoned) return this.#forget();
    while (this.#unsent.size > 0 && this.#writer.write(this.#unsent.peek())) this.#unsent.shift();
    if (this.#unsent.size > 0) this.#writer.awaitRoom();
    else if (this.#closed) this.#forget();
    else {
      this.#flushed?.resolve();
      this.#flushed = undefined;
    }
    ring(this.#bell);
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader.abandon();
    ring(this.#bell);
    this.#aside.close();
    // Before a clean end, what was sent still arrives.
    if (error !== undefined || this.#unsent.size === 0) this.#forget();
    this.#listener?.closed(error);
  }

  /** Nothing is left to be done. */
  #forget(): void {
    doorbell.remove(this);
    this.#unsent.clear();
    this.#flushed?.resolve();
  }
}
