import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { BINARY, BINARY_KINDS, MOVED, MOVED_VIEW } from "./extension.ts";
import { malformed } from "./reader.ts";
import { instance, Refusal } from "./refusal.ts";
import type { Writer } from "./writer.ts";

interface ViewClass {
  readonly prototype: ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
  new (buffer: ArrayBuffer, byteOffset?: number, length?: number): ArrayBufferView;
}

/** The class of each of `BINARY_KINDS`; the first of those, `ArrayBuffer`, is no view. */
const CLASSES: readonly (ViewClass | undefined)[] = [
  undefined,
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

const ARRAY_BUFFER = BINARY_KINDS.indexOf("ArrayBuffer");
const UINT8_ARRAY = BINARY_KINDS.indexOf("Uint8Array");

/** Reads the class's name off the object's internals, which no prototype or own property can fake. */
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as () => string | undefined;

export function writeBuffer(encoder: Encoder, buffer: ArrayBuffer): void {
  const moved = encoder.sink?.transfer(buffer);
  if (moved !== undefined) return encoder.writer.index(MOVED, moved);
  if (instance("ArrayBuffer", buffer, isDetached)) throw new Refusal("detached ArrayBuffer");
  if (!encoder.metAgain(buffer)) writeBytes(encoder.writer, ARRAY_BUFFER, new Uint8Array(buffer));
}

/** Writes what is seen through a view, and no more of its memory; or, where that moves, which part of it is seen. */
export function writeView(encoder: Encoder, view: ArrayBufferView): void {
  const { writer } = encoder;
  const kind = kindOf(view);
  if (kind < 0) return encoder.beside(view);
  const { buffer } = view;
  if (!(buffer instanceof ArrayBuffer)) throw new Refusal("SharedArrayBuffer");
  const moved = encoder.sink?.transfer(buffer);
  if (buffer.detached && moved === undefined) throw new Refusal("detached ArrayBuffer");
  if (encoder.metAgain(view)) return;
  if (moved !== undefined) {
    const mark = writer.openExtension(MOVED_VIEW);
    writer.uint(kind, 1);
    for (const part of [moved, view.byteOffset, view.byteLength / unitOf(kind)]) writer.number(part);
    writer.closeExtension(mark);
  } else if (kind === UINT8_ARRAY) writer.binary(view as Uint8Array);
  else writeBytes(writer, kind, new Uint8Array(buffer, view.byteOffset, view.byteLength));
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

/** Reads the body of a `MOVED_VIEW` extension. */
export function readMovedView(decoder: Decoder): ArrayBufferView {
  const kind = decoder.reader.byte();
  const buffer = decoder.beside().transfer(decoder.integer());
  if (!(buffer instanceof ArrayBuffer)) malformed("a view is of something that is no ArrayBuffer");
  return decoder.remember(makeView(kind, buffer, decoder.integer(), decoder.integer()));
}

function makeView(kind: number, buffer: ArrayBuffer, byteOffset: number, length: number): ArrayBufferView {
  const Class = CLASSES[kind];
  if (Class === undefined) malformed(`a binary value has the unknown kind ${kind}`);
  try {
    if (!Number.isInteger(length)) throw new RangeError("The length is not a whole number of elements");
    return new Class(buffer, byteOffset, length);
  } catch (error) {
    return malformed(`the bounds of a ${BINARY_KINDS[kind]} do not fit its bytes`, error);
  }
}

/** The number on the wire of a view's class, or -1 for a subclass. Node's `Buffer` counts as `Uint8Array`. */
function kindOf(view: ArrayBufferView): number {
  const kind = BINARY_KINDS.indexOf(tagOf.call(view) ?? "DataView");
  const prototype = Object.getPrototypeOf(view);
  if (prototype === CLASSES[kind]?.prototype) return kind;
  // Buffer itself is not mentioned: naming it would load it into every worker.
  return kind === UINT8_ARRAY && prototype?.constructor?.name === "Buffer" ? kind : -1;
}

/** How many bytes one unit of a view's length is. */
function unitOf(kind: number): number {
  return CLASSES[kind]?.BYTES_PER_ELEMENT ?? 1;
}

function isDetached(buffer: ArrayBuffer): boolean {
  return buffer.detached;
}
