import { ProtocolError } from "../errors.ts";
import { type BoundFrames, SHORT_FORMS } from "../kernel/bound_frame.ts";
import { write32 } from "../kernel/codec/plain.ts";
import type { Frame, Link, LinkListener } from "../kernel/link.ts";
import { copyTo } from "../kernel/slab.ts";

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
  /** The same of a frame that is sent; as long as one that comes when left out. */
  readonly maxSentBytes?: number | undefined;
  /** Told whenever something has come, be it a part of a frame. */
  readonly onRead?: (() => void) | undefined;
  /** Told whenever the system has taken something, be it a part of a frame; and when it takes no more. */
  readonly onWritten?: (() => void) | undefined;
  /** Called after each frame; the next waits for what this returns: who is not read has to wait with sending. */
  readonly afterFrame?: (() => Promise<void> | undefined) | undefined;
}

/** A frame longer than this closes the connection of a stranger. */
export const MAX_FRAME_BYTES: number = 64 * 1024 * 1024;
/** No frame is longer, since its length has four bytes. */
export const LONGEST_FRAME_BYTES: number = 2 ** 32 - 1;
/** For links between a program's own processes: what travels to a thread travels there, too. */
export const OWN_PROCESS: SocketLinkOptions = { maxFrameBytes: LONGEST_FRAME_BYTES };
const GONE = new Uint8Array(0);
const BUFFER_BYTES = 64 * 1024;
/** A buffer begins like this, and has its full size once more comes at a time: most links are idle mostly. */
const FIRST_BUFFER_BYTES = 2 * 1024;
const LENGTH_BYTES = 4;
/** A frame of so many bytes is neither joined with others nor read by way of a buffer; below, it fits one. */
const LARGE_BYTES = BUFFER_BYTES - LENGTH_BYTES;

/** What is written at a time: frames behind their lengths, or one that is large, by itself. */
class Piece {
  /** Whether the memory may serve again. */
  readonly isOwn: boolean;
  readonly bytes: Uint8Array;
  size: number;

  constructor(memory: number | Uint8Array) {
    this.isOwn = typeof memory === "number";
    this.bytes = typeof memory === "number" ? new Uint8Array(memory) : memory;
    this.size = typeof memory === "number" ? 0 : memory.length;
  }

  /** Adds a length, and those bytes. */
  add(length: number, bytes: Uint8Array): void {
    write32(this.bytes, this.size, length);
    copyTo(this.bytes, this.size + LENGTH_BYTES, bytes);
    this.size += LENGTH_BYTES + bytes.length;
  }
}

/**
 * A link over a stream socket: each frame is its length in four bytes, big end first, and its bytes. One write is under
 * way at a time; what is sent meanwhile goes with the next one.
 */
export class SocketLink implements Link {
  readonly direct = true;
  frames: BoundFrames | undefined;
  readonly #socket: Socket;
  readonly #maxFrameBytes: number;
  readonly #maxSentBytes: number;
  readonly #onRead: SocketLinkOptions["onRead"];
  readonly #onWritten: SocketLinkOptions["onWritten"];
  readonly #afterFrame: SocketLinkOptions["afterFrame"];
  /** How many bytes the system has taken so far. */
  written = 0;
  /** How many bytes that will be when all that was sent so far has left. */
  queued = 0;
  #listener: LinkListener | undefined;
  /** What is to be written, piece by piece. */
  #queue: Piece[] = [];
  /** Behind all that, the piece where small frames are put together. */
  #filling: Piece | undefined;
  /** Memory for the next such piece. */
  #spare: Piece | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;
  #broken = false;
  #easing: { readonly most: number; resolve(): void }[] = [];

  constructor(socket: Socket, options: SocketLinkOptions = {}) {
    this.#socket = socket;
    this.#maxFrameBytes = options.maxFrameBytes ?? MAX_FRAME_BYTES;
    this.#maxSentBytes = options.maxSentBytes ?? this.#maxFrameBytes;
    this.#onRead = options.onRead;
    this.#onWritten = options.onWritten;
    this.#afterFrame = options.afterFrame;
  }

