import { receiveMessageOnPort } from "node:worker_threads";
import { Deque } from "../kernel/deque.ts";
import type { Frame } from "../kernel/link.ts";
import { type Bell, isDoomed, ring } from "./doorbell.ts";
import type { Beside } from "./inlet.ts";
import { copyMs, fromPosted, isHeavy, noFrame, type Posted, toPosted, transferOf } from "./posted.ts";

/*
 * The words of one direction. The sender writes the first and the receiver the second; each in a cache line of its own.
 */
const DIRECTION_BYTES = 256;
const LINE_WORDS = 32;
/** How many frames were posted. */
const POSTED = 0;
/** How many of them were received. */
const TAKEN = LINE_WORDS;
/** Whether the receiver blocks for the next frame. */
const ASK = LINE_WORDS + 1;

const NOTHING = 0;
const BLOCKED = 1;

/**
 * How long a sender blocks for a receiver that has yet to come to a frame: asleep until now, or at work; and longer than
 * that if it is a small part of what a copy takes, for which the sender would block, too.
 */
const WAKING_MS = 2;
const WORKING_MS = 0.1;
const PART_OF_COPY = 1 / 4;
/** How long a receiver blocks for a frame that its sender is just about to post. */
const POSTING_MS = 4;
const TRANSFER_MS = 64;
/** How long to block for a receiver that is just about to receive: more than it needs. */
const RECEIVING_MS = 10;

/** How much shared memory a hand-over needs for both its directions. All zeros is a new one. */
export const HAND_OVER_BYTES: number = 2 * DIRECTION_BYTES;

/**
 * The frames that go beside a ring, on a port: those that are too long for it, and those with objects that move.
 *
 * Deno keeps a buffer that is transferred, and memory that is shared, in a table of the process from when it is posted
 * until it is received: for ever, if the receiver is terminated before. So a large buffer is transferred only while the
 * receiver blocks for it at its place in the ring, and has it within microseconds. A receiver that does not come in the time
 * that a copy takes is sent a copy, which Deno frees. Whatever the receiver does, a frame has left when it has been given:
 * the sender may block for the receiver then.
 */
export class HandOver implements Beside {
  readonly #out: Int32Array<SharedArrayBuffer>;
  readonly #in: Int32Array<SharedArrayBuffer>;
  readonly #port: MessagePort;
  readonly #bell: Bell;
  readonly #immortal: boolean;
  #posted = 0;
  /** The count of those posted when the last one was handed over. */
  #handed = 0;
  #taken = 0;
  /** The bytes of each frame that the other side has yet to take, the oldest first, and of all of them. */
  readonly #waiting = new Deque<number>();
  #waitingBytes = 0;
  /** Whether the other side is to be given nothing more. */
  #over = false;

  /**
   * @param words memory that both sides share
   * @param side which of the two this is
   * @param port a port of which the other side has the other end
   * @param bell the other side's
   * @param immortal whether the other side is never terminated, and may be posted everything at once
   */
  constructor(words: Uint8Array<SharedArrayBuffer>, side: 0 | 1, port: MessagePort, bell: Bell, immortal: boolean) {
    const direction = (from: number) =>
      new Int32Array(words.buffer, words.byteOffset + from * DIRECTION_BYTES, DIRECTION_BYTES / 4);
    this.#out = direction(side);
    this.#in = direction(1 - side);
    this.#port = port;
    this.#bell = bell;
    this.#immortal = immortal;
  }

