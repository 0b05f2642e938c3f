import { NotSerializableError } from "../../errors.ts";
import { Encoder, type Sink } from "./encoder.ts";
import { Writer } from "./writer.ts";

export type { Sink } from "./encoder.ts";

/** Builds messages; undefined while it does, since a getter in one may encode another. */
let idle: Encoder | undefined;

/**
 * The bytes of a value: plain MessagePack, and extensions for what that has no format for. Nobody changes them any more;
 * short ones share memory with others.
 *
 * **Copies**: what is written is the value as it is now; getters run. **Nothing is lost**: what would be, such as a
 * property with a symbol for its key, is refused; only that an object was frozen, or had no prototype, is not noticed, and
 * named properties of a typed array, which cannot be found without looking at all of its elements. **Identity**: within
 * the value, an object that appears twice arrives as one object, and views that show some of the same bytes as views that
 * do.
 *
 * @param root What to call the value in error messages, such as `args`.
 * @param sink Decides what travels beside the bytes; nothing does where it is left out.
 * @param isList Whether it is an array of which nothing but its items travels.
 * @throws {NotSerializableError} If something in it cannot travel.
 * @throws What a getter or the trap of a `Proxy` throws.
 */
export function encode(value: unknown, root: string, sink?: Sink, isList: boolean = false): Uint8Array<ArrayBuffer> {
  return build(value, root, sink, false, isList);
}

/**
 * The bytes of what was thrown. Never throws: fields of errors that cannot travel are left out, so that they do not mask
 * the error, items of an `AggregateError` that cannot are replaced by a `NotSerializableError`, and so is the thrown
 * value itself.
 *
 * @param depth within how many containers it will lie
 */
export function encodeThrown(thrown: unknown, sink?: Sink, depth: number = 0): Uint8Array<ArrayBuffer> {
  try {
    return lenient(thrown, sink, depth);
  } catch (failure) {
    try {
      return lenient(asNotSerializable(failure), sink, depth);
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
  new Encoder(writer).write(value, root, sink, false, false);
}

function lenient(thrown: unknown, sink: Sink | undefined, depth: number): Uint8Array<ArrayBuffer> {
  return build(thrown, "thrown", sink, true, false, depth);
}

function asNotSerializable(failure: unknown): NotSerializableError {
  if (failure instanceof NotSerializableError) return failure;
  const options = { path: "thrown", kind: "unreadable value", cause: failure };
  return new NotSerializableError("Cannot send thrown: reading it failed", options);
}

function build(
  value: unknown,
  root: string,
  sink: Sink | undefined,
  lenient: boolean,
  isList: boolean,
  depth: number = 0,
): Uint8Array<ArrayBuffer> {
  const encoder = idle ?? new Encoder(new Writer());
  idle = undefined;
  try {
    encoder.write(value, root, sink, lenient, isList, depth);
    return encoder.writer.finish();
  } finally {
    encoder.writer.rewind(0);
    idle = encoder;
  }
}

/** For when even reading what went wrong goes wrong. */
const LAST_RESORT = lenient(asNotSerializable(undefined), undefined, 0);
