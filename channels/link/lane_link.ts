import { ProtocolError } from "../errors.ts";
import type { BoundFrames } from "../kernel/bound_frame.ts";
import type { Frame, LinkListener, PeerLink } from "../kernel/link.ts";
import { type Bell, doorbell, type Entrance, ring } from "./doorbell.ts";
import { Arrived, Inlet } from "./inlet.ts";
import { Outlet } from "./outlet.ts";
import { type RingMemory, RingReader, RingWriter } from "./ring.ts";

/** What a lane link cannot do by itself. */
export interface LaneLinkOptions {
  /** The other side's. */
  readonly bell: Bell;
  /** Claims the lane to the other side; undefined if there is none. */
  claim(): RingMemory | undefined;
  /** Sends what has objects that move, which no memory can carry, by the tree. */
  carry(frame: Frame): void;
  /** Told when the link has ended; `dead` is whether nobody is at the other side any more. */
  ended(dead: boolean): void;
}

/**
 * A link between two threads of one process that are not parent and child: a lane for each direction, made by whoever
 * sends in it when it has something to send. What has objects that move goes along the tree, and leaves a mark.
 */
export class LaneLink implements PeerLink, Entrance {
  readonly direct = true;
  frames: BoundFrames | undefined;
  readonly #options: LaneLinkOptions;
  readonly #arrived = new Arrived();
  #inlet: Inlet | undefined;
  #outlet: Outlet | "none" | undefined;
  #listener: LinkListener | undefined;
  #closed = false;
  #dead = false;

  constructor(options: LaneLinkOptions) {
    this.#options = options;
    doorbell.add(this);
  }

  /** Whether the other side can be sent to; decided once, since whatever goes by another way would come too early or late. */
  get sends(): boolean {
    if (this.#outlet === undefined) {
      const lane = this.#options.claim();
      this.#outlet = lane === undefined ? "none" : new Outlet(new RingWriter(lane), this.#options.bell);
    }
    return this.#outlet !== "none";
  }

  /** Reads from this lane, if it does not do so already. Returns whether it did not. */
  hear(lane: RingMemory): boolean {
    if (this.#inlet !== undefined) return false;
    this.#inlet = new Inlet(new RingReader(lane), this.#arrived);
    return true;
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    doorbell.stir();
  }

  send(frame: Frame): void {
    const outlet = this.#outgoing;
    if (this.#closed || outlet === undefined) return;
    if (frame.moved.length > 0) this.#options.carry(frame);
    outlet.send(frame.moved.length > 0 ? "elsewhere" : frame.bytes);
  }

  get room(): Uint8Array {
    return this.#outgoing!.bytes;
  }

  reserve(most: number): number {
    return this.#closed ? -1 : this.#outgoing?.reserve(most) ?? -1;
  }

  commit(length: number): void {
    this.#outgoing!.commit(length);
  }

  arrived(frame: Frame): boolean {
    if (this.#inlet === undefined) return false;
    this.#arrived.push(frame);
    doorbell.stir();
    return true;
  }

  flush(): Promise<void> | undefined {
    return this.#outgoing?.flush();
  }

  get unsent(): number {
    return this.#outgoing?.unsent ?? 0;
  }

  eased(most: number): Promise<void> | undefined {
    return this.#outgoing?.eased(most);
  }

  close(): void {
    this.#end();
  }

  catchUp(): void {
    while (this.#readable) this.visit(Infinity);
  }

  get speaks(): boolean {
    return this.#inlet !== undefined;
  }

  get awaitsTree(): boolean {
    return this.#inlet?.stopped ?? false;
  }

  drain(): undefined {
    // Up to what should have come by the tree and never will: who dies has said no more than comes without a gap.
    this.catchUp();
    this.#dead = true;
    this.#end();
    this.#forget();
  }

  get waiting(): boolean {
    return this.#readable || (this.#outgoing?.due ?? false);
  }

  visit(most: number): void {
    const outlet = this.#outgoing;
    if (outlet !== undefined && !outlet.empty) {
      if (outlet.abandoned) outlet.clear();
      else outlet.resend();
      if (this.#closed && outlet.empty) this.#forget();
    }
    if (this.#readable) this.#read(most);
  }

  #read(most: number): void {
    const inlet = this.#inlet!;
    try {
      for (let given = 0; given < most && !this.#closed; given++) {
        const given = inlet.give(this.#listener!);
        if (given === "end") return this.#end();
        if (!given) break;
      }
    } catch (error) {
      this.#end(error as Error);
      // A damaged ring costs the link. A mistake of ours in the listener does, too, and must be heard of.
      if (!(error instanceof ProtocolError)) reportError(error);
    }
    if (!this.#closed && inlet.release()) ring(this.#options.bell);
  }

  get #outgoing(): Outlet | undefined {
    return this.#outlet === "none" ? undefined : this.#outlet;
  }

  get #readable(): boolean {
    return !this.#closed && this.#listener !== undefined && this.#inlet !== undefined && this.#inlet.waiting;
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inlet?.abandon();
    // What was sent before still arrives, and then this.
    this.#outgoing?.send("end");
    if (this.#outgoing?.empty ?? true) this.#forget();
    this.#options.ended(this.#dead);
    this.#listener?.closed(error);
  }

  /** Nothing is left to be done. */
  #forget(): void {
    doorbell.remove(this);
    this.#outgoing?.clear();
  }
}
