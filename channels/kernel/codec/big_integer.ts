import type { Decoder } from "./decoder.ts";
import { BIGINT } from "./extension.ts";
import { malformed } from "./reader.ts";
import type { Writer } from "./writer.ts";

const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Writes a bigint so that it comes back as one: MessagePack's own integers serve where they are too large for a number.
 */
export function writeBigint(writer: Writer, value: bigint): void {
  const safe = value <= LARGEST_SAFE && value >= -LARGEST_SAFE;
  if (!safe && value < 1n << 64n && value >= -(1n << 63n)) return writer.integer64(value);
  if (safe) {
    writer.extensionHeader(BIGINT, 8);
    writer.uint(Number(BigInt.asUintN(32, value >> 32n)), 4);
    writer.uint(Number(BigInt.asUintN(32, value)), 4);
    return;
  }
  // Through hexadecimal, which takes linear time where shifting out word by word would take quadratic. The extra digit
  // is for the sign.
  const digits = (value < 0n ? -value : value).toString(16).length + 1;
  const length = Math.ceil(digits / 2);
  writer.extensionHeader(BIGINT, length);
  writer.raw(Uint8Array.fromHex(BigInt.asUintN(8 * length, value).toString(16).padStart(2 * length, "0")));
}

/** Reads the body of a `BIGINT` extension. */
export function readBigint({ reader }: Decoder): bigint {
  const length = reader.remaining;
  if (length < 8) malformed(`a bigint has ${length} bytes`);
  const hex = reader.copy(length).toHex();
  try {
    return BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
  } catch (error) {
    return malformed("a bigint is too large", error);
  }
}
