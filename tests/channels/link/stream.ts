import { delay } from "@std/async";
import type { Frame, Link } from "../../../channels/kernel/link.ts";

/** Random numbers that a seed repeats. */
export function randomBy(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = Math.imul(state ^ state >>> 15, state | 1);
    state ^= state + Math.imul(state ^ state >>> 7, state | 61);
    seed = seed + 0x6d2b79f5 >>> 0;
    state = (state ^ seed) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * One side of two streams of numbered frames: sends its own, of mixed sizes, some with a buffer that moves, with stalls in
 * between; checks that those of the other side come whole, once and in order.
 */
export class Stream {
  /** How many have come. */
  taken = 0;
  /** What was wrong with the first that was wrong. */
  wrong: string | undefined;
  readonly all: Promise<void>;
  readonly #link: Link;
  readonly #random: () => number;
  readonly #count: number;
  #resolve!: () => void;

  constructor(link: Link, seed: number, count: number) {
    this.#link = link;
    this.#random = randomBy(seed);
    this.#count = count;
    this.all = new Promise((resolve) => this.#resolve = resolve);
  }

  /** Sends all of its frames. */
  async run(): Promise<void> {
    for (let number = 0; number < this.#count; number++) {
      this.#link.send(this.#make(number));
      const stall = this.#random();
      if (stall < 0.02) await delay(3 * this.#random());
      else if (stall < 0.1) await new Promise((resolve) => setImmediate(resolve));
      else if (stall < 0.2) await undefined;
    }
    await this.#link.flush();
  }

  /** Checks one of the other side's. */
  take({ bytes, moved }: Frame): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const number = view.getUint32(0);
    const fill = number & 0xff;
    const problem = number !== this.taken
      ? `number ${number} came as number ${this.taken}`
      : view.getUint32(4) !== bytes.length
      ? `of ${view.getUint32(4)} bytes ${bytes.length} came`
      : bytes.subarray(8).some((byte) => byte !== fill)
      ? `number ${number} has bytes of others`
      : moved.length !== (movesWith(number) ? 1 : 0)
      ? `number ${number} came with ${moved.length} buffers`
      : undefined;
    this.wrong ??= problem;
    this.taken++;
    if (this.taken === this.#count) this.#resolve();
  }

  #make(number: number): Frame {
    const kind = this.#random();
    const length = 8 +
      Math.floor(kind < 0.9 ? 200 * this.#random() : kind < 0.995 ? 5000 * this.#random() : 150_000 * this.#random());
    const bytes = new Uint8Array(length).fill(number & 0xff);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, number);
    view.setUint32(4, length);
    return { bytes, moved: movesWith(number) ? [new ArrayBuffer(number % 8 === 0 ? 100_000 : 8)] : [] };
  }
}

function movesWith(number: number): boolean {
  return number % 50 === 7;
}
