import type { Envelope } from "../../../channels/kernel/envelope.ts";
import { decodeFrame, encodeFrame } from "../../../channels/kernel/frame.ts";
import type { Frame, Link, LinkListener } from "../../../channels/kernel/link.ts";

/** A link whose other side is the test. */
export class TestLink implements Link {
  readonly sent: Envelope[] = [];
  closed = false;
  #listener!: LinkListener;

  start(listener: LinkListener): void {
    this.#listener = listener;
  }

  send(frame: Frame): void {
    this.sent.push(decodeFrame(frame));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#listener.closed();
  }

  /** What the other side sends. */
  receive(frame: Envelope | Uint8Array): void {
    this.#listener.frame(frame instanceof Uint8Array ? { bytes: frame, moved: [] } : encodeFrame(frame));
  }
}
