import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { BINARY, BINARY_KINDS, MOVED, MOVED_VIEW, RESIZABLE, VIEW, WITHIN_LEAF } from "./extension.ts";
import { refuseNames } from "./own_properties.ts";
import { malformed } from "./reader.ts";
import { instance, Refusal, refuse } from "./refusal.ts";
import { growsWithBuffer, Region } from "./shared_bytes.ts";
import type { Writer } from "./writer.ts";

interface ViewClass {
  readonly name: string;
  readonly prototype: ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): ArrayBufferView;
}

/** The classes of views, in the order of `BINARY_KINDS`. */
export const VIEW_CLASSES: readonly ViewClass[] = [
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
  Float32Array,
  Float64Array,
];

/** The class of each of `BINARY_KINDS`; the first of those, `ArrayBuffer`, is no view. */
const CLASSES: readonly (ViewClass | undefined)[] = [undefined, ...VIEW_CLASSES];

const ARRAY_BUFFER = BINARY_KINDS.indexOf("ArrayBuffer");
const DATA_VIEW = BINARY_KINDS.indexOf("DataView");
const UINT8_ARRAY = BINARY_KINDS.indexOf("Uint8Array");

/** Reads the class's name off the object's internals, which no prototype or own property can fake. */
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => string | undefined;

export function writeBuffer(encoder: Encoder, buffer: ArrayBuffer): void {
  const moved = encoder.sink?.transfer(buffer);
  if (moved !== undefined) return encoder.writer.index(MOVED, moved);
  if (instance("ArrayBuffer", buffer, isDetached)) throw new Refusal("detached ArrayBuffer");
  refuseNames(buffer, "ArrayBuffer");
  const shared = encoder.regionOf(buffer);
  if (shared !== undefined) return writeRegion(encoder, shared);
  if (encoder.metAgain(buffer)) return;
  encoder.shows(buffer);
  writeMemory(encoder, new Region(buffer, 0, buffer.byteLength));
}

/**
 * Writes what is seen through a view, and no more of its memory; or, where that moves, which part of it is seen.
 *
 * @param prototype that of its class here, should it be of another realm
 */
export function writeView(encoder: Encoder, view: ArrayBufferView, prototype: object | null, depth: number): void {
  const { writer } = encoder;
  const kind = kindOf(view, prototype);
  if (kind < 0) return Object.getPrototypeOf(view) === prototype ? encoder.beside(view, depth) : refuse(view);
  const buffer = view.buffer as ArrayBuffer;
  const isGone = isDetachedNotShared(buffer);
  const moved = encoder.sink?.transfer(buffer);
  if (isGone && moved === undefined) throw new Refusal("detached ArrayBuffer");
  if (kind === DATA_VIEW) refuseNames(view, "DataView");
  if (buffer.resizable) refuseOutOfBounds(view);
  if (encoder.metAgain(view)) return;
  const { byteOffset, byteLength } = view;
  const grows = growsWithBuffer(view, buffer);
  const length = grows ? undefined : byteLength / unitOf(kind);
  if (moved !== undefined) return writePart(encoder, MOVED_VIEW, kind, moved, byteOffset, length);
  const shared = encoder.regionOf(view);
  if (shared === undefined) encoder.shows(view);
  if (shared !== undefined || grows) {
    writePart(encoder, VIEW, kind, shared ?? new Region(buffer, byteOffset, buffer.byteLength), byteOffset, length);
  } else if (kind === UINT8_ARRAY) writer.binary(view as Uint8Array);
  else writeBytes(writer, kind, new Uint8Array(buffer, byteOffset, byteLength));
}

/** Writes which part of some memory a view shows; up to its end, where no length is given. */
function writePart(
  encoder: Encoder,
  type: number,
  kind: number,
  memory: Region | number,
  byteOffset: number,
  length: number | undefined,
): void {
  const { writer } = encoder;
  const mark = writer.openExtension(type);
  writer.uint(kind, 1);
  if (typeof memory === "number") writer.number(memory);
  else writeRegion(encoder, memory);
  writer.number(byteOffset - (typeof memory === "number" ? 0 : alignedStart(memory)));
  if (length === undefined) writer.nil();
  else writer.number(length);
  writer.closeExtension(mark);
}

function writeRegion(encoder: Encoder, region: Region): void {
  if (!encoder.metAgain(region)) writeMemory(encoder, region);
}

/** Writes a buffer of its own for a region. */
function writeMemory(encoder: Encoder, region: Region): void {
  const { writer } = encoder;
  const { buffer, start, end, growth } = region;
  const unseen = new Uint8Array(start - alignedStart(region));
  const bytes = new Uint8Array(buffer, start, end - start);
  if (!region.resizable && unseen.length === 0) return writeBytes(writer, ARRAY_BUFFER, bytes);
  if (region.resizable) encoder.reserve(growth);
  const mark = writer.openExtension(region.resizable ? RESIZABLE : BINARY);
  if (region.resizable) writer.number(unseen.length + bytes.length + growth);
  else writer.uint(ARRAY_BUFFER, 1);
  writer.raw(unseen);
  writer.raw(bytes);
  writer.closeExtension(mark);
}

