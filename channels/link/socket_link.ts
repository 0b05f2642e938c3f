import { ProtocolError } from "../errors.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";

/** What a socket must do. */
export interface Socket {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** What bounds a link. */
export interface SocketLinkOptions {
  /** A frame longer than this closes the connection; 64 MiB when left out. */
  readonly maxFrameBytes?: number | undefined;
  /** Told whenever something has come, be it a part of a frame. */
  readonly onRead?: (() => void) | undefined;
  /** Called before each frame is given, which waits for what this returns: who is not read has to wait with sending. */
  readonly beforeFrame?: (() => Promise<void> | undefined) | undefined;
}

/** A frame longer than this closes the connection of a stranger. */
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024;
/** For links between a program's own processes: what travels to a thread travels there, too. */
export const OWN_PROCESS: SocketLinkOptions = { maxFrameBytes: 2 ** 32 - 1 };
const READ_BYTES = 64 * 1024;
const LENGTH_BYTES = 4;

/**
 * A link over a stream socket: each frame is its length in four bytes, big end first, and its bytes. One write is under
 * way at a time; what is sent meanwhile goes with the next one.
 */
export class SocketLink implements Link {
  readonly #socket: Socket;
  readonly #maxFrameBytes: number;
  readonly #onRead: SocketLinkOptions["onRead"];
  readonly #beforeFrame: SocketLinkOptions["beforeFrame"];
  #listener: LinkListener | undefined;
  #queue: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;
  #broken = false;

  constructor(socket: Socket, { maxFrameBytes = MAX_FRAME_BYTES, onRead, beforeFrame }: SocketLinkOptions = {}) {
    this.#socket = socket;
    this.#maxFrameBytes = maxFrameBytes;
    this.#onRead = onRead;
    this.#beforeFrame = beforeFrame;
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    void this.#readAll(listener);
  }

  send(frame: Frame): void {
    if (this.#closed || this.#broken) return;
    const { bytes } = frame;
    if (bytes.length > this.#maxFrameBytes) return this.#end(tooLong("send", bytes.length, this.#maxFrameBytes));
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

  /** Whether nothing that is sent can arrive any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Ends the link here and now; what has not left by then is lost. */
  abort(error: Error = new Error("The connection was broken off")): void {
    if (!this.#closed) return this.#end(error);
    this.#queue = [];
    this.#release();
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
    } catch {
      // The other side is gone. Reading finds that out too, after the last that it had sent.
      this.#broken = true;
      this.#queue = [];
    }
    this.#writing = undefined;
    if (this.#closed) this.#release();
  }

  async #readAll(listener: LinkListener): Promise<void> {
    let buffer = new Uint8Array(READ_BYTES);
    let start = 0;
    let end = 0;
    while (true) {
      let read: number | null;
      try {
        read = await this.#socket.read(buffer.subarray(end));
      } catch {
        // The other side broke off, or this one closed it.
        read = null;
      }
      if (read === null) return this.#end(end > start ? truncated(end - start) : undefined);
      if (this.#closed) {
        // Not all is written yet, and a socket that is closed with something unread may take that with it.
        start = end = 0;
        continue;
      }
      end += read;
      this.#onRead?.();
      let needed = LENGTH_BYTES;
      while (end - start >= LENGTH_BYTES) {
        const length = new DataView(buffer.buffer, start).getUint32(0);
        if (length > this.#maxFrameBytes) return this.#end(tooLong("receive", length, this.#maxFrameBytes));
        needed = LENGTH_BYTES + length;
        if (end - start < needed) break;
        const bytes = buffer.slice(start + LENGTH_BYTES, start + needed);
        start += needed;
        needed = LENGTH_BYTES;
        const wait = this.#beforeFrame?.();
        if (wait !== undefined) await wait;
        if (!this.#closed) this.#give(listener, { bytes, moved: [] });
        if (this.#closed) start = end;
      }
      if (start === end) {
        start = end = 0;
        // Not kept for all time at the size of the largest frame ever.
        if (buffer.length > 2 * READ_BYTES) buffer = new Uint8Array(READ_BYTES);
      }
      if (start + needed > buffer.length || end === buffer.length) {
        const next = needed > buffer.length ? new Uint8Array(needed + READ_BYTES) : buffer;
        next.set(buffer.subarray(start, end));
        buffer = next;
        end -= start;
        start = 0;
      }
    }
  }

  /** An error in the listener is a mistake of ours, and must be heard of: nobody reads this link any more. */
  #give(listener: LinkListener, frame: Frame): void {
    try {
      listener.frame(frame);
    } catch (error) {
      this.#end(error as Error);
      throw error;
    }
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before a clean end, what was sent still arrives.
    if (error !== undefined) this.#queue = [];
    if (error !== undefined || this.#writing === undefined) this.#release();
    this.#listener?.closed(error);
  }

  #release(): void {
    try {
      this.#socket.close();
    } catch {
      // It was closed by the other side's reset.
    }
  }
}

function tooLong(action: string, length: number, most: number): ProtocolError {
  return new ProtocolError(`Cannot ${action} a frame: ${length} bytes are more than ${most}`);
}

function truncated(length: number): ProtocolError {
  return new ProtocolError(`Cannot receive a frame: the connection ended ${length} bytes into it`);
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