  start(listener: LinkListener): void {
    this.#listener = listener;
    void this.#readAll(listener);
  }

  send(frame: Frame): void {
    if (this.#closed || this.#broken) return;
    const { bytes } = frame;
    if (bytes.length > this.#maxSentBytes) return this.#end(tooLong("send", bytes.length, this.#maxSentBytes));
    const { length } = bytes;
    const isLarge = length >= LARGE_BYTES;
    const piece = this.#pieceFor(isLarge ? LENGTH_BYTES : LENGTH_BYTES + length);
    piece.add(length, isLarge ? GONE : bytes);
    if (isLarge) {
      this.#seal();
      this.#queue.push(new Piece(bytes));
    }
    this.#sent(length);
  }

  get room(): Uint8Array {
    return this.#filling?.bytes ?? GONE;
  }

  reserve(most: number): number {
    if (this.#closed || this.#broken || most >= LARGE_BYTES || most > this.#maxSentBytes) return -1;
    return this.#pieceFor(LENGTH_BYTES + most).size + LENGTH_BYTES;
  }

  commit(length: number): void {
    const piece = this.#filling!;
    write32(piece.bytes, piece.size, length);
    piece.size += LENGTH_BYTES + length;
    this.#sent(length);
  }

  #sent(length: number): void {
    this.queued += LENGTH_BYTES + length;
    this.#writing ??= this.#writeAll();
  }

  /** The piece to be filled, with room for so many bytes. */
  #pieceFor(bytes: number): Piece {
    const filling = this.#filling;
    if (filling !== undefined && filling.size + bytes <= filling.bytes.length) return filling;
    const isSmall = filling === undefined && bytes <= FIRST_BUFFER_BYTES;
    this.#seal();
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined && bytes <= spare.bytes.length) return this.#filling = spare;
    return this.#filling = new Piece(isSmall ? FIRST_BUFFER_BYTES : BUFFER_BYTES);
  }

  /** Nothing more is put into the piece that was being filled. */
  #seal(): void {
    if (this.#filling !== undefined && this.#filling.size > 0) this.#queue.push(this.#filling);
    else this.#spare = this.#filling ?? this.#spare;
    this.#filling = undefined;
  }

  async flush(): Promise<void> {
    await this.#writing;
  }

  get unsent(): number {
    return this.queued - this.written;
  }

