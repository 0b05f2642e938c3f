import type { BoundFrames } from "../kernel/bound_frame.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { fromPosted, noFrame, toPosted, transferOf } from "./posted.ts";

/** What both ends of a worker thread have: a way to post and a way to hear. */
export interface Port {
  /** `transfer` has no type: those of the two runtimes differ. */
  postMessage(message: unknown, transfer: never[]): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
}

/**
 * A link between threads of one process over `postMessage`. All frames of one turn go in one message.
 *
 * A worker thread drops what arrives before anybody listens, so the side in the thread makes its link first, and the
 * other side must not send before it has heard from it.
 */
export class PortLink implements Link {
  readonly direct = true;
  frames: BoundFrames | undefined;
  /** Resolves when the other side has said that it listens. */
  readonly heard: Promise<void>;
  #hear!: () => void;
  readonly #port: Port;
  #listener: LinkListener | undefined;
  #early: unknown[] = [];
  #batch: Frame[] = [];
  #closed = false;

  constructor(port: Port) {
    this.#port = port;
    this.heard = new Promise((resolve) => this.#hear = resolve);
    port.on("message", (message) => {
      this.#hear();
      if (this.#listener === undefined) this.#early.push(message);
      else this.#receive(message);
    });
  }

  /** Says to the other side that this one listens. */
  hail(): void {
    this.#port.postMessage([], []);
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    for (const message of this.#early.splice(0)) this.#receive(message);
  }

  send(frame: Frame): void {
    if (this.#closed) return;
    if (this.#batch.push(frame) === 1) queueMicrotask(() => this.#post());
  }

  flush(): undefined {
    this.#post();
  }

  close(): void {
    this.#end();
  }

  /** The other side is about to be terminated: Deno gives it nothing more. */
  doom(): void {}

  /** The other side is dead, and the port has given what it had still sent. */
  drain(): void {
    this.#end();
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#post();
    this.#closed = true;
    this.#listener?.closed(error);
  }

  #post(): void {
    const frames = this.#batch;
    if (frames.length === 0) return;
    this.#batch = [];
    const posted = frames.map(toPosted);
    // Deno never frees a buffer that was transferred to a thread that is terminated before it has received it.
    this.#port.postMessage(posted, posted.flatMap((frame) => transferOf(frame, false)) as never[]);
  }

  #receive(message: unknown): void {
    if (!Array.isArray(message)) return this.#end(noFrame());
    for (const posted of message) {
      if (this.#closed) return;
      const frame = fromPosted(posted);
      if (frame === undefined) return this.#end(noFrame());
      this.#listener!.frame(frame);
    }
  }
}
