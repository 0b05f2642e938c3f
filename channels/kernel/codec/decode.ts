import { ProtocolError } from "../../errors.ts";
import { Decoder, type Source } from "./decoder.ts";
import { OTHER, readPlain } from "./plain.ts";
import { malformed, Reader } from "./reader.ts";

export type { Source } from "./decoder.ts";

/**
 * Reads one value that `encode`, or any other MessagePack library, wrote.
 *
 * Integers of 64 bits become numbers where those are exact and else bigints, a map with a key that is not a string
 * becomes a `Map`. No memory is shared with `bytes`.
 *
 * @throws {ProtocolError} If the bytes are malformed, truncated, nested too deep or longer than the value.
 */
export function decode(bytes: Uint8Array, source?: Source): unknown {
  const plain = readPlain(bytes, 0, bytes.length);
  if (plain !== OTHER) return plain;
  const reader = new Reader(bytes);
  const value = readValue(reader, source);
  if (reader.remaining > 0) malformed(`${reader.remaining} bytes follow its end`);
  return value;
}

/**
 * Reads the next value; the reader then stands behind it.
 *
 * @param isPlain whether it must have no extensions but constants and strings
 * @throws {ProtocolError} If what is there is not a whole value.
 */
export function readValue(reader: Reader, source?: Source, isPlain?: boolean): unknown {
  try {
    return new Decoder(reader, source, isPlain).value(0);
  } catch (error) {
    // The caller had used up the stack, or there are more entries than a Map can hold: no reason to throw something else.
    if (!(error instanceof RangeError)) throw error;
    throw new ProtocolError("Cannot decode a message: it exceeds what this isolate can hold", { cause: error });
  }
}
