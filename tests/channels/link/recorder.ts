import type { Frame, LinkListener } from "../../../channels/kernel/link.ts";

/** Notes what a link tells, and can be waited for. */
export class Recorder implements LinkListener {
  readonly frames: Frame[] = [];
  /** One entry for each time it was told that the link has closed. */
  readonly ends: (Error | undefined)[] = [];
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #waiting: { count: number; resolve: () => void } | undefined;

  frame(frame: Frame): void {
    if (this.ends.length > 0) throw new Error("A frame came after the end");
    this.frames.push(frame);
    if (this.#waiting !== undefined && this.frames.length >= this.#waiting.count) this.#waiting.resolve();
  }

  closed(error?: Error): void {
    this.ends.push(error);
    this.#closed.resolve(error);
  }

  /** Resolves when the link has closed, with its error. */
  get end(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** The bytes of the frames so far, as numbers. */
  get bytes(): number[][] {
    return this.frames.map(({ bytes }) => [...bytes]);
  }

  /** Resolves when so many frames have come. */
  async received(count: number): Promise<void> {
    if (this.frames.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting = { count, resolve });
  }
}

/** A frame of bytes alone. */
export function frameOf(...bytes: number[]): Frame {
  return { bytes: new Uint8Array(bytes), moved: [] };
}
