/** Casts beyond this number, or this many bytes, are dead letters; of calls beyond it the log tells. */
export const MAX_CASTS = 65_536;
export const MAX_CAST_BYTES: number = 64 * 1024 * 1024;

/** Counts the casts of one sender that wait for room at one actor: nobody would ever be told that they are too many. */
export class CastBound {
  #casts = 0;
  #bytes = 0;

  /** Whether one more may wait; if so, it is counted. */
  admit(bytes: number): boolean {
    if (this.#casts >= MAX_CASTS || this.#bytes + bytes > MAX_CAST_BYTES) return false;
    this.#casts++;
    this.#bytes += bytes;
    return true;
  }

  /** One that was admitted waits no more. */
  release(bytes: number): void {
    this.#casts--;
    this.#bytes -= bytes;
  }
}
