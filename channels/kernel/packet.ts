import type { Passage } from "./handle.ts";

/** An object that a message moves instead of copying. */
export type Movable = ArrayBuffer | MessagePort | ReadableStream | WritableStream | TransformStream;

/** What a frame carries beside its bytes: what moves, and memory that is shared. */
export type Carried = Movable | SharedArrayBuffer;

/** A value on its way: its bytes, and what cannot be bytes. Holding one keeps nothing of the original alive. */
export interface Packet {
  readonly bytes: Uint8Array;
  /** The handles in it, which the bytes name by index. */
  readonly passages: readonly Passage[];
  /** The moved objects in it, which the bytes name by index. */
  readonly moved: readonly Movable[];
  /** Of which trace a message is part, as the W3C writes it; only where there are traces. */
  readonly trace?: string | undefined;
}

const NONE: readonly never[] = [];

/** A packet of bytes alone. */
export function plainPacket(bytes: Uint8Array): Packet {
  return { bytes, passages: NONE, moved: NONE };
}

/** The packet of a message that says all in its header. */
export const EMPTY_PACKET: Packet = plainPacket(new Uint8Array(0));

/** The same packet but for some of it. (What was read where it arrived has no bytes before it is asked for them.) */
export function packetWith({ bytes, passages, moved, trace }: Packet, changes: Partial<Packet>): Packet {
  return { bytes, passages, moved, ...(trace !== undefined && { trace }), ...changes };
}
