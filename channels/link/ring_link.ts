import { ProtocolError } from "../errors.ts";
import { isFirst } from "../kernel/address.ts";
import { isolate } from "../kernel/isolate.ts";
import type { BoundFrames } from "../kernel/bound_frame.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { type Bell, doom, doorbell, type Entrance, ring } from "./doorbell.ts";
import { HAND_OVER_BYTES, HandOver } from "./hand_over.ts";
import { Inlet } from "./inlet.ts";
import { Outlet } from "./outlet.ts";
import type { Port } from "./port_link.ts";
import { noFrame } from "./posted.ts";
import { type RingMemory, RingReader, ringSize, RingWriter } from "./ring.ts";

/**
 * What a thread and its starter share for a link: a ring for what each of them sends, the words of their hand-over, and the
 * bells of both. All but the bells is one buffer, and not views of it, since Deno would look at each of their elements
 * when a thread is given them.
 */
export interface LinkMemory {
  readonly shared: SharedArrayBuffer;
  readonly bells: readonly [Bell, Bell];
  /** Whether the starter is never terminated while its process goes on. */
  readonly immortalStarter: boolean;
}

/** Which of the two is one's own: 0 is the starter's, 1 the thread's. */
export type Side = 0 | 1;

/** What a thread says first. */
const HAIL = "listening";
/** The size of one direction's ring. */
const RING_BYTES = 262_144;

/** Memory for a link between this isolate and a thread to come, which will have this bell. Never used for a second link. */
export function allocateLink(bell: Bell): LinkMemory {
  const shared = new SharedArrayBuffer(2 * ringSize(RING_BYTES) + HAND_OVER_BYTES);
  return { shared, bells: [doorbell.bell, bell], immortalStarter: isFirst(isolate.id) };
}

function ringOf(shared: SharedArrayBuffer, side: Side): RingMemory {
  const size = ringSize(RING_BYTES);
  return new Uint8Array(shared, side * size, size);
}

/**
 * A link between a thread and whoever started it, over shared memory.
 *
 * **Order**: what is long, and what has objects that move, is handed over on a port beside the ring; the reader stops at
 * its place in the ring until it has come. **Back pressure**: what finds the ring full waits here.
 */
export class RingLink implements Link, Entrance {
  readonly direct = true;
  frames: BoundFrames | undefined;
  /** Resolves when the other side has said that it listens. Nothing may be sent before. */
  readonly heard: Promise<void>;
  readonly #port: Port;
  readonly #inlet: Inlet;
  readonly #outlet: Outlet;
  readonly #bell: Bell;
  readonly #beside: HandOver;
  #listener: LinkListener | undefined;
  #closed = false;

  /** @param beside the port for what goes beside the rings, of which the other side has the other end */
  constructor(port: Port, { shared, bells, immortalStarter }: LinkMemory, side: Side, beside: MessagePort) {
    const other = side === 0 ? 1 : 0;
    this.#port = port;
    this.#bell = bells[other];
    const words = new Uint8Array(shared, shared.byteLength - HAND_OVER_BYTES);
    this.#beside = new HandOver(words, side, beside, this.#bell, side === 1 && immortalStarter);
    this.#inlet = new Inlet(new RingReader(ringOf(shared, other)), this.#beside);
    this.#outlet = new Outlet(new RingWriter(ringOf(shared, side)), this.#bell);
    this.heard = new Promise((resolve) => {
      let heard = false;
      // It keeps a thread alive, too.
      port.on("message", (message) => {
        if (heard || message !== HAIL) return this.#end(noFrame());
        heard = true;
        resolve();
      });
    });
    doorbell.add(this);
  }

  /** Says to the other side that this one listens. */
  hail(): void {
    this.#port.postMessage(HAIL, []);
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    doorbell.stir();
  }

  send(frame: Frame): void {
    if (this.#closed) return;
    if (frame.moved.length === 0 && this.#outlet.takes(frame.bytes.length)) this.#outlet.send(frame.bytes);
    else {
      this.#beside.give(frame, () => {
        const woken = this.#outlet.send("elsewhere");
        return { reachable: this.#outlet.empty, woken };
      });
    }
  }

  get room(): Uint8Array {
    return this.#outlet.bytes;
  }

  reserve(most: number): number {
    return this.#closed ? -1 : this.#outlet.reserve(most);
  }

  commit(length: number): void {
    this.#outlet.commit(length);
  }

  flush(): Promise<void> | undefined {
    return this.#outlet.flush();
  }

  get unsent(): number {
    return this.#outlet.unsent + this.#beside.unsent;
  }

  eased(most: number): Promise<void> | undefined {
    return this.#outlet.eased(most) ?? this.#beside.eased(most);
  }

  close(): void {
    this.#end();
  }

  /** The other side is about to be terminated, and is to receive nothing more. */
  doom(): void {
    doom(this.#bell);
    this.#beside.doom();
  }

  /** The other side is dead: what it had still sent is given, and then the end. */
  drain(): void {
    this.#beside.markDead();
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
        if (this.#inlet.give(this.#listener!) !== true) break;
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
    if (!this.#outlet.empty) {
      if (this.#outlet.abandoned) return this.#forget();
      this.#outlet.resend();
    }
    if (this.#closed && this.#outlet.empty) this.#forget();
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inlet.abandon();
    ring(this.#bell);
    // Before a clean end, what was sent still arrives.
    if (error !== undefined || this.#outlet.empty) this.#forget();
    this.#listener?.closed(error);
  }

  /** Nothing is left to be done. */
  #forget(): void {
    doorbell.remove(this);
    this.#outlet.clear();
    this.#beside.close();
  }
}