  /**
   * Gives a frame to the other side.
   *
   * @param mark puts its mark into the ring. Returns whether the other side can come to it, and whether it was woken.
   */
  give(frame: Frame, mark: () => { readonly reachable: boolean; readonly woken: boolean }): void {
    if (this.#over) return;
    if (this.#immortal || !isHeavy(frame)) {
      this.#post(toPosted(frame), this.#immortal);
      mark();
      return;
    }
    // Before the receiver blocks for it: this may take a copy.
    const posted = toPosted(frame);
    const { reachable, woken } = mark();
    const longest = copyMs(frame);
    // Memory that is shared cannot be copied, and so is nothing to block longer for.
    const part = longest < Infinity ? longest * PART_OF_COPY : 0;
    const ms = Math.min(longest, Math.max(woken ? WAKING_MS : WORKING_MS, part));
    if (reachable) Atomics.wait(this.#out, ASK, NOTHING, ms);
    const blocked = Atomics.compareExchange(this.#out, ASK, BLOCKED, NOTHING) === BLOCKED;
    // One that is about to be terminated must not be given anything that would stay behind.
    this.#post(posted, blocked && !isDoomed(this.#bell));
    if (blocked) this.#handed = this.#posted;
    // It sleeps if it was not there yet, and if posting took longer than it has blocked.
    ring(this.#bell);
  }

  /** How many bytes the other side has yet to take. */
  get unsent(): number {
    return this.#unsentSince(Atomics.load(this.#out, TAKEN));
  }

  /** Resolves when no more bytes than these wait, or none ever will; undefined if that is so by the time this returns. */
  eased(most: number): Promise<void> | undefined {
    return this.#over || this.unsent <= most ? undefined : this.#ease(most);
  }

  async #ease(most: number): Promise<void> {
    while (!this.#over) {
      const taken = Atomics.load(this.#out, TAKEN);
      if (this.#unsentSince(taken) <= most) return;
      await Atomics.waitAsync(this.#out, TAKEN, taken).value;
    }
  }

  #unsentSince(taken: number): number {
    while (this.#waiting.size > (this.#posted - taken | 0)) this.#waitingBytes -= this.#waiting.shift()!;
    return this.#waitingBytes;
  }

  /** Whether there is a frame to take. */
  get ready(): boolean {
    return Atomics.load(this.#in, POSTED) !== this.#taken;
  }

  /**
   * Takes the next frame, whose mark is in the ring; undefined if it has yet to come.
   *
   * @throws {ProtocolError} If what was posted is none.
   */
  take(): Frame | undefined {
    if (!this.ready && !this.#ask()) return undefined;
    const received = receiveMessageOnPort(this.#port as never) as { message: unknown } | undefined;
    Atomics.store(this.#in, TAKEN, this.#taken = this.#taken + 1 | 0);
    Atomics.notify(this.#in, TAKEN);
    const frame = fromPosted(received?.message);
    if (frame === undefined) throw noFrame();
    return frame;
  }

  /** The other side is about to be terminated. What it is just receiving it still receives. */
  doom(): void {
    this.#end();
    const taken = Atomics.load(this.#out, TAKEN);
    if ((taken - this.#handed | 0) < 0) Atomics.wait(this.#out, TAKEN, taken, RECEIVING_MS);
  }

  /** The other side is dead: what it has posted can be taken, and nothing else. */
  markDead(): void {
    this.#end();
  }

  /** Drops everything. */
  close(): void {
    this.#end();
    this.#port.close();
  }

  /** Nobody waits any longer for the other side to take something. */
  #end(): void {
    this.#over = true;
    Atomics.notify(this.#out, TAKEN);
  }

  /** Blocks for the next frame. Returns whether it has come. */
  #ask(): boolean {
    if (this.#over) return false;
    Atomics.store(this.#in, ASK, BLOCKED);
    Atomics.notify(this.#in, ASK);
    Atomics.wait(this.#in, POSTED, this.#taken, POSTING_MS);
    if (Atomics.compareExchange(this.#in, ASK, BLOCKED, NOTHING) !== BLOCKED) {
      // It is just being posted.
      Atomics.wait(this.#in, POSTED, this.#taken, TRANSFER_MS);
    }
    return this.ready;
  }

  #post(posted: Posted, moving: boolean): void {
    const { byteLength } = posted.bytes;
    this.#port.postMessage(posted, transferOf(posted, moving));
    Atomics.store(this.#out, POSTED, this.#posted = this.#posted + 1 | 0);
    Atomics.notify(this.#out, POSTED);
    // Those that were taken meanwhile are forgotten.
    this.#unsentSince(Atomics.load(this.#out, TAKEN));
    this.#waiting.push(byteLength);
    this.#waitingBytes += byteLength;
  }
}
