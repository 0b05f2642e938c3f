import { ProtocolError } from "../errors.ts";
import { copied } from "../kernel/slab.ts";

/*
 * The memory of a ring: a header, then the frames. What both threads read and write has a cache line of its own (two, as
 * processors fetch them in pairs).
 */
const LINE_WORDS = 32;
const WORD_BYTES = 4;
const LINES = 4;
const HEADER_BYTES = LINES * LINE_WORDS * WORD_BYTES;

/** How many bytes were ever written; the position is this modulo the area's size, a power of two. */
const HEAD = 0;
/** How many bytes were ever read. */
const TAIL = 1;
/** 1 while the writer waits for room. */
const BLOCKED = 2;
/** 1 when nobody reads any more. */
const ABANDONED = 3;

/*
 * A frame is its length in one word, then its bytes, up to a whole word. It never runs over the area's end. A long one may
 * come in pieces.
 */
/** In place of a length: the next frame is at the area's start. */
const SKIP = -1;
/** In place of a length: the next frame comes by another way. */
const ELSEWHERE = -2;
/** In place of a length: nothing follows. */
const END = -3;
/** In place of a length, less that length: a piece of a frame, of which more follows. */
const PIECE = -4;

/** What may be in a ring in place of a frame: one that comes by another way, or the end of all. */
export type Mark = "elsewhere" | "end";

/** Memory for one ring. All zeros is an empty one. */
export type RingMemory = Uint8Array<SharedArrayBuffer>;

/** How many bytes of memory a ring needs for `capacity` bytes of frames, a power of two. */
export function ringSize(capacity: number): number {
  return HEADER_BYTES + capacity;
}

/** The words and bytes of one ring. */
class Ring {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly capacity: number;
  readonly #control: Int32Array<SharedArrayBuffer>;

  constructor({ buffer, byteOffset, byteLength }: RingMemory) {
    this.capacity = byteLength - HEADER_BYTES;
    const start = byteOffset + HEADER_BYTES;
    this.words = new Int32Array(buffer, start, this.capacity / WORD_BYTES);
    this.bytes = new Uint8Array(buffer, start, this.capacity);
    this.#control = new Int32Array(buffer, byteOffset, LINES * LINE_WORDS);
  }

