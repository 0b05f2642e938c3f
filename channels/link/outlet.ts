import { Deque } from "../kernel/deque.ts";
import { type Bell, doorbell, ring } from "./doorbell.ts";
import type { Mark, RingWriter } from "./ring.ts";

/** What is written to a ring at once. */
interface Piece {
  readonly bytes: Uint8Array | Mark;
  readonly more: boolean;
}

/** The sending side of a ring. What finds the ring full waits here. */
export class Outlet {
  readonly #writer: RingWriter;
  readonly #bell: Bell;
  readonly #unsent = new Deque<Piece>();
  #flushed: PromiseWithResolvers<void> | undefined;
  #bytes = 0;
  #easing: { readonly most: number; resolve(): void }[] = [];

  /** @param bell the reader's */
  constructor(writer: RingWriter, bell: Bell) {
    this.#writer = writer;
    this.#bell = bell;
  }

  /** Whether everything is in the ring. */
  get empty(): boolean {
    return this.#unsent.size === 0;
  }

  /** Whether something waits for room, and there may be some now. */
  get due(): boolean {
    return !this.empty && this.#writer.unblocked;
  }

  /** Whether nobody reads any more. */
  get abandoned(): boolean {
    return this.#writer.abandoned;
  }

  /** Whether a frame of so many bytes fits in one piece. */
  takes(length: number): boolean {
    return length <= this.#writer.longest;
  }

  /** The memory that `reserve` gives places in. */
  get bytes(): Uint8Array {
    return this.#writer.bytes;
  }

  /** Where a frame of at most so many bytes may be written to, to be sent by `commit`; -1 if that cannot be. */
  reserve(most: number): number {
    return this.empty ? this.#writer.reserve(most) : -1;
  }

  /** Sends what was written to the room that was reserved last. */
  commit(length: number): void {
    this.#writer.commit(length);
    doorbell.sent(ring(this.#bell));
  }

  /** Sends a frame, in pieces if it is long, or a mark. Returns whether the reader slept, and has been woken. */
  send(bytes: Uint8Array | Mark): boolean {
    if (typeof bytes === "string" || this.takes(bytes.length)) this.#put(bytes, false);
    else {
      const step = this.#writer.longest;
      for (let at = 0; at < bytes.length; at += step) {
        this.#put(bytes.subarray(at, at + step), at + step < bytes.length);
      }
    }
    const rang = ring(this.#bell);
    doorbell.sent(rang);
    return rang;
  }

  /** Writes what waits, as far as there is room by now. */
  resend(): void {
    if (this.empty) return;
    for (let piece = this.#unsent.peek(); piece !== undefined; piece = this.#unsent.peek()) {
      if (!this.#writer.write(piece.bytes, piece.more)) break;
      this.#unsent.shift();
      this.#bytes -= piece.bytes.length;
    }
    if (this.#easing.length > 0) this.#ease();
    if (this.empty) this.#settle();
    else this.#writer.awaitRoom();
    this.wake();
  }

  /** Makes the reader look. */
  wake(): void {
    ring(this.#bell);
  }

  /** Resolves when everything sent so far is in the ring, or never will be; undefined if it is by the time this returns. */
  flush(): Promise<void> | undefined {
    // Who is about to block has nobody else to do it.
    this.resend();
    if (this.empty) return undefined;
    this.#flushed ??= Promise.withResolvers();
    return this.#flushed.promise;
  }

  /** Drops what waits. */
  clear(): void {
    this.#unsent.clear();
    this.#bytes = 0;
    this.#ease();
    this.#settle();
  }

  /** How many bytes wait for room. */
  get unsent(): number {
    return this.#bytes;
  }

  /** Resolves when no more bytes than these wait; undefined if that is so by the time this returns. */
  eased(most: number): Promise<void> | undefined {
    if (this.#bytes <= most) return undefined;
    return new Promise((resolve) => this.#easing.push({ most, resolve }));
  }

  #ease(): void {
    const easing = this.#easing;
    this.#easing = easing.filter(({ most }) => this.#bytes > most);
    for (const { most, resolve } of easing) if (this.#bytes <= most) resolve();
  }

  #put(bytes: Uint8Array | Mark, more: boolean): void {
    if (this.empty && this.#writer.write(bytes, more)) return;
    this.#unsent.push({ bytes, more });
    this.#bytes += bytes.length;
    if (this.#unsent.size === 1) this.#writer.awaitRoom();
  }

  #settle(): void {
    this.#flushed?.resolve();
    this.#flushed = undefined;
  }
}
