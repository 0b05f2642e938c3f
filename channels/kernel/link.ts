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
  /** Starts giving frames to the listener; those that came earlier are kept for it. */
  start(listener: LinkListener): void;
  /** Takes a frame for sending, never blocks, never throws. */
  send(frame: Frame): void;
  /** The same, of a link that would only make an envelope of the frame again; left out by all others. */
  post?(envelope: Envelope): void;
  /** Resolves when everything sent so far has left this isolate. */
  flush(): Promise<void>;
  /** Ends the link. */
  close(): void;
}