  eased(most: number): Promise<void> | undefined {
    if (this.unsent <= most) return undefined;
    return new Promise((resolve) => this.#easing.push({ most, resolve }));
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
    this.#drop();
    hangUp(this.#socket);
  }

  async #writeAll(): Promise<void> {
    // Not before this turn's end: all that it sends goes in one write.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0 || this.#filling !== undefined) {
        this.#seal();
        const pieces = this.#queue;
        this.#queue = [];
        for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
          await this.#write(piece.size === piece.bytes.length ? piece.bytes : piece.bytes.subarray(0, piece.size));
          this.#recycle(piece);
        }
      }
    } catch {
      // The other side is gone. Reading finds that out too, after the last that it had sent.
      this.#broken = true;
      this.#drop();
      this.#onWritten?.();
    }
    this.#writing = undefined;
    if (this.#closed) hangUp(this.#socket);
  }

  /** The memory of a piece that was written serves again, if it is the larger one. */
  #recycle(piece: Piece): void {
    if (!piece.isOwn || (this.#spare !== undefined && this.#spare.bytes.length > piece.bytes.length)) return;
    piece.size = 0;
    this.#spare = piece;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const written = await this.#socket.write(at === 0 ? bytes : bytes.subarray(at));
      at += written;
      this.written += written;
      this.#onWritten?.();
      if (this.#easing.length > 0) this.#ease();
    }
  }

  async #readAll(listener: LinkListener): Promise<void> {
    let buffer = new Uint8Array(FIRST_BUFFER_BYTES);
    let view = new DataView(buffer.buffer);
    let start = 0;
    let end = 0;
    while (true) {
      const read = await this.#read(end === 0 ? buffer : buffer.subarray(end));
      if (read === null) return this.#end(end > start ? truncated(end - start) : undefined);
      end += read;
      const isFull = end === buffer.length;
      while (end - start >= LENGTH_BYTES) {
        const length = view.getUint32(start);
        if (length > this.#maxFrameBytes) return this.#end(tooLong("receive", length, this.#maxFrameBytes));
        const from = start + LENGTH_BYTES;
        let bytes: Uint8Array;
        if (from + length <= end) {
          start = from + length;
          bytes = buffer;
        } else if (length < LARGE_BYTES) break;
        else {
          // Into its own memory at once: a large one is not copied.
          bytes = new Uint8Array(length);
          bytes.set(buffer.subarray(from, end));
          let at = end - from;
          start = end;
          while (at < length) {
            const read = await this.#read(bytes.subarray(at));
            if (read === null) return this.#end(truncated(LENGTH_BYTES + at));
            at += read;
          }
        }
        // Once closed it reads on while not all is written: a socket that is closed with something unread may take that
        // with it.
        if (this.#closed) continue;
        this.#give(listener, bytes, bytes === buffer ? from : 0, length);
        const wait = this.#afterFrame?.();
        if (wait !== undefined) await wait;
      }
      // The rest of a small frame has room behind its beginning.
      if (start > 0) {
        if (start < end) buffer.copyWithin(0, start, end);
        end -= start;
        start = 0;
      }
      if (isFull && buffer.length < BUFFER_BYTES) {
        const larger = new Uint8Array(BUFFER_BYTES);
        larger.set(buffer.subarray(0, end));
        buffer = larger;
        view = new DataView(buffer.buffer);
      }
    }
  }

  /** Reads some bytes; null at the end. */
  async #read(into: Uint8Array): Promise<number | null> {
    try {
      const read = await this.#socket.read(into);
      if (read !== null && !this.#closed) this.#onRead?.();
      return read;
    } catch {
      // The other side broke off, or this one closed it.
      return null;
    }
  }

  /** Nothing more is written. */
  #drop(): void {
    this.#queue = [];
    this.#filling = this.#spare = undefined;
    this.queued = this.written;
    this.#ease();
  }

  #ease(): void {
    const easing = this.#easing;
    this.#easing = easing.filter(({ most }) => this.unsent > most);
    for (const { most, resolve } of easing) if (this.unsent <= most) resolve();
  }

  /** An error in the listener is a mistake of ours, and must be heard of: nobody reads this link any more. */
  #give(listener: LinkListener, bytes: Uint8Array, start: number, length: number): void {
    try {
      const end = start + length;
      const isShort = listener.short !== undefined && length > 0 && bytes[start] <= SHORT_FORMS;
      if (isShort) listener.short!(bytes, start, end);
      // What is in the buffer makes room for others.
      else listener.frame({ bytes: length === bytes.length ? bytes : bytes.slice(start, end), moved: [] });
    } catch (error) {
      this.#end(error as Error);
      throw error;
    }
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    // Before a clean end, what was sent still arrives.
    if (error !== undefined) this.#drop();
    if (error !== undefined || this.#writing === undefined) hangUp(this.#socket);
    this.#listener?.closed(error);
  }
}

/** Closes a socket; harmless if it is closed, be it by the other side's reset. */
export function hangUp(socket: Pick<Socket, "close">): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}

function tooLong(action: string, length: number, most: number): ProtocolError {
  return new ProtocolError(`Cannot ${action} a frame: ${length} bytes are more than ${most}`);
}

function truncated(length: number): ProtocolError {
  return new ProtocolError(`Cannot receive a frame: the connection ended ${length} bytes into it`);
}
