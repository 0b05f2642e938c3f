import { ProtocolError } from "../errors.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";

/** What a socket must do. */
export interface Socket {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** A frame longer than this closes the connection. */
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024;
const READ_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;

/**
 * A link over a stream socket: each frame is its length in four bytes, big end first, and its bytes. One write is under
 * way at a time; what is sent meanwhile goes with the next one.
 */
export class SocketLink implements Link {
  readonly #socket: Socket;
  #listener: LinkListener | undefined;
  #queue: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;
  #broken = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    void this.#readAll();
  }

  send(frame: Frame): void {
    if (this.#closed || this.#broken) return;
    const { bytes } = frame;
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, bytes.length);
    this.#queue.push(length, bytes);
    this.#writing ??= this.#writeAll();
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  close(): void {
    this.#end();
  }

  async #writeAll(): Promise<void> {
    // Not before this turn's end: all that it sends goes in one write.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        const bytes = join(this.#queue);
        this.#queue = [];
        for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
      }
      this.#writing = undefined;
    } catch {
      // The other side is gone. Reading finds that out too, after the last that it had sent.
      this.#broken = true;
      this.#queue = [];
    }
  }

  async #readAll(): Promise<void> {
    let buffer = new Uint8Array(READ_BYTES);
    let start = 0;
    let end = 0;
    try {
      while (true) {
        const read = await this.#socket.read(buffer.subarray(end));
        if (read === null || this.#closed) return this.#end();
        end += read;
        let needed = LENGTH_BYTES;
        while (end - start >= LENGTH_BYTES) {
          const length = new DataView(buffer.buffer, start).getUint32(0);
          if (length > MAX_FRAME_BYTES) {
            throw new ProtocolError(`Cannot receive a frame: ${length} bytes are more than ${MAX_FRAME_BYTES}`);
          }
          needed = LENGTH_BYTES + length;
          if (end - start < needed) break;
          this.#listener!.frame({ bytes: buffer.slice(start + LENGTH_BYTES, start + needed), moved: [] });
          if (this.#closed) return;
          start += needed;
          needed = LENGTH_BYTES;
        }
        if (start === end) start = end = 0;
        if (start + needed > buffer.length || end === buffer.length) {
          const next = needed > buffer.length ? new Uint8Array(needed + READ_BYTES) : buffer;
          next.set(buffer.subarray(start, end));
          buffer = next;
          end -= start;
          start = 0;
        }
      }
    } catch (error) {
      this.#end(error instanceof ProtocolError ? error : undefined);
    }
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#socket.close();
    } catch {
      // It was closed by the other side's reset.
    }
    this.#listener?.closed(error);
  }
}

function join(chunks: Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0];
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
