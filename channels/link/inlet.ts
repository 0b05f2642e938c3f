import { Deque } from "../kernel/deque.ts";
import type { Frame } from "../kernel/link.ts";
import type { RingReader } from "./ring.ts";

const NOTHING: readonly never[] = [];

/** Another way, by which the frames come that have only a mark in the ring. */
export interface Beside {
  /** Whether it may have a frame that it had not before. */
  readonly ready: boolean;
  /** Takes the next one, if it is there. */
  take(): Frame | undefined;
}

/** Frames that have come by another way, and their places in the ring have not been reached. */
export class Arrived implements Beside {
  readonly #frames = new Deque<Frame>();

  get ready(): boolean {
    return this.#frames.size > 0;
  }

  take(): Frame | undefined {
    return this.#frames.shift();
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
  }
}

/** The receiving side of a ring, and of what comes by another way: it stops at such a frame's place until it is there. */
export class Inlet {
  readonly #reader: RingReader;
  readonly #beside: Beside;
  #stopped = false;

  constructor(reader: RingReader, beside: Beside) {
    this.#reader = reader;
    this.#beside = beside;
  }

  /** Whether there may be a frame to read. */
  get waiting(): boolean {
    return this.#stopped ? this.#beside.ready : this.#reader.waiting;
  }

  /** Whether it is at the place of a frame that has yet to come by another way. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Takes the next frame, if there is one, or the end.
   *
   * @throws {ProtocolError} If what is there is no frame.
   */
  read(): Frame | "end" | undefined {
    const bytes = this.#reader.read(false);
    if (bytes === undefined || bytes === "end") return bytes;
    if (bytes !== "elsewhere") return { bytes, moved: NOTHING };
    const frame = this.#beside.take();
    this.#stopped = frame === undefined;
    if (frame !== undefined) this.#reader.read(true);
    return frame;
  }

  /** Gives the room of what was read back. Returns whether the writer waits for it, and has to be woken. */
  release(): boolean {
    return this.#reader.release();
  }

  /** From now on nobody reads. */
  abandon(): void {
    this.#reader.abandon();
  }
}
