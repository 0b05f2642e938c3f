import type { Decoder } from "./decoder.ts";
import { INVALID_DATE, TIMESTAMP } from "./extension.ts";
import { malformed } from "./reader.ts";
import type { Writer } from "./writer.ts";

/** Writes the time of a `Date` in the shortest of the three formats of MessagePack's timestamp. */
export function writeTimestamp(writer: Writer, timeMs: number): void {
  if (Number.isNaN(timeMs)) return writer.constant(INVALID_DATE);
  const seconds = Math.floor(timeMs / 1000);
  const nanoseconds = (timeMs - seconds * 1000) * 1e6;
  if (seconds < 0 || seconds >= 2 ** 34) {
    writer.extensionHeader(TIMESTAMP, 12);
    writer.uint(nanoseconds, 4);
    writer.uint(Math.floor(seconds / 2 ** 32), 4);
    writer.uint(seconds % 2 ** 32, 4);
  } else if (nanoseconds === 0 && seconds < 2 ** 32) {
    writer.extensionHeader(TIMESTAMP, 4);
    writer.uint(seconds, 4);
  } else {
    // 30 bits of nanoseconds, 34 bits of seconds.
    writer.extensionHeader(TIMESTAMP, 8);
    writer.uint(nanoseconds * 4 + Math.floor(seconds / 2 ** 32), 4);
    writer.uint(seconds % 2 ** 32, 4);
  }
}

/** Reads a timestamp; what is finer than a `Date` can hold is cut off. */
export function readTimestamp(decoder: Decoder): Date {
  const { reader } = decoder;
  const length = reader.remaining;
  let seconds = 0;
  let nanoseconds = 0;
  if (length === 4) {
    seconds = reader.uint(4);
  } else if (length === 8) {
    const high = reader.uint(4);
    nanoseconds = high >>> 2;
    seconds = (high & 3) * 2 ** 32 + reader.uint(4);
  } else if (length === 12) {
    nanoseconds = reader.uint(4);
    seconds = Number(reader.integer64(true));
  } else malformed(`a timestamp has ${length} bytes`);
  if (nanoseconds > 999_999_999) malformed("a timestamp has more than a second of nanoseconds");
  const date = new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  if (Number.isNaN(date.getTime())) malformed("a timestamp is beyond what a Date can hold");
  return decoder.remember(date);
}
