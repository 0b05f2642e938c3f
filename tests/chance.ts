/** Chance that can be repeated: the numbers of one seed are always the same (mulberry32). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    let t = this.#state = (this.#state + 0x6d2b79f5) | 0;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % end;
  }

  /** One of several. */
  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)];
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** Any bytes. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** The same bytes, damaged in one of the ways in which bytes are. */
  damage(bytes: Uint8Array): Uint8Array {
    const damaged = bytes.slice();
    switch (this.below(6)) {
      case 0:
        return damaged.subarray(0, this.below(damaged.length + 1));
      case 1:
        return new Uint8Array([...damaged, ...this.bytes(1 + this.below(20))]);
      case 2: {
        const at = this.below(damaged.length + 1);
        return new Uint8Array([...damaged.subarray(0, at), ...this.bytes(this.below(8)), ...damaged.subarray(at)]);
      }
      default:
        for (let flips = 1 + this.below(4); flips > 0 && damaged.length > 0; flips--) {
          damaged[this.below(damaged.length)] = this.below(256);
        }
        return damaged;
    }
  }
}