  load(line: number): number {
    return Atomics.load(this.#control, line * LINE_WORDS);
  }

  store(line: number, value: number): void {
    Atomics.store(this.#control, line * LINE_WORDS, value);
  }

  /** Whether the flag was set; from now on it is not. */
  take(line: number): boolean {
    return this.load(line) !== 0 && Atomics.exchange(this.#control, line * LINE_WORDS, 0) !== 0;
  }
}

/**
 * The end of a ring that frames are written to.
 *
 * A frame is visible whole or not at all, whatever instant its writer dies: nothing before the store of the head is.
 */
export class RingWriter {
  /** A longer frame goes elsewhere: it would keep too much of the ring from others. */
  readonly longest: number;
  readonly #ring: Ring;
  #head: number;
  /** As last seen: the reader may have come further. */
  #tail: number;
  /** How many bytes are left free at the area's end by the frame for which there was room last. */
  #skipped = 0;

  constructor(memory: RingMemory) {
    this.#ring = new Ring(memory);
    this.#head = this.#ring.load(HEAD);
    this.#tail = this.#ring.load(TAIL);
    this.longest = this.#ring.capacity / 4 - WORD_BYTES;
  }

  /**
   * Writes a frame, or a mark. False if there is no room.
   *
   * @param more whether this is a piece of a frame, of which more follows
   */
  write(frame: Uint8Array | Mark, more: boolean = false): boolean {
    const ring = this.#ring;
    const length = typeof frame === "string" ? 0 : frame.length;
    const size = WORD_BYTES + (length + 3 & ~3);
    let at = this.#head & ring.capacity - 1;
    const skipped = size > ring.capacity - at ? ring.capacity - at : 0;
    if (!this.#hasRoom(skipped + size)) return false;
    if (skipped > 0) {
      ring.words[at >> 2] = SKIP;
      at = 0;
    }
    if (typeof frame === "string") ring.words[at >> 2] = frame === "end" ? END : ELSEWHERE;
    else {
      ring.bytes.set(frame, at + WORD_BYTES);
      ring.words[at >> 2] = more ? PIECE - length : length;
    }
    this.#head = this.#head + skipped + size | 0;
    ring.store(HEAD, this.#head);
    return true;
  }

  /**
   * Room for one frame of at most `most` bytes: where it begins in `bytes`; -1 if there is none, or if it is too long for
   * one piece. What is written there becomes a frame by `commit`, and is nothing until then.
   */
  reserve(most: number): number {
    if (most > this.longest) return -1;
    const { capacity } = this.#ring;
    const size = WORD_BYTES + (most + 3 & ~3);
    const at = this.#head & capacity - 1;
    this.#skipped = size > capacity - at ? capacity - at : 0;
    if (!this.#hasRoom(this.#skipped + size)) return -1;
    return (this.#skipped > 0 ? 0 : at) + WORD_BYTES;
  }

  /** Sends what was written to the room that was reserved last: so many bytes of it. */
  commit(length: number): void {
    const ring = this.#ring;
    let at = this.#head & ring.capacity - 1;
    if (this.#skipped > 0) {
      ring.words[at >> 2] = SKIP;
      at = 0;
    }
    ring.words[at >> 2] = length;
    this.#head = this.#head + this.#skipped + WORD_BYTES + (length + 3 & ~3) | 0;
    ring.store(HEAD, this.#head);
  }

  /** The memory that `reserve` gives places in. */
  get bytes(): Uint8Array {
    return this.#ring.bytes;
  }

  /** Asks the reader for a sign as soon as there is more room. */
  awaitRoom(): void {
    this.#ring.store(BLOCKED, 1);
  }

  /** Whether the sign that was asked for has been given, or need not be waited for. */
  get unblocked(): boolean {
    return this.#ring.load(BLOCKED) === 0 || this.#ring.load(TAIL) !== this.#tail || this.abandoned;
  }

  /** Whether nobody reads any more. */
  get abandoned(): boolean {
    return this.#ring.load(ABANDONED) !== 0;
  }

  #hasRoom(size: number): boolean {
    const most = this.#ring.capacity - size;
    if ((this.#head - this.#tail | 0) <= most) return true;
    this.#tail = this.#ring.load(TAIL);
    return (this.#head - this.#tail | 0) <= most;
  }
}

/** The end of a ring that frames are read from. */
export class RingReader {
  /** Where the frame is that was left in place. */
  start = 0;
  end = 0;
  readonly #ring: Ring;
  /** What has come of a frame in pieces. */
  #pieces: Uint8Array[] = [];
  #tail: number;
  /** As last seen: the writer may have come further. */
  #head: number;
  /** The tail that the writer knows of. */
  #told: number;

  constructor(memory: RingMemory) {
    this.#ring = new Ring(memory);
    this.#tail = this.#head = this.#told = this.#ring.load(TAIL);
  }

  /** Whether there is a frame to read. */
  get waiting(): boolean {
    return this.#ring.load(HEAD) !== this.#tail;
  }

  /**
   * Takes the next frame: a private copy of its bytes, or a mark, or undefined if there is nothing. A frame that begins
   * with a byte up to `inPlace` is left in `memory`, from `start` to `end`, until the next is taken.
   *
   * @param elsewhere whether one that comes by another way is there; else it is left where it is
   * @throws {ProtocolError} If what is there is no frame.
   */
  read(elsewhere: boolean, inPlace: number = -1): Uint8Array | Mark | "in place" | undefined {
    const ring = this.#ring;
    while (true) {
      if (this.#tail === this.#head) {
        this.#head = ring.load(HEAD);
        if (this.#tail === this.#head) return undefined;
      }
      const at = this.#tail & ring.capacity - 1;
      const word = ring.words[at >> 2];
      if (word === SKIP) {
        this.#advance(ring.capacity - at);
        continue;
      }
      if (word === ELSEWHERE) {
        if (elsewhere) this.#advance(WORD_BYTES);
        return "elsewhere";
      }
      if (word === END) {
        this.#advance(WORD_BYTES);
        return "end";
      }
      const length = word < 0 ? PIECE - word : word;
      const size = WORD_BYTES + (length + 3 & ~3);
      if (length < 0 || size > ring.capacity - at) {
        throw new ProtocolError("Cannot receive a frame: the ring is damaged");
      }
      const start = at + WORD_BYTES;
      this.#advance(size);
      if (word > 0 && ring.bytes[start] <= inPlace && this.#pieces.length === 0) {
        this.start = start;
        this.end = start + length;
        return "in place";
      }
      const bytes = copied(ring.bytes, start, start + length);
      if (word < 0) this.#pieces.push(bytes);
      else return this.#pieces.length === 0 ? bytes : this.#join(bytes);
    }
  }

  /** What frames are left in. */
  get memory(): Uint8Array {
    return this.#ring.bytes;
  }

  /** Gives the room of what was read back. Returns whether the writer waits for it, and has to be woken. */
  release(): boolean {
    if (this.#told !== this.#tail) {
      this.#told = this.#tail;
      this.#ring.store(TAIL, this.#tail);
    }
    return this.#ring.take(BLOCKED);
  }

  /** From now on nobody reads. */
  abandon(): void {
    this.#ring.store(ABANDONED, 1);
  }

  #join(last: Uint8Array): Uint8Array {
    const pieces = [...this.#pieces, last];
    this.#pieces = [];
    const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  #advance(by: number): void {
    this.#tail = this.#tail + by | 0;
    if ((this.#head - this.#tail | 0) < 0) throw new ProtocolError("Cannot receive a frame: the ring is damaged");
  }
}
