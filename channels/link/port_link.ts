import { ProtocolError } from "../errors.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import type { Carried } from "../kernel/packet.ts";

/** What both ends of a worker thread have: a way to post and a way to hear. */
export interface Port {
  // deno-lint-ignore no-explicit-any -- the two runtimes' types of what can be transferred differ
  postMessage(message: unknown, transfer: any[]): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
}

/**
 * A frame as it is posted. Its bytes are a plain buffer: Deno looks for ports in all that comes from a thread of
 * `node:worker_threads`, and of a typed array it looks at every element, which costs 7 s for 16 MiB.
 */
interface Posted {
  readonly bytes: ArrayBuffer;
  readonly moved: readonly Carried[];
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
    const posted: Posted[] = [];
    const transfer: Transferable[] = [];
    for (const { bytes, moved } of frames) {
      const buffer = bufferOf(bytes);
      posted.push({ bytes: buffer, moved });
      if (buffer.byteLength > MOVE_BYTES) transfer.push(buffer);
      for (const object of moved) if (!(object instanceof SharedArrayBuffer)) transfer.push(object as Transferable);
    }
    this.#port.postMessage(posted, transfer);
  }

  #receive(message: unknown): void {
    // The code of a thread may post what it likes.
    if (!Array.isArray(message)) return this.#refuse();
    for (const posted of message) {
      if (this.#closed) return;
      if (!isPosted(posted)) return this.#refuse();
      this.#listener!.frame({ bytes: new Uint8Array(posted.bytes), moved: posted.moved });
    }
  }

  #refuse(): void {
    this.#end(new ProtocolError("Cannot receive a frame: what the thread posted is none"));
  }
}

function isPosted(value: unknown): value is Posted {
  if (typeof value !== "object" || value === null) return false;
  const { bytes, moved } = value as Partial<Posted>;
  return bytes instanceof ArrayBuffer && Array.isArray(moved);
}

/** The memory of `bytes` and no more. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer } = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  return buffer as ArrayBuffer;
}
