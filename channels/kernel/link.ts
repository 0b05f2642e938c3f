import type { IsolateId } from "./address.ts";
import type { BoundFrames } from "./bound_frame.ts";
import type { Envelope } from "./envelope.ts";
import type { Carried } from "./packet.ts";

/** One envelope on a link: its bytes, and the objects that move with it. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly moved: readonly Carried[];
}

/** What a link tells its owner. */
export interface LinkListener {
  /** Frames arrive whole, once, in the order in which they were sent. */
  frame(frame: Frame): void;
  /** The same for a frame of the short form, which lies among the link's own bytes until this returns. */
  short?(bytes: Uint8Array, start: number, end: number): void;
  /** The same, of a link that has made an envelope of it already. */
  envelope?(envelope: Envelope): void;
  /** The other side is gone, or broke the protocol, and every frame it had sent has been given. Called once. */
  closed(error?: Error): void;
}

/**
 * A two-way path to another isolate.
 *
 * A clean end is `closed()` without an error after `close()` here or there; what `send` accepted before a clean end
 * arrives. After any end `send` does nothing, since the sender learns of a death from the kernel and not from a link.
 */
export interface Link {
  /** The longest message that can be sent; left out if any can. */
  readonly maxBytes?: number;
  /** Whether a frame without objects that move reaches the neighbour by this link, as it is: such a link has short forms. */
  readonly direct?: boolean;
  /** The short forms of its frames, once it is in use. */
  frames?: BoundFrames;
  /** Starts giving frames to the listener; those that came earlier are kept for it. */
  start(listener: LinkListener): void;
  /** Takes a frame for sending, never blocks, never throws. */
  send(frame: Frame): void;
  /**
   * Where a frame of at most so many bytes, which carries nothing else, may be written to within `room`, to be sent by
   * `commit`; -1 if there is no such place now, and for a link that has none ever.
   */
  reserve?(most: number): number;
  /** Sends what was written to the place that was reserved last: so many bytes of it. */
  commit?(length: number): void;
  /** The memory that `reserve` gives places in. */
  readonly room?: Uint8Array;
  /** The same, of a link that would only make an envelope of the frame again; left out by all others. */
  post?(envelope: Envelope): void;
  /** Resolves when everything sent so far has left this isolate; undefined if it has by the time this returns. */
  flush(): Promise<void> | undefined;
  /** How many bytes wait here until the other side takes them; left out where that is not known. */
  readonly unsent?: number;
  /** Resolves when no more bytes than these wait, or none ever will; undefined if that is so by the time this returns. */
  eased?(most: number): Promise<void> | undefined;
  /** Ends the link. */
  close(): void;
}

/** A link between two isolates that are not parent and child. What has objects that move goes by the tree. */
export interface PeerLink extends Link {
  /** Whether the other side sends by this link, and always will. */
  readonly speaks: boolean;
  /** Whether what comes next has yet to come by the tree. */
  readonly awaitsTree: boolean;
  /** Takes a frame with objects that move, which has come by the tree; false if whoever sent it does not send by this link. */
  arrived(frame: Frame): boolean;
  /** Gives what has come so far. */
  catchUp(): void;
  /** The other side is dead: gives what it had still sent, and then the end. Returns a promise if that takes time. */
  drain(): Promise<void> | undefined;
}

/** Makes such links. */
export interface Mesh {
  /** The link by which this isolate sends to another one; undefined if there is none, then and for ever. */
  linkTo(id: IsolateId): PeerLink | undefined;
  /** Finds out by whom something was sent here so far. */
  look(): void;
}
