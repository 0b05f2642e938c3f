import { Deque } from "../kernel/deque.ts";
import { SHORT_FORMS } from "../kernel/bound_frame.ts";
import type { Frame, LinkListener } from "../kernel/link.ts";
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
   * Gives the next frame to a listener, if there is one. Returns whether there was, or that it was the end.
   *
   * @throws {ProtocolError} If what is there is no frame.
   */
  give(listener: LinkListener): boolean | "end" {
    const reader = this.#reader;
    const bytes = reader.read(false, listener.short === undefined ? -1 : SHORT_FORMS);
    if (bytes === undefined) return false;
    if (bytes === "end") return "end";
    if (bytes === "in place") listener.short!(reader.memory, reader.start, reader.end);
    else if (bytes !== "elsewhere") listener.frame({ bytes, moved: NOTHING });
    else {
      const frame = this.#beside.take();
      this.#stopped = frame === undefined;
      if (frame === undefined) return false;
      reader.read(true);
      listener.frame(frame);
    }
    return true;
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