/** Where the buffer for a region begins: its views begin there at multiples of the size of their elements, too. */
function alignedStart({ start }: Region): number {
  return start - start % 8;
}

function writeBytes(writer: Writer, kind: number, bytes: Uint8Array): void {
  writer.extensionHeader(BINARY, 1 + bytes.length);
  writer.uint(kind, 1);
  writer.raw(bytes);
}

/** Reads the body of a `BINARY` extension into memory of its own. */
export function readBinary(decoder: Decoder): ArrayBuffer | ArrayBufferView {
  const { reader } = decoder;
  const kind = reader.byte();
  const { buffer } = reader.copy(reader.remaining);
  return decoder.remember(kind === ARRAY_BUFFER ? buffer : makeView(kind, buffer, 0, buffer.byteLength / unitOf(kind)));
}

/** Reads the body of a `RESIZABLE` extension. */
export function readResizable(decoder: Decoder): ArrayBuffer {
  const { reader } = decoder;
  const maxByteLength = decoder.integer();
  const length = reader.remaining;
  if (!Number.isInteger(maxByteLength) || maxByteLength < length) malformed("a buffer is longer than it may become");
  decoder.reserve(maxByteLength - length);
  let buffer: ArrayBuffer;
  try {
    buffer = new ArrayBuffer(length, { maxByteLength });
  } catch (error) {
    return malformed(`a buffer may become ${maxByteLength} bytes long`, error);
  }
  new Uint8Array(buffer).set(reader.copy(length));
  return decoder.remember(buffer);
}

/** Reads the body of a `VIEW` extension. */
export function readView(decoder: Decoder): ArrayBufferView {
  const kind = decoder.reader.byte();
  const number = decoder.hold();
  const buffer = decoder.value(WITHIN_LEAF);
  return decoder.fill(number, makePart(decoder, kind, buffer));
}

/** Reads the body of a `MOVED_VIEW` extension. */
export function readMovedView(decoder: Decoder): ArrayBufferView {
  const kind = decoder.reader.byte();
  return decoder.remember(makePart(decoder, kind, decoder.beside().transfer(decoder.integer())));
}

function makePart(decoder: Decoder, kind: number, buffer: unknown): ArrayBufferView {
  if (!(buffer instanceof ArrayBuffer)) malformed("a view is of something that is no ArrayBuffer");
  const byteOffset = decoder.integer();
  const length = decoder.integerOrNil();
  if (length === undefined && !buffer.resizable) malformed("a view grows with a buffer that does not");
  return makeView(kind, buffer, byteOffset, length);
}

function makeView(kind: number, buffer: ArrayBuffer, byteOffset: number, length: number | undefined): ArrayBufferView {
  const Class = CLASSES[kind];
  if (Class === undefined) malformed(`a binary value has the unknown kind ${kind}`);
  try {
    if (!Number.isInteger(length ?? 0)) throw new RangeError("The length is not a whole number of elements");
    return new Class(buffer, byteOffset, length);
  } catch (error) {
    return malformed(`the bounds of a ${BINARY_KINDS[kind]} do not fit its bytes`, error);
  }
}

/** The number on the wire of a view's class, or -1 for a subclass. Node's `Buffer` counts as `Uint8Array`. */
function kindOf(view: ArrayBufferView, prototype: object | null): number {
  const kind = BINARY_KINDS.indexOf(tagOf.call(view) ?? "DataView");
  if (prototype === CLASSES[kind]?.prototype) return kind;
  // Buffer itself is not mentioned: naming it would load it into every worker.
  return kind === UINT8_ARRAY && prototype?.constructor?.name === "Buffer" ? kind : -1;
}

/** How many bytes one unit of a view's length is. */
function unitOf(kind: number): number {
  return CLASSES[kind]?.BYTES_PER_ELEMENT ?? 1;
}

const detachedGetter = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "detached")?.get as () => boolean;

function isDetached(buffer: ArrayBuffer): boolean {
  return detachedGetter.call(buffer);
}

function isDetachedNotShared(buffer: ArrayBuffer): boolean {
  try {
    return isDetached(buffer);
  } catch {
    throw new Refusal("SharedArrayBuffer");
  }
}

const keysOfView = Object.getPrototypeOf(Uint8Array.prototype).keys as () => unknown;
const offsetOfDataView = Object.getOwnPropertyDescriptor(DataView.prototype, "byteOffset")?.get as () => number;

/** Refuses a view whose part of the buffer is gone: its length reads as 0, as that of an empty view. */
function refuseOutOfBounds(view: ArrayBufferView): void {
  try {
    if (tagOf.call(view) === undefined) offsetOfDataView.call(view);
    else keysOfView.call(view);
  } catch {
    throw new Refusal("view out of bounds");
  }
}
