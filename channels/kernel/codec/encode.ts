import { NotSerializableError } from "../../errors.ts";
import { Encoder, type Sink } from "./encoder.ts";
import { Writer } from "./writer.ts";

export type { Sink } from "./encoder.ts";

/** The buffer that messages are built in; undefined while one is, since a getter in it may encode another. */
let scratch: Writer | undefined;

/**
 * The bytes of a value: plain MessagePack, and extensions for what that has no format for. Nobody changes them any more;
 * short ones share memory with others.
 *
 * **Copies**: what is written is the value as it is now; getters run, symbol keys and further properties of arrays and
 * instances do not travel. **Identity**: within the value, an object that appears twice arrives as one object.
 *
 * @param root What to call the value in error messages, such as `args`.
 * @param sink Decides what travels beside the bytes; nothing does where it is left out.
 * @throws {NotSerializableError} If something in it cannot travel.
 * @throws What a getter or the trap of a `Proxy` throws.
 */
export function encode(value: unknown, root: string, sink?: Sink): Uint8Array<ArrayBuffer> {
  return building((writer) => writeValue(writer, value, root, sink));
}

/**
 * The bytes of what was thrown. Never throws: fields of errors that cannot travel are left out, so that they do not mask
 * the error, items of an `AggregateError` that cannot are replaced by a `NotSerializableError`, and so is the thrown
 * value itself.
 */
export function encodeThrown(thrown: unknown, sink?: Sink): Uint8Array<ArrayBuffer> {
  try {
    return lenient(thrown, sink);
  } catch (failure) {
    try {
      return lenient(asNotSerializable(failure), sink);
    } catch {
      return LAST_RESORT.slice();
    }
  }
}

/**
 * Writes one value behind what the writer has already. On failure the writer is left as it was.
 *
 * @throws As {@linkcode encode}.
 */
export function writeValue(writer: Writer, value: unknown, root: string, sink?: Sink): void {
  new Encoder(writer, sink, false).write(value, root);
}

function lenient(thrown: unknown, sink: Sink | undefined): Uint8Array<ArrayBuffer> {
  return building((writer) => new Encoder(writer, sink, true).write(thrown, "thrown"));
}

function asNotSerializable(failure: unknown): NotSerializableError {
  if (failure instanceof NotSerializableError) return failure;
  const options = { path: "thrown", kind: "unreadable value", cause: failure };
  return new NotSerializableError("Cannot send thrown: reading it failed", options);
}

function building(build: (writer: Writer) => void): Uint8Array<ArrayBuffer> {
  const writer = scratch ?? new Writer();
  scratch = undefined;
  try {
    build(writer);
    return writer.finish();
  } finally {
    writer.rewind(0);
    scratch = writer;
  }
}

/** For when even reading what went wrong goes wrong. */
const LAST_RESORT = lenient(asNotSerializable(undefined), undefined);
