/** Small pieces share one allocation, since one for each costs more than its bytes. */
const SLAB_BYTES = 8192;
/** A longer one has its own, so that what is kept of it keeps not much else. */
const SHARED_BYTES = 1024;
/** Up to so many bytes are copied faster one by one. */
const FEW_BYTES = 24;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** A copy of some of the bytes that are somebody else's, such as those in a ring. */
export function copied(bytes: Uint8Array, start: number, end: number): Uint8Array<ArrayBuffer> {
  const length = end - start;
  if (length > SHARED_BYTES) return new Uint8Array(bytes.subarray(start, end));
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const at = used;
  used += length;
  if (length > FEW_BYTES) slab.set(bytes.subarray(start, end), at);
  else for (let i = 0; i < length; i++) slab[at + i] = bytes[start + i];
  return slab.subarray(at, used);
}

/** Copies bytes to a place among others. */
export function copyTo(target: Uint8Array, at: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > FEW_BYTES) return target.set(bytes, at);
  for (let i = 0; i < length; i++) target[at + i] = bytes[i];
}
