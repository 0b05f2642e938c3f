import { ProtocolError } from "../errors.ts";
import type { Frame } from "../kernel/link.ts";
import type { Carried } from "../kernel/packet.ts";

/**
 * A frame as it is posted. Its bytes are a plain buffer: Deno looks for ports in all that comes from a thread of
 * `node:worker_threads`, and of a typed array it looks at every element, which costs 7 s for 16 MiB.
 */
export interface Posted {
  readonly bytes: ArrayBuffer;
  readonly moved: readonly Carried[];
}

/** Up to this size a copy is cheaper than moving the buffer. */
const MOVE_BYTES = 65_536;
/** How much is copied in a millisecond, there and back out of the message, on a machine that is not idle. */
const BYTES_PER_MS = 1_048_576;

/** Whether a frame has what is better moved than copied, or cannot be copied. */
export function isHeavy({ bytes, moved }: Frame): boolean {
  return [bytes, ...moved].some((object) => sizeOf(object) > MOVE_BYTES || object instanceof SharedArrayBuffer);
}

/** How many milliseconds it takes about to copy a frame's large buffers; for ever, if it has memory that is shared. */
export function copyMs({ bytes, moved }: Frame): number {
  if (moved.some((object) => object instanceof SharedArrayBuffer)) return Infinity;
  return [bytes, ...moved].reduce((size, object) => size + sizeOf(object), 0) / BYTES_PER_MS;
}

/** What to post for a frame. */
export function toPosted({ bytes, moved }: Frame): Posted {
  return { bytes: bufferOf(bytes), moved };
}

/**
 * What `postMessage` is to transfer of it: ports and streams, which belong to the message, and end with it.
 *
 * @param moving whether large buffers are transferred, too; else they are copied
 */
export function transferOf({ bytes, moved }: Posted, moving: boolean): Transferable[] {
  return [bytes, ...moved].filter((object) =>
    object instanceof ArrayBuffer ? moving && sizeOf(object) > MOVE_BYTES : !(object instanceof SharedArrayBuffer)
  ) as Transferable[];
}

/** The frame that was posted; undefined if it is none. The code of a thread may post what it likes. */
export function fromPosted(message: unknown): Frame | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const { bytes, moved } = message as Partial<Posted>;
  return bytes instanceof ArrayBuffer && Array.isArray(moved) ? { bytes: new Uint8Array(bytes), moved } : undefined;
}

/** What ends a link on which something else was posted. */
export function noFrame(): ProtocolError {
  return new ProtocolError("Cannot receive a frame: what the thread posted is none");
}

/** The size of what `postMessage` copies or moves as one buffer. */
function sizeOf(object: Carried | Uint8Array): number {
  return object instanceof ArrayBuffer || object instanceof Uint8Array ? object.byteLength : 0;
}

/** The memory of `bytes` and no more. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer } = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  return buffer as ArrayBuffer;
}
