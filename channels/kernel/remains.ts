import { decode } from "./codec/decode.ts";
import type { Packet } from "./packet.ts";

/**
 * The value of a message that nobody will read, as data alone: in the place of a handle, and of an object that moved and is
 * no buffer, stands its kind, as `"[queue]"`.
 *
 * @throws {Error} If it cannot be read.
 */
export function remains({ bytes, passages, moved }: Packet): unknown {
  if (bytes.length === 0) return undefined;
  return decode(bytes, {
    handle: (index) => passages[index] && `[${passages[index].kind}]`,
    transfer(index) {
      const object = moved[index];
      return object === undefined || object instanceof ArrayBuffer ? object : `[${object.constructor.name}]`;
    },
  });
}
