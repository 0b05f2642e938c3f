import type { Frame, Link, LinkListener } from "../kernel/link.ts";

/** What both ends of a worker thread have: a way to post and a way to hear. */
export interface Port {
  // deno-lint-ignore no-explicit-any -- the two runtimes' types of what can be transferred differ
  postMessage(message: unknown, transfer: any[]): void;
  on(event: "message", listener: (message: Frame[]) => void): unknown;
}

/** Up to this size a copy is cheaper than moving the buffer. */
const MOVE_BYTES = 16_384;

/**
 * A link between threads of one process over `postMessage`. All frames of one turn go in one message.
 *
 * A worker thread drops what arrives before anybody listens, so the side in the thread makes its link first, and the
 * other side must not send before it has heard from it.
 */
export class PortLink implements Link {
  /** Resolves when the other side has said that it listens. */
  readonly heard: Promise<void>;
  #hear!: () => void;
  readonly #port: Port;
  #listener: LinkListener | undefined;
  #early: Frame[] = [];
  #batch: Frame[] = [];
  #closed = false;

  constructor(port: Port) {
    this.#port = port;
    this.heard = new Promise((resolve) => this.#hear = resolve);
    port.on("message", (frames) => {
      this.#hear();
      this.#receive(frames);
    });
  }

  /** Says to the other side that this one listens. */
  hail(): void {
    this.#port.postMessage([], []);
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    const early = this.#early;
    this.#early = [];
    this.#receive(early);
  }

  send(frame: Frame): void {
    if (this.#closed) return;
    if (this.#batch.push(frame) === 1) queueMicrotask(() => this.#post());
  }

  flush(): Promise<void> {
    this.#post();
    return Promise.resolve();
  }

  close(): void {
    if (this.#closed) return;
    this.#post();
    this.#closed = true;
    this.#listener?.closed();
  }

  #post(): void {
    const frames = this.#batch;
    if (frames.length === 0) return;
    this.#batch = [];
    const transfer: Transferable[] = [];
    for (const { bytes, moved } of frames) {
      if (bytes.byteLength > MOVE_BYTES && bytes.byteLength === bytes.buffer.byteLength) {
        transfer.push(bytes.buffer as ArrayBuffer);
      }
      for (const object of moved) if (!(object instanceof SharedArrayBuffer)) transfer.push(object as Transferable);
    }
    this.#port.postMessage(frames, transfer);
  }

  #receive(frames: Frame[]): void {
    if (this.#listener === undefined) {
      this.#early.push(...frames);
      return;
    }
    for (const frame of frames) if (!this.#closed) this.#listener.frame(frame);
  }
}
