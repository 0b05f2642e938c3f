import { ProtocolError } from "../errors.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { type Bell, doom, doorbell, type Entrance, ring } from "./doorbell.ts";
import { Inlet } from "./inlet.ts";
import { Outlet } from "./outlet.ts";
import { type Port, PortLink } from "./port_link.ts";
import { type RingMemory, RingReader, ringSize, RingWriter } from "./ring.ts";

/**
 * What a thread and its starter share for a link: a ring for what each of them sends, and the bells of both. The rings are
 * one buffer, and not two views of it, since Deno would look at each of their elements when a thread is given them.
 */
export interface LinkMemory {
  readonly rings: SharedArrayBuffer;
  readonly bells: readonly [Bell, Bell];
}

/** Which of the two is one's own: 0 is the starter's, 1 the thread's. */
export type Side = 0 | 1;

/** The size of one direction's ring. */
const RING_BYTES = 262_144;

/** Memory for a link between this isolate and a thread to come, which will have this bell. Never used for a second link. */
export function allocateLink(bell: Bell): LinkMemory {
  return { rings: new SharedArrayBuffer(2 * ringSize(RING_BYTES)), bells: [doorbell.bell, bell] };
}

function ringOf(rings: SharedArrayBuffer, side: Side): RingMemory {
  const size = rings.byteLength / 2;
  return new Uint8Array(rings, side * size, size);
}

/**
 * A link between a thread and whoever started it, over shared memory.
 *
 * **Order**: what is long, and what has objects that move, is posted on a port beside the ring; the reader stops at its
 * place in the ring until it has come. **Back pressure**: what finds the ring full waits here.
 */
export class RingLink implements Link, Entrance {
  readonly #inlet: Inlet;
  readonly #outlet: Outlet;
  readonly #bell: Bell;
  readonly #aside: PortLink;
  #listener: LinkListener | undefined;
  #closed = false;

  constructor(port: Port, { rings, bells }: LinkMemory, side: Side) {
    const other = side === 0 ? 1 : 0;
    this.#bell = bells[other];
    this.#inlet = new Inlet(new RingReader(ringOf(rings, other)));
    this.#outlet = new Outlet(new RingWriter(ringOf(rings, side)), this.#bell);
    this.#aside = new PortLink(port);
    this.#aside.start({
      frame: (frame) => {
        this.#inlet.arrive(frame);
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
    const aside = frame.moved.length > 0 || !this.#outlet.takes(frame.bytes.length);
    if (aside) this.#aside.send(frame);
    this.#outlet.send(aside ? "elsewhere" : frame.bytes);
  }

  flush(): Promise<void> | undefined {
    this.#aside.flush();
    return this.#outlet.flush();
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
    return this.#readable || this.#outlet.due;
  }

  visit(most: number): void {
    this.#resend();
    if (!this.#readable) return;
    try {
      for (let given = 0; given < most && !this.#closed; given++) {
        const frame = this.#inlet.read();
        if (frame === undefined || frame === "end") break;
        this.#listener!.frame(frame);
      }
    } catch (error) {
      this.#end(error as Error);
      // A damaged ring costs the link. A mistake of ours in the listener does, too, and must be heard of.
      if (!(error instanceof ProtocolError)) reportError(error);
    }
    if (this.#inlet.release()) ring(this.#bell);
  }

  get #readable(): boolean {
    return !this.#closed && this.#listener !== undefined && this.#inlet.waiting;
  }

  #resend(): void {
    if (this.#outlet.empty) return;
    if (this.#outlet.abandoned) return this.#forget();
    this.#outlet.resend();
    if (this.#closed && this.#outlet.empty) this.#forget();
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inlet.abandon();
    ring(this.#bell);
    this.#aside.close();
    // Before a clean end, what was sent still arrives.
    if (error !== undefined || this.#outlet.empty) this.#forget();
    this.#listener?.closed(error);
  }

  /** Nothing is left to be done. */
  #forget(): void {
    doorbell.remove(this);
    this.#outlet.clear();
  }
}
