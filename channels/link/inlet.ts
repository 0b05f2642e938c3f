import { Deque } from "../kernel/deque.ts";
import type { Frame } from "../kernel/link.ts";
import type { RingReader } from "./ring.ts";

const NOTHING: readonly never[] = [];

/** The receiving side of a ring, and of what comes by another way: it stops at such a frame's place until it is there. */
export class Inlet {
  readonly #reader: RingReader;
  /** What has come by another way, and its place in the ring has not been reached. */
  readonly #arrived = new Deque<Frame>();
  #stopped = false;

  constructor(reader: RingReader) {
    this.#reader = reader;
  }

  /** Whether there is a frame to read. */
  get waiting(): boolean {
    return !this.#stopped && this.#reader.waiting;
  }

  /** Takes a frame that came by another way. */
  arrive(frame: Frame): void {
    this.#arrived.push(frame);
    this.#stopped = false;
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
    const bytes = this.#reader.read(this.#arrived.size > 0);
    if (bytes === undefined || bytes === "end") return bytes;
    if (bytes !== "elsewhere") return { bytes, moved: NOTHING };
    const frame = this.#arrived.shift();
    this.#stopped = frame === undefined;
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
