/** A view of a buffer, or the buffer itself. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** Which bytes it shows. */
interface Shown {
  readonly of: Bytes;
  readonly buffer: ArrayBuffer;
  readonly start: number;
  readonly end: number;
}

/** A part of a buffer that arrives as one buffer. */
export class Region {
  readonly buffer: ArrayBuffer;
  readonly start: number;
  readonly end: number;

  constructor(buffer: ArrayBuffer, start: number, end: number) {
    this.buffer = buffer;
    this.start = Math.max(0, start);
    this.end = Math.min(end, buffer.byteLength);
  }

  /** How much it can grow. */
  get growth(): number {
    const { buffer, end } = this;
    return buffer.resizable && end === buffer.byteLength ? buffer.maxByteLength - end : 0;
  }

  /** Whether it can be resized. */
  get resizable(): boolean {
    return this.buffer.resizable && this.end === this.buffer.byteLength;
  }
}

/**
 * The regions of the buffers and views that share bytes, by buffer or view. One that shares none has no region: it arrives
 * with memory of its own, and the bytes between two such do not travel.
 */
export function regionsOf(all: readonly Bytes[]): Map<Bytes, Region> | undefined {
  if (all.length < 2) return undefined;
  const byBuffer = Map.groupBy(all, (of) => of instanceof ArrayBuffer ? of : of.buffer as ArrayBuffer);
  if (byBuffer.size === all.length) return undefined;
  const regions = new Map<Bytes, Region>();
  for (const [buffer, parts] of byBuffer) {
    if (parts.length > 1) join(parts.map((of) => shownBy(of, buffer)), regions);
  }
  return regions.size === 0 ? undefined : regions;
}

/** The buffer itself shows one byte more on either side, so that every view of it is within. */
function shownBy(of: Bytes, buffer: ArrayBuffer): Shown {
  if (of === buffer) return { of, buffer, start: -1, end: buffer.byteLength + 1 };
  const { byteOffset: start } = of as ArrayBufferView;
  const end = start + of.byteLength;
  return { of, buffer, start, end: growsWithBuffer(of as ArrayBufferView, buffer) ? buffer.byteLength : end };
}

/** Whether a view grows with its buffer. No property says so; a view that ends before its buffer does not grow. */
export function growsWithBuffer(view: ArrayBufferView, { resizable, byteLength }: ArrayBuffer): boolean {
  if (!resizable) return false;
  const unit = (view as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
  return byteLength - view.byteOffset - view.byteLength < unit;
}

function join(parts: Shown[], regions: Map<Bytes, Region>): void {
  parts.sort((a, b) => a.start - b.start || b.end - a.end);
  for (let first = 0, next = 1; first < parts.length; first = next++) {
    const { buffer, start } = parts[first];
    let { end } = parts[first];
    for (; next < parts.length && parts[next].start < end; next++) end = Math.max(end, parts[next].end);
    if (next === first + 1) continue;
    const region = new Region(buffer, start, end);
    for (let at = first; at < next; at++) regions.set(parts[at].of, region);
  }
}
